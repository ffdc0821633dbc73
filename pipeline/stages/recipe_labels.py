"""What the recipe of a data set says of labels, looked at before anything is built."""

from collections.abc import Callable, Sequence

from pipeline.faults import faults_of
from pipeline.io.tables.relabel_file import read_relabels
from pipeline.recipes.dataset import DatasetRecipe
from pipeline.recipes.people_labels import require_past
from pipeline.stages.snapshot_labels import gold_of


def label_faults(recipe: DatasetRecipe, class_names: Sequence[str]) -> list[str]:
    """Return what is wrong with the files and moments by which a recipe gives new labels.

    Parameters
    ----------
    recipe : DatasetRecipe
        The recipe.
    class_names : sequence of str
        The survey's classes, at the index of their codes.
    """
    checks: list[Callable[[], object]] = []
    if recipe.relabel:
        checks.append(lambda: read_relabels(recipe.relabel, class_names))
    if people := recipe.people:
        checks += [lambda: require_past(people.until), lambda: gold_of(people.gold, class_names)]
    return faults_of(checks)
