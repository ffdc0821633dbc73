"""Split-conformal prediction: intervals of numbers and sets of classes that hold the truth as often as promised.

The promise needs rows that are exchangeable with those it is given for, and that the model did not learn from. It holds
on average over all rows, not in each bin of magnitude. Vovk, Gammerman & Shafer (2005); Lei et al. (2018) for
residuals, Romano, Patterson & Candes (2019) for quantiles, Sadinle, Lei & Wasserman (2019) for LAC and Romano, Sesia &
Candes (2020) for APS.
"""

from dataclasses import dataclass
from math import ceil
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.errors import InputError

SLACK: Final = 1e-9
"""Keeps ``(n + 1) (1 - a)`` that should be a whole number from being rounded up past it."""

Array = NDArray[np.float64]


def conformal_rank(n: int, miscoverage: float) -> int:
    """Return which of n scores, in increasing order and counted from 1, is the limit: ``ceil((n + 1) (1 - a))``.

    Parameters
    ----------
    n : int
        Rows that calibrate.
    miscoverage : float
        ``a``, the share of rows that may lie outside, such as 0.1.

    Raises
    ------
    InputError
        If there are too few rows for this share: fewer than ``1 / a - 1``.

    Examples
    --------
    >>> conformal_rank(99, 0.1), conformal_rank(19, 0.05)
    (90, 19)
    """
    if not 0.0 < miscoverage < 1.0:
        raise InputError(f"miscoverage must lie between 0 and 1; given {miscoverage}")
    rank = ceil((n + 1) * (1.0 - miscoverage) - SLACK)
    if rank > n:
        least = ceil(1.0 / miscoverage - 1.0 - SLACK)
        raise InputError(f"{n} rows cannot calibrate a miscoverage of {miscoverage:g}; allowed: at least {least} rows")
    return max(rank, 1)


def conformal_limit(scores: ArrayLike, miscoverage: float) -> float:
    """Return the limit below which the scores of new rows lie with a probability of at least ``1 - a``.

    Parameters
    ----------
    scores : array_like, (n,)
        How strange each calibrating row is; NaN rows are left out.
    miscoverage : float
        The share that may lie above.
    """
    values = np.asarray(scores, dtype=np.float64)
    values = np.sort(values[~np.isnan(values)])
    return float(values[conformal_rank(len(values), miscoverage) - 1])


def weighted_limit(scores: ArrayLike, weights: ArrayLike, own: float, miscoverage: float) -> float:
    """Return the limit for a new row of another population, whose rows are some times as frequent as among these.

    The smallest score up to which a share of ``1 - a`` of the weight lies, where the new row itself counts as
    infinitely strange; infinite where no score is. Equal weights give :func:`conformal_limit`. Tibshirani, Foygel
    Barber, Candes & Ramdas (2019), equation 8.

    Parameters
    ----------
    scores : array_like, (n,)
        How strange each calibrating row is; NaN rows are left out.
    weights : array_like, (n,)
        By what factor such a row is more frequent there than here, at least 0.
    own : float
        The same of the new row.
    miscoverage : float
        The share that may lie above.

    Examples
    --------
    >>> weighted_limit([1.0, 2.0, 3.0], [1.0, 1.0, 1.0], 1.0, 0.25), weighted_limit([1.0, 2.0, 3.0], [9, 1, 1], 1, 0.25)
    (3.0, 1.0)
    """
    if not 0.0 < miscoverage < 1.0:
        raise InputError(f"miscoverage must lie between 0 and 1; given {miscoverage}")
    values, heavy = np.asarray(scores, dtype=np.float64), np.asarray(weights, dtype=np.float64)
    known = ~np.isnan(values)
    order = np.argsort(values[known], kind="stable")
    values, heavy = values[known][order], heavy[known][order]
    share = np.cumsum(heavy) / (heavy.sum() + own)
    reached = int(np.searchsorted(share, 1.0 - miscoverage - SLACK))
    return float(values[reached]) if reached < len(values) else float("inf")


@dataclass(frozen=True, kw_only=True)
class ConformalIntervals:
    """A calibrated widening of predicted intervals ``low`` to ``high`` by ``limit`` times ``scale`` on either side.

    One definition has all three methods. *Residual*: low and high are both the value, and the scale is 1. *Normalised*:
    the same, and the scale is a predicted standard deviation. *Quantile* (CQR): low and high are predicted quantiles,
    and the scale is 1; a negative limit narrows them.

    Attributes
    ----------
    limit : float
        From :func:`conformal_limit`.
    miscoverage : float
        The share of rows that may lie outside.
    n : int
        Rows that calibrated it.

    Examples
    --------
    >>> made = ConformalIntervals.fit(np.arange(9.0), np.zeros(9), np.zeros(9), miscoverage=0.2)
    >>> made.limit, [end.tolist() for end in made.apply([10.0], [10.0])]
    (7.0, [[3.0], [17.0]])
    """

    limit: float
    miscoverage: float
    n: int

    @classmethod
    def fit(
        cls, truth: ArrayLike, low: ArrayLike, high: ArrayLike, scale: ArrayLike = 1.0, *, miscoverage: float
    ) -> "ConformalIntervals":
        """Return the widening that fits held-out rows.

        Parameters
        ----------
        truth, low, high : array_like, (n,)
            The truth and the predicted ends; a row with a NaN is left out.
        scale : array_like, (n,) or a number
            By which the limit is multiplied, above 0.
        miscoverage : float
            The share of rows that may lie outside.

        Raises
        ------
        InputError
            If there are too few rows, or a scale is not above 0.
        """
        sizes = np.asarray(scale, dtype=np.float64)
        if np.any(sizes <= 0):
            raise InputError(f"scale must be above 0; given {np.nanmin(sizes):g}")
        true = np.asarray(truth, dtype=np.float64)
        strange = np.maximum(np.asarray(low) - true, true - np.asarray(high)) / sizes
        usable = int((~np.isnan(strange)).sum())
        return cls(limit=conformal_limit(strange, miscoverage), miscoverage=miscoverage, n=usable)

    def apply(self, low: ArrayLike, high: ArrayLike, scale: ArrayLike = 1.0) -> tuple[Array, Array]:
        """Return the calibrated ends of new rows, each ``(n,)``; ends that would cross meet in their middle.

        Parameters
        ----------
        low, high : array_like, (n,)
            The predicted ends.
        scale : array_like, (n,) or a number
            As for :meth:`fit`.
        """
        widened = self.limit * np.asarray(scale, dtype=np.float64)
        bottom, top = np.asarray(low, dtype=np.float64) - widened, np.asarray(high, dtype=np.float64) + widened
        middle = 0.5 * (bottom + top)
        return np.where(bottom > top, middle, bottom), np.where(bottom > top, middle, top)


def lac_scores(probabilities: ArrayLike) -> Array:
    """Return how strange each class is for each row, ``(n, k)``: one minus its probability.

    Sets of these scores are the smallest on average, and may be empty.
    """
    return 1.0 - np.asarray(probabilities, dtype=np.float64)


def aps_scores(probabilities: ArrayLike, uniform: ArrayLike | None = None) -> Array:
    """Return how strange each class is for each row, ``(n, k)``: the probability of all classes down to it.

    Parameters
    ----------
    probabilities : array_like, (n, k)
        Rows sum to 1; NaN rows stay NaN.
    uniform : array_like, (n,), optional
        Numbers from 0 to 1, drawn once a row, of which the class's own probability is counted; 1 by default, which
        gives larger sets than needed.
    """
    chances = np.asarray(probabilities, dtype=np.float64)
    order = np.argsort(-chances, axis=1, kind="stable")
    ordered = np.take_along_axis(chances, order, 1)
    counted = 1.0 if uniform is None else np.asarray(uniform, dtype=np.float64)[:, None]
    down_to = np.cumsum(ordered, axis=1) - (1.0 - counted) * ordered
    scores = np.empty_like(chances)
    np.put_along_axis(scores, order, down_to, 1)
    return scores


def fit_sets(scores: ArrayLike, labels: ArrayLike, miscoverage: float) -> float:
    """Return the limit of the scores of classes that are in a set.

    Parameters
    ----------
    scores : array_like, (n, k)
        Of held-out rows: :func:`lac_scores` or :func:`aps_scores`.
    labels : array_like of int, (n,)
        The true class of each row, from 0; rows without one (below 0) are left out.
    miscoverage : float
        The share of rows whose set may lack the truth.

    Raises
    ------
    InputError
        If a label has no column, or there are too few rows.
    """
    strange, true = np.asarray(scores, dtype=np.float64), np.asarray(labels)
    if len(true) and true.max() >= strange.shape[1]:
        raise InputError(f"class {true.max()} has no probability; allowed: 0 to {strange.shape[1] - 1}")
    known = np.flatnonzero(true >= 0)
    return conformal_limit(strange[known, true[known]], miscoverage)


def prediction_sets(scores: ArrayLike, limit: float) -> NDArray[np.bool_]:
    """Return which classes are in the set of each row, ``(n, k)``; a row of NaN has all, for nothing is known of it.

    Parameters
    ----------
    scores : array_like, (n, k)
        Of the same function as those that gave the limit.
    limit : float
        From :func:`fit_sets`.
    """
    strange = np.asarray(scores, dtype=np.float64)
    return np.isnan(strange) | (strange <= limit)
