"""Intervals of a fraction from its counts, and what a threshold means at a survey's own base rate."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincinv

from pipeline.errors import InputError


def binomial_interval(
    hits: ArrayLike, trials: ArrayLike, level: float = 0.68
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return Jeffreys' interval of a fraction (Brown, Cai & DasGupta 2001).

    Parameters
    ----------
    hits, trials : array_like of one shape
        Need not be whole numbers: an effective number of trials is fine.
    level : float
        Such as 0.68 or 0.95.

    Returns
    -------
    low, high : ndarray of float64
        The low end is 0 where nothing hit, the high end 1 where all did; NaN without trials.

    Examples
    --------
    >>> low, high = binomial_interval(10, 10, 0.95)
    >>> f"{low:.3f} {high:.3f}"
    '0.783 1.000'
    """
    if not 0.0 < level < 1.0:
        raise InputError(f"level must lie between 0 and 1; given {level}")
    k, n = np.broadcast_arrays(np.asarray(hits, dtype=np.float64), np.asarray(trials, dtype=np.float64))
    tail = 0.5 - level / 2.0
    some = n > 0
    safe_n = np.where(some, n, 1.0)
    safe_k = np.clip(np.where(some, k, 0.0), 0.0, safe_n)
    low = betaincinv(safe_k + 0.5, safe_n - safe_k + 0.5, tail)
    high = betaincinv(safe_k + 0.5, safe_n - safe_k + 0.5, 1.0 - tail)
    low = np.where(safe_k <= 0, 0.0, low)
    high = np.where(safe_k >= safe_n, 1.0, high)
    return np.where(some, low, np.nan), np.where(some, high, np.nan)


def expected_purity(recall: ArrayLike, fpr: ArrayLike, base_rate: float) -> NDArray[np.float64]:
    """Return the share of real among candidates called real, where ``base_rate`` of all are real.

    Examples
    --------
    >>> float(expected_purity(1.0, 0.01, 0.01).round(3))
    0.503
    """
    found, false = called_real(recall, fpr, base_rate)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(found + false > 0, found / (found + false), np.nan))


def called_real(recall: ArrayLike, fpr: ArrayLike, base_rate: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the shares of all candidates that are real and called so, and bogus and called real."""
    if not 0.0 <= base_rate <= 1.0:
        raise InputError(f"base rate must lie in 0 ... 1; given {base_rate}")
    found = base_rate * np.asarray(recall, dtype=np.float64)
    false = (1.0 - base_rate) * np.asarray(fpr, dtype=np.float64)
    return np.asarray(found), np.asarray(false)
