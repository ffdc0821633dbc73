"""How often intervals hold what came true, and how wide they are, of all rows and in bins."""

from itertools import pairwise
from typing import TypedDict

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.stats import betabinom

from pipeline.errors import InputError
from pipeline.metrics.intervals import binomial_interval

LEVEL = 0.95


class Coverage(TypedDict):
    """The share of rows in their intervals.

    ``n`` rows have an interval and a truth, ``hits`` of them lie within; ``coverage`` is their share, with the ends of
    its binomial interval of 95 % (Jeffreys) for as many independent rows as ``effective`` says: rows of one group are
    alike. ``width`` is the mean width of the intervals.
    """

    n: int
    hits: int
    effective: float
    coverage: float
    coverage_low: float
    coverage_high: float
    width: float


def coverage(truth: ArrayLike, low: ArrayLike, high: ArrayLike, groups: ArrayLike | None = None) -> Coverage:
    """Return how many truths lie in their intervals, ends included.

    Parameters
    ----------
    truth, low, high : array_like, (n,)
        What came true, and the ends; a row with a NaN is left out.
    groups : array_like, (n,), optional
        Names of the groups of rows that are alike; by default each row is its own.

    Raises
    ------
    InputError
        If the lengths differ.

    Examples
    --------
    >>> found = coverage([0.5, 2.0, np.nan], [0.0, 0.0, 0.0], [1.0, 1.0, 1.0])
    >>> found["hits"], found["n"], found["coverage"], found["width"]
    (1, 2, 0.5, 1.0)
    """
    true, bottom, top = (np.asarray(values, dtype=np.float64) for values in (truth, low, high))
    if not true.shape == bottom.shape == top.shape:
        raise InputError(f"{true.shape} truths and intervals {bottom.shape}, {top.shape}; allowed: one of each a row")
    known = np.isfinite(true) & np.isfinite(bottom) & np.isfinite(top)
    inside = ((true >= bottom) & (true <= top))[known]
    hits, n = int(inside.sum()), int(known.sum())
    alike = 1.0 if groups is None or not n else _alike(inside, np.asarray(groups)[known])
    ends = (float(end) for end in binomial_interval(hits / alike, n / alike, LEVEL)) if n else (np.nan, np.nan)
    below, above = ends
    return {
        "n": n,
        "hits": hits,
        "effective": n / alike,
        "coverage": hits / n if n else np.nan,
        "coverage_low": below,
        "coverage_high": above,
        "width": float((top - bottom)[known].mean()) if n else np.nan,
    }


def _alike(inside: NDArray[np.bool_], groups: NDArray[np.generic]) -> float:
    """Return by what factor the variance of the share within is above that of independent rows, at least 1."""
    _, group = np.unique(groups, return_inverse=True)
    share = float(inside.mean())
    if share in (0.0, 1.0):
        return len(inside) / (group.max() + 1)
    sums = np.bincount(group, weights=inside - share)
    return max(1.0, float((sums**2).sum() / (len(inside) * share * (1.0 - share))))


def keeps_promise(found: Coverage, promised: float, calibrated: float) -> bool | None:
    """Return whether a coverage is one that chance gives rows like those that calibrated the intervals; 95 % of them.

    Of n such rows the k-th smallest score is the limit, so that the share of new rows within is itself drawn, from
    Beta(k, n + 1 - k): the number of hits is beta-binomial.

    Parameters
    ----------
    found : Coverage
        Of the judged rows.
    promised : float
        The share that should be within.
    calibrated : float
        How many independent rows calibrated the intervals.

    Returns
    -------
    bool or None
        None if there are no rows, or it is not known how many calibrated.

    Examples
    --------
    >>> found = coverage(np.zeros(200), np.where(np.arange(200) < 188, -1.0, 1.0), np.full(200, 2.0))
    >>> found["coverage"], keeps_promise(found, 0.9, 100), keeps_promise(found, 0.9, 10_000)
    (0.94, True, True)
    """
    rank = int(np.ceil((calibrated + 1) * promised))
    if not found["n"] or not 1 <= rank <= calibrated:
        return None
    n = max(1, round(found["effective"]))
    hits = betabinom(n, rank, calibrated + 1 - rank)
    least, most = (float(hits.ppf(share)) for share in ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    return bool(least <= round(found["coverage"] * n) <= most)


def coverage_by(
    truth: ArrayLike, low: ArrayLike, high: ArrayLike, by: ArrayLike, edges: NDArray[np.float64]
) -> pd.DataFrame:
    """Return the coverage in bins of a number, one line a bin with its ends ``low`` and ``high``.

    Parameters
    ----------
    truth, low, high
        As for :func:`coverage`.
    by : array_like, (n,)
        The number that divides the rows; NaN belongs to no bin.
    edges : ndarray of float64, (b + 1,)
        Increasing; a bin holds its lower edge, the last one its upper edge too.
    """
    numbers, lines = np.asarray(by, dtype=np.float64), []
    for place, (start, end) in enumerate(pairwise(edges.tolist())):
        last = place == len(edges) - 2
        inside = (numbers >= start) & ((numbers < end) | ((numbers == end) & last))
        found = coverage(*(np.asarray(values, dtype=np.float64)[inside] for values in (truth, low, high)))
        lines.append({"low": start, "high": end, **found})
    return pd.DataFrame(lines)
