"""Training rows of a table by a class of imbalanced-learn, whose missing features and weights go with them.

Tested by tests/models/training/test_sampling.py.
"""

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.inputs.contract import InputContract
from models.inputs.table_recipe import TableRecipe
from models.inputs.table_scaling import TableFit, TableScaling
from models.recipes.sampling import SamplingRecipe
from models.training import batches
from models.training.rows import PartRows
from models.training.training_view import TRAINING, TrainingView, held_batches
from models.weights import arrays_sha256
from pipeline.datasets.dataset import DataSet
from pipeline.errors import SettingsError
from pipeline.fingerprint import fingerprint
from pipeline.io.results.schema import WEIGHT
from pipeline.rng import stream

DRAWN: Final = "resampled"
"""Label source of rows that are none of the data set's."""

_NEW: Final = -1
_PLAIN: Final = TableRecipe(scaling="standard", impute="constant", constant=0.0)
"""Distances are those of standardised features; a missing one lies at the mean."""


class ResampledTable(TrainingView):
    """A table whose training rows are in memory, taken from the whole or drawn.

    Parameters
    ----------
    whole : DataSet
        Of which validation and test rows are.
    candidates : DataFrame
        Of the n training rows.
    features : ndarray of float32, shape (n, f)
        All channels of the whole.
    """

    def __init__(self, whole: DataSet, candidates: pd.DataFrame, features: NDArray[np.float32]) -> None:
        super().__init__(whole, fingerprint(["resampled table", whole.fingerprint, arrays_sha256([features])]))
        self._candidates, self._rows = candidates, features[:, None, None, :]

    def training_candidates(self) -> pd.DataFrame:
        """Return the candidate columns of the training rows; of drawn ones the id is empty."""
        return self._candidates

    def training_cutouts(self) -> NDArray[np.float32]:
        """Return all training rows, ``(n, 1, 1, f)``."""
        return self._rows

    def training_batches(self, size: int) -> Iterator[tuple[slice, NDArray[np.float32]]]:
        """Yield the training rows in blocks."""
        return held_batches(self._rows, size)


def drawn_rows(
    dataset: DataSet,
    contract: InputContract,
    rows: PartRows,
    sampling: SamplingRecipe,
    wanted: Mapping[int, int],
    seed: int,
) -> ResampledTable:
    """Return a table with the training rows that imbalanced-learn makes of it, in an order that the seed decides.

    A row of the table stays as it is, with its missing features. A drawn one has the mean of a feature where those
    that it lies between lack it, the mean weight of its class, no id, and the label source `DRAWN`.

    Parameters
    ----------
    dataset : DataSet
        The table.
    contract : InputContract
        Which features are seen; those that are not are missing in drawn rows.
    rows : PartRows
        Of the training part, with weights free of the class.
    sampling : SamplingRecipe
        Names the class of imbalanced-learn.
    wanted : mapping of int to int
        Rows of each class, as `SamplingRecipe.wanted` returns them.
    seed : int
        Of what is drawn.

    Raises
    ------
    SettingsError
        If imbalanced-learn refuses the table, as where a class has fewer rows than it asks for neighbours.
    """
    features = np.concatenate([block.pixels[:, 0, 0] for block in batches.blocks(dataset, contract, rows)])
    labels, weights = rows.labels[rows.used], rows.weights[rows.used].astype(np.float64)
    fit = TableFit(contract.channels, _PLAIN, len(features))
    fit.add(features)
    scaling = fit.scaling()
    standard = scaling.encoded(features).astype(np.float64)
    made, classes = _resampled(standard, labels, sampling, wanted, seed)
    origin = origins(standard, labels, made, classes)
    order = stream(seed, "sampling", "order").permutation(len(origin))
    made, classes, origin = made[order], classes[order], origin[order]
    old = np.maximum(origin, 0)
    seen = np.where((origin == _NEW)[:, None], _raw(made, scaling), features[old])
    mean = {label: float(weights[labels == label].mean()) for label in np.unique(labels).tolist()}
    table = dataset.candidates(TRAINING)[rows.used].reset_index(drop=True).iloc[old].reset_index(drop=True)
    new = origin == _NEW
    drawn = {"candidate_id": "", "label_source": DRAWN, "kind": DRAWN}
    table = table.assign(**{name: table[name].astype("str").mask(new, text) for name, text in drawn.items()})
    own = table[WEIGHT].to_numpy(np.float64) if WEIGHT in table else np.ones(len(table))
    table[WEIGHT] = np.where(new, [mean[label] for label in classes.tolist()], own)
    table["label"] = classes.astype(np.int8)
    return ResampledTable(dataset, table, _all_channels(dataset, contract, rows, seen, origin))


def origins(
    standard: NDArray[np.float64], labels: NDArray[np.int64], made: NDArray[np.float64], classes: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return which row each made one is, ``(m,)``, and -1 for drawn ones; equal rows are told apart by their order."""
    waiting: dict[tuple[int, bytes], deque[int]] = defaultdict(deque)
    for place, (label, row) in enumerate(zip(labels.tolist(), standard, strict=True)):
        waiting[label, row.tobytes()].append(place)
    found = np.full(len(made), _NEW, dtype=np.int64)
    for place, (label, row) in enumerate(zip(classes.tolist(), made, strict=True)):
        if alike := waiting.get((label, row.tobytes())):
            found[place] = alike[0]
            alike.rotate(-1)
    return found


def _resampled(
    standard: NDArray[np.float64],
    labels: NDArray[np.int64],
    sampling: SamplingRecipe,
    wanted: Mapping[int, int],
    seed: int,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the rows and classes that imbalanced-learn makes."""
    from imblearn import combine, over_sampling, under_sampling

    kinds = (getattr(room, sampling.method, None) for room in (over_sampling, under_sampling, combine))
    kind: Any = next(kind for kind in kinds if kind is not None)
    try:
        arguments: dict[str, Any] = dict(sampling.settings)
        if sampling.direction != "clean":
            arguments["sampling_strategy"] = dict(wanted)
        if "random_state" in kind().get_params():
            arguments["random_state"] = seed % 2**32
        made, classes = kind(**arguments).fit_resample(standard, labels)
    except (TypeError, ValueError, RuntimeError) as error:
        said = " ".join(str(error).split())[:300]
        raise SettingsError(
            f"{sampling.method} of imbalanced-learn refuses {len(labels)} training rows of {len(wanted)} classes, the "
            f"smallest of {np.bincount(labels).min()}: {said}"
        ) from error
    return np.asarray(made, np.float64), np.asarray(classes, np.int64)


def _raw(standard: NDArray[np.float64], scaling: TableScaling) -> NDArray[np.float32]:
    """Return standardised features as the table has them."""
    return (standard * np.asarray(scaling.width) + np.asarray(scaling.centre)).astype(np.float32)


def _all_channels(
    dataset: DataSet, contract: InputContract, rows: PartRows, seen: NDArray[np.float32], origin: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Return all features of the made rows, of which ``seen`` are those that the contract takes."""
    if tuple(contract.channels) == tuple(dataset.channels):
        return seen
    every = dataset.cutouts(TRAINING)[rows.used][:, 0, 0]
    table = np.where((origin == _NEW)[:, None], np.float32(np.nan), every[np.maximum(origin, 0)])
    table[:, [dataset.channels.index(name) for name in contract.channels]] = seen
    return table
