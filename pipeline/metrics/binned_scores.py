"""Scores in bins so fine, where a metric looks, that its scatter is that of the scores themselves."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.classes import BOGUS, REAL
from pipeline.metrics.curves import Curves, checked
from pipeline.metrics.definitions import DECISION, ECE_BINS, METRICS, Metric
from pipeline.metrics.poisson_cells import cell_weights, row_spread

BINNED_ABOVE: Final = 20_000
"""Rows above which a report draws Poisson samples of binned scores; up to it, samples of the rows themselves."""

_QUANTILES: Final = 200
"""Bins with equal numbers of rows of each class."""

_RATES: Final = (0.01, 0.05)
_NEAR: Final = 96
_REACH: Final = 6.0
"""Around the score at which a rate is reached there are so many bins, over so many standard deviations to each side."""


@dataclass(frozen=True, kw_only=True)
class BinnedScores:
    """Rows of two classes in bins of the score: two cells a bin, of bogus and of real.

    Attributes
    ----------
    labels : ndarray of int64, (c,)
        The class of each cell.
    scores : ndarray of float64, (c,)
        The mean score of the bin of each cell, of both classes together.
    counts : ndarray of float64, (c,)
        How many rows there are.
    cell : ndarray of int64, (n,)
        The cell of each row.
    """

    labels: NDArray[np.int64]
    scores: NDArray[np.float64]
    counts: NDArray[np.float64]
    cell: NDArray[np.int64]

    @classmethod
    def of(cls, labels: ArrayLike, scores: ArrayLike, groups: ArrayLike) -> Self:
        """Return rows in bins; equal scores are in one bin, and none lies on both sides of 0.5.

        Parameters
        ----------
        labels, scores : array_like, shape (n,)
            0 bogus and 1 real; finite scores.
        groups : array_like, shape (n,)
            The group of each row: the larger the groups, the further apart samples are, and the bins reach.
        """
        label, score = checked(labels, scores)
        edges = _edges(label, score, row_spread(groups))
        place = np.searchsorted(edges, score, side="right")
        is_filled = np.bincount(place, minlength=len(edges) + 1) > 0
        place = (np.cumsum(is_filled) - 1)[place]
        rows = np.bincount(place)
        means = np.bincount(place, weights=score) / rows
        cell = 2 * place + label
        return cls(
            labels=np.tile(np.array([BOGUS, REAL], dtype=np.int64), len(rows)),
            scores=np.repeat(means, 2),
            counts=np.bincount(cell, minlength=2 * len(rows)).astype(np.float64),
            cell=cell,
        )


def binned_replicates(
    metrics: Sequence[Metric],
    binned: Sequence[BinnedScores],
    groups: ArrayLike,
    replicates: int,
    rng: np.random.Generator,
    weights: NDArray[np.float64] | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return metrics of binned scores, and of Poisson samples of their groups.

    Parameters
    ----------
    metrics : sequence of Metric
        All must have a value.
    binned : sequence of BinnedScores
        Of each model, of the same rows.
    groups : array_like, shape (n,)
        The group of each row.
    replicates, rng : int, Generator
        How many samples, and the source of the draws.
    weights : ndarray of float64, shape (2,), optional
        Weight of a bogus and of a real row.

    Returns
    -------
    values : ndarray of float64, (model, metric)
    drawn : ndarray of float64, (replicates, model, metric)
    """

    def figures(times: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
        each = (
            Curves(one.labels, one.scores, own if weights is None else own * weights[one.labels])
            for one, own in zip(binned, times, strict=True)
        )
        return np.stack([np.stack([entry.weighted(curves) for entry in metrics], axis=1) for curves in each], axis=1)

    values = figures([one.counts[None] for one in binned])[0]
    samples = cell_weights([one.cell for one in binned], [len(one.labels) for one in binned], groups, replicates, rng)
    return values, np.concatenate([*(figures(times) for times in samples), np.empty((0, *values.shape))])


def _edges(label: NDArray[np.int64], score: NDArray[np.float64], spread: float) -> NDArray[np.float64]:
    """Return scores at which bins begin, ascending."""
    of_class = {wanted: np.sort(score[label == wanted]) for wanted in (BOGUS, REAL)}
    found = [np.append(np.arange(1, ECE_BINS) / ECE_BINS, DECISION)]
    rates = [*_RATES, *_equal_error(label, score, of_class)]
    for wanted, ordered in of_class.items():
        n = len(ordered)
        if not n:
            continue
        ranks = [np.linspace(0, n - 1, _QUANTILES)]
        ranks += list(_ranks_near(n, [1.0 - rate for rate in rates] if wanted == BOGUS else rates, spread))
        found.append(ordered[np.unique(np.concatenate(ranks).round().astype(np.int64))])
    return np.unique(np.concatenate(found))


def _equal_error(
    label: NDArray[np.int64], score: NDArray[np.float64], of_class: dict[int, NDArray[np.float64]]
) -> list[float]:
    if not all(map(len, of_class.values())):
        return []
    return [METRICS["equal_error"](label, score)]


def _ranks_near(n: int, shares: Sequence[float], spread: float) -> Iterator[NDArray[np.float64]]:
    """Yield ranks of ``n`` rows around each share of them, evenly over the ranks that samples reach."""
    for share in shares:
        reach = _REACH * np.sqrt(max(n * share * (1.0 - share), 1.0) * spread)
        yield np.linspace(max(n * share - reach, 0.0), min(n * share + reach, n - 1.0), _NEAR)
