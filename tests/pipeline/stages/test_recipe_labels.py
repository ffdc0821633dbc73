from pipeline.classes import CLASS_NAMES
from pipeline.recipes.dataset import DatasetRecipe
from pipeline.recipes.people_labels import PeopleLabels
from pipeline.stages.recipe_labels import label_faults


def recipe(**keys: object) -> DatasetRecipe:
    return DatasetRecipe(survey="mine", nights=("2026-01-01",), **keys)


def test_a_recipe_without_labels_of_its_own_has_no_fault():
    assert label_faults(recipe(), CLASS_NAMES) == []


def test_each_file_and_each_moment_is_looked_at(tmp_path):
    people = PeopleLabels(until="2099-01-01T00:00:00", gold=str(tmp_path / "gold.csv"))
    faults = label_faults(recipe(people=people), CLASS_NAMES)
    assert len(faults) == 2
    assert "in the future" in faults[0]
    assert "gold.csv" in faults[1]
