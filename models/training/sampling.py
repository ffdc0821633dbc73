"""Training rows as the key ``sampling`` of a recipe asks for them; validation and test rows stay as they are.

Tested by tests/models/training/test_sampling.py.
"""

import logging
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from models.inputs.contract import InputContract
from models.recipes.classifier import ClassifierRecipe
from models.recipes.sampling import SamplingRecipe
from models.training.imbalanced import ResampledTable, drawn_rows
from models.training.rows import scorable_rows, select_rows
from models.training.subsampled import SubsampledDataSet
from pipeline.datasets.dataset import DataSet
from pipeline.errors import SettingsError
from pipeline.rng import stream

log = logging.getLogger(__name__)


def sampled(dataset: DataSet, contract: InputContract, recipe: ClassifierRecipe, seed: int) -> DataSet:
    """Return a data set with the training rows that a recipe asks for; itself where it asks for none.

    Only rows that teach are counted, repeated and drawn. Each keeps its weight and its label's source; weights of
    classes are taken of what comes out.

    Parameters
    ----------
    dataset : DataSet
        Labelled rows in parts.
    contract : InputContract
        Which pixels or features are seen.
    recipe : ClassifierRecipe
        Of which ``sampling`` and what decides the rows that teach are read.
    seed : int
        Of what is drawn.

    Raises
    ------
    SettingsError
        If cutouts are to be drawn as if they were rows of a table, or imbalanced-learn refuses them.
    DataSetError
        If a class has no row.
    MissingExtraError
        If imbalanced-learn is asked for and not installed.
    """
    sampling = recipe.sampling
    if sampling is None:
        return dataset
    if not sampling.is_random:
        _require_table(sampling, contract)
    unweighed = replace(recipe, class_weight="none")
    rows = select_rows(dataset, unweighed, scorable_rows(dataset, contract))[0]
    places = np.flatnonzero(rows.used)
    labels = rows.labels[places]
    before = {int(label): int(count) for label, count in zip(*np.unique(labels, return_counts=True), strict=True)}
    wanted = sampling.wanted(before)
    found: SubsampledDataSet | ResampledTable
    if sampling.is_random:
        times = np.zeros(len(rows.labels), dtype=np.int64)
        rng = stream(seed, "sampling")
        for label, count in wanted.items():
            times[places] += _times(labels == label, count, rng)
        found = SubsampledDataSet(dataset, times)
        after = np.repeat(rows.labels, times)
    else:
        found = drawn_rows(dataset, contract, rows, sampling, wanted, seed)
        after = found.training_candidates()["label"].to_numpy()
    counts = np.bincount(after, minlength=len(dataset.class_names))
    each = zip(dataset.class_names, (before[label] for label in sorted(before)), counts, strict=True)
    told = ", ".join(f"{name} {was} to {now}" for name, was, now in each)
    log.info("%s: training rows of %s", sampling.method, told)
    return found


def _times(mine: NDArray[np.bool_], count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return how often each row of a class is taken, ``(n,)``, for ``count`` in all: no two differ by more than one."""
    places = np.flatnonzero(mine)
    each, more = divmod(count, len(places))
    times = np.zeros(len(mine), dtype=np.int64)
    times[places] = each
    times[rng.permutation(places)[:more]] += 1
    return times


def _require_table(sampling: SamplingRecipe, contract: InputContract) -> None:
    if contract.size_pixel != 1:
        raise SettingsError(
            f"'sampling.method' {sampling.method!r} draws rows of a table; the data set has cutouts of "
            f"{contract.size_pixel} pixels a side; allowed: random_over, random_under"
        )
    sampling.require_installed()
