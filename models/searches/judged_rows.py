"""The test rows on which several trainings of one data set are judged, the same for all of them.

Tested by tests/models/searches/test_size_scan.py.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from models.inputs.contract import InputContract
from models.inputs.metadata import values_of
from models.training.rows import BLOCK_ROWS
from pipeline.classes import BOGUS, REAL, UNLABELLED
from pipeline.datasets.dataset import DataSet
from pipeline.errors import DataSetError, SettingsError
from pipeline.metrics import bootstrap_all, groups_of
from pipeline.metrics.size_scan import FIGURES
from pipeline.rng import stream

_TEST = "test"

Logits = Callable[[NDArray[np.float32], NDArray[np.float32] | None], NDArray[np.floating]]
"""From selected raw pixels ``(n, y, x, channel)``, and metadata ``(n, k)`` or None, to logits ``(n, 1)``."""


@dataclass(frozen=True, kw_only=True)
class JudgedRows:
    """The test rows that a report judges: those that have a label and pixels to score.

    Attributes
    ----------
    dataset : DataSet
        Read block by block.
    contract : InputContract
        Which pixels are seen.
    used : ndarray of bool, (n,)
        Which rows of the test part are judged.
    labels, groups : ndarray, (m,)
        Class and group of each judged row.
    counts : mapping
        ``rows real bogus groups label_sources`` of the judged rows, and how many others are ``unlabelled`` or
        ``without_pixels``.
    metadata : ndarray of float32, shape (n, k), or None
        Raw columns of all test rows, for a model that takes any.
    seed, replicates, level : int, int, float
        Of the intervals. The draws are the same for every training, so that intervals can be compared.
    """

    dataset: DataSet = field(repr=False)
    contract: InputContract
    used: NDArray[np.bool_]
    labels: NDArray[np.int64]
    groups: NDArray[np.str_]
    counts: Mapping[str, object]
    metadata: NDArray[np.float32] | None = field(default=None, repr=False)
    seed: int
    replicates: int
    level: float

    @property
    def interval(self) -> dict[str, object]:
        """Return what the intervals are, in the words of a report's ``metrics.json``."""
        return {"level": self.level, "replicates": self.replicates, "over": "groups", "seed": self.seed}

    def figures(self, logits: Logits) -> dict[str, float]:
        """Return each of FIGURES with the ends of its interval, ``<figure>_low`` and ``<figure>_high``.

        Raises
        ------
        SettingsError
            If a judged row gets no finite score.
        """
        scores = self._scores(logits)
        wild = int((~np.isfinite(scores)).sum())
        if wild:
            raise SettingsError(
                f"{wild} of {len(scores)} test rows have no finite score; lower learning_rate or choose another "
                "normalisation"
            )
        intervals = bootstrap_all(
            self.labels,
            scores,
            self.groups,
            metrics=FIGURES,
            replicates=self.replicates,
            level=self.level,
            rng=stream(self.seed, "size scan", "intervals"),
        )
        found: dict[str, float] = {}
        for name, interval in intervals.items():
            found |= {name: interval.value, f"{name}_low": interval.low, f"{name}_high": interval.high}
        return found

    def _scores(self, logits: Logits) -> NDArray[np.float64]:
        found = []
        for where, cutouts in self.dataset.batches(_TEST, BLOCK_ROWS):
            mine = self.used[where]
            if mine.any():
                pixels = self.contract.select(cutouts[mine], self.dataset.channels)
                metadata = None if self.metadata is None else self.metadata[where][mine]
                found.append(np.asarray(logits(pixels, metadata))[:, 0])
        return np.concatenate(found).astype(np.float64)


def judged_rows(
    dataset: DataSet,
    contract: InputContract,
    seed: int,
    replicates: int,
    level: float,
    columns: Sequence[str] = (),
) -> JudgedRows:
    """Return the test rows of a data set that are judged.

    Parameters
    ----------
    dataset : DataSet
        Labelled cutouts of two classes in parts.
    contract : InputContract
        Which pixels are seen, and which channels a row needs.
    seed, replicates : int
        Of the bootstrap of the intervals.
    level : float
        Probability that the intervals are meant to cover.
    columns : sequence of str
        Columns of the candidates that the trainings see beside the pixels; may be empty.

    Raises
    ------
    DataSetError
        If they lack a class.
    SettingsError
        If they lack one of the columns.
    """
    candidates = dataset.candidates(_TEST)
    labels = candidates["label"].to_numpy().astype(np.int64)
    scorable = np.zeros(len(labels), dtype=bool)
    for where, cutouts in dataset.batches(_TEST, BLOCK_ROWS):
        scorable[where] = contract.scorable(contract.select(cutouts, dataset.channels))
    used = scorable & (labels != UNLABELLED)
    groups = groups_of(candidates)[used]
    real, bogus = (int((labels[used] == label).sum()) for label in (REAL, BOGUS))
    if not (real and bogus):
        raise DataSetError(
            f"the test part has {real} real and {bogus} bogus rows with pixels and a label; a scan is judged on both"
        )
    sources = candidates["label_source"][used].astype(str).value_counts().sort_index()
    return JudgedRows(
        dataset=dataset,
        contract=contract,
        used=used,
        labels=labels[used],
        groups=groups,
        counts={
            "rows": int(used.sum()),
            "real": real,
            "bogus": bogus,
            "groups": len(np.unique(groups)),
            "label_sources": {str(name): int(count) for name, count in sources.items()},
            "unlabelled": int((labels == UNLABELLED).sum()),
            "without_pixels": int((~scorable & (labels != UNLABELLED)).sum()),
        },
        metadata=values_of(candidates, columns) if columns else None,
        seed=seed,
        replicates=replicates,
        level=level,
    )
