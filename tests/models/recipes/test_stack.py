import subprocess
import sys

import pytest
import yaml

from models.recipes.stack import StackRecipe
from models.recipes.stack_members import Training, read_members
from pipeline.errors import SettingsError

TWO = {"classifier": "stack", "members": ["boosting", {"classifier": "braai", "seed": 7}]}


def recipe(**values):
    return StackRecipe.from_mapping(TWO | values, "classifiers/mine.yaml")


def test_a_name_alone_is_a_member_without_a_seed_of_its_own():
    assert [(member.classifier, member.seed) for member in recipe().members] == [("boosting", None), ("braai", 7)]


def test_a_member_is_trained_with_its_own_seed_or_else_with_that_of_the_task():
    assert recipe().trainings(3) == [
        Training(member=0, classifier="boosting", seed=3), Training(member=1, classifier="braai", seed=7),
    ]  # fmt: skip


def test_seeds_and_folds_multiply_the_trainings():
    many = recipe(seeds=[1, 2], folds=3).trainings(9)
    assert [(one.member, one.seed, one.learned_fold) for one in many[:4]] == [
        (0, 1, "1/3"), (0, 1, "2/3"), (0, 1, "3/3"), (0, 2, "1/3"),
    ]  # fmt: skip
    assert [one.seed for one in many] == [1, 1, 1, 2, 2, 2, 7, 7, 7]


def test_one_classifier_is_a_stack_with_several_seeds_or_folds():
    assert len(recipe(members=["braai"], seeds=[1, 2, 3]).trainings(1)) == 3
    assert len(recipe(members=["braai"], folds=5).trainings(1)) == 5


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"weights": [1]}, r"'weights' is \[1.0\]; allowed: one for each of the 2 members"),
        ({"combine": "weights", "weights": [1]}, r"'weights' is \[1.0\]; allowed: one for each of the 2 members"),
        ({"combine": "weights", "weights": [1, -2]}, r"'weights' is \[1.0, -2.0\]; allowed: numbers of at least 0"),
        ({"combine": "weights", "weights": [0, 0]}, r"'weights' is \[0.0, 0.0\]; .* one of them above 0"),
        ({"combine": "weights", "weights": [1e308, 1e308]}, r"numbers of at least 0 with a finite sum"),
        ({"members": "tiny"}, r"'members' is 'tiny'; allowed: a list of mappings with classifier, seed"),
        ({"combine": "mean"}, r"'combine' is 'mean'; allowed: 'logistic' or 'weights'|'combine' is 'mean'; allowed"),
        ({"folds": 1}, r"'folds' is 1; allowed: 2 to 100, or 0 for none"),
        ({"folds": -2}, r"'folds' is -2; allowed: 2 to 100, or 0 for none"),
        ({"seeds": [1, 1]}, r"'seeds' is \[1, 1\]; allowed: different whole numbers"),
        ({"seeds": [-1]}, r"'seeds' is \[-1\]; allowed"),
        ({"members": ["braai"]}, r"'members' is \['braai'\], 1 in all; allowed: at least two"),
        ({"members": []}, r"'members' is \[\], 0 in all; allowed: at least two"),
        ({"members": ["boosting", {"classifier": "braai", "sed": 2}]}, r"unknown key 'members\[1\].sed' .*'seed'"),
        ({"members": ["boosting", {"classifier": "braai", "seed": -2}]}, r"members\[1\].'seed' is -2; allowed: 0 to"),
        ({"epochs": 3}, r"unknown key 'epochs'"),
        ({"threshold_rule": "mddr"}, r"unknown threshold rule 'mddr'"),
        ({"threshold_parameter": {"target": 0.1}}, r"unknown key 'threshold_parameter.target'; fixed knows: value"),
    ],
)
def test_a_recipe_that_contradicts_itself_is_refused_with_what_is_allowed(values, said):
    with pytest.raises(SettingsError, match=rf"classifiers/mine.yaml: .*({said})"):
        recipe(**values)


def test_every_fault_is_named_at_once():
    with pytest.raises(SettingsError, match=r"'folds' is 1.*threshold_parameter.target"):
        recipe(folds=1, threshold_parameter={"target": 0.1})


def test_the_same_training_twice_is_refused():
    twice = recipe(members=["braai", {"classifier": "braai", "seed": 4}])
    assert len(twice.trainings(1)) == 2
    with pytest.raises(
        SettingsError, match=r"pair.yaml: 'members' has braai with seed 4 twice; give each a seed of its own"
    ):
        twice.trainings(4, "classifiers/pair.yaml")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return a function that writes recipes, which are all that there is."""
    (tmp_path / "classifiers").mkdir()
    monkeypatch.setenv("NIGHTSIFT_CONFIG", str(tmp_path))

    def write(**files):
        for name, content in files.items():
            (tmp_path / "classifiers" / f"{name}.yaml").write_text(yaml.safe_dump(content))

    return write


def test_a_member_that_is_not_there_is_refused_with_those_that_are(folder):
    folder(mine=TWO, boosting={"classifier": "boosting"})
    with pytest.raises(SettingsError, match=r"mine.yaml: 'members\[1\]' is 'braai'; known classifiers: boosting$"):
        read_members("mine")


def test_a_stack_of_stacks_is_refused(folder):
    folder(mine=TWO, boosting={"classifier": "boosting"}, braai=TWO)
    with pytest.raises(SettingsError, match=r"'members\[1\]' is 'braai', which is a stack itself; .* its members"):
        read_members("mine")


def test_reading_members_for_a_plan_loads_no_tables_and_no_framework(folder):
    folder(mine=TWO, boosting={"classifier": "boosting"}, braai={"classifier": "braai"})
    code = (
        "import sys; from models.recipes.stack_members import read_members; "
        "assert len(read_members('mine').trainings(1)) == 2; "
        "print({'pandas', 'numpy', 'scipy', 'tensorflow', 'keras', 'onnxruntime'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
