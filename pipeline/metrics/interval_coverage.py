"""How often intervals hold what came true, and how wide they are, of all rows and in bins."""

from itertools import pairwise
from typing import TypedDict

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from pipeline.errors import InputError
from pipeline.metrics.intervals import binomial_interval

LEVEL = 0.95


class Coverage(TypedDict):
    """The share of rows in their intervals.

    ``n`` rows have an interval and a truth, ``hits`` of them lie within; ``coverage`` is their share, with the ends of
    its binomial interval of 95 %, and ``width`` the mean width of the intervals.
    """

    n: int
    hits: int
    coverage: float
    coverage_low: float
    coverage_high: float
    width: float


def coverage(truth: ArrayLike, low: ArrayLike, high: ArrayLike) -> Coverage:
    """Return how many truths lie in their intervals, ends included.

    Parameters
    ----------
    truth, low, high : array_like, (n,)
        What came true, and the ends; a row with a NaN is left out.

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
    hits, n = int(((true >= bottom) & (true <= top))[known].sum()), int(known.sum())
    ends = (float(end) for end in binomial_interval(hits, n, LEVEL)) if n else (np.nan, np.nan)
    below, above = ends
    return {
        "n": n,
        "hits": hits,
        "coverage": hits / n if n else np.nan,
        "coverage_low": below,
        "coverage_high": above,
        "width": float((top - bottom)[known].mean()) if n else np.nan,
    }


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
