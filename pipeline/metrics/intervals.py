"""Intervals of fractions from counts, and what a threshold means at a survey's own base rate."""

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
        They need not be whole numbers; an effective number of trials is fine.
    level : float
        Such as 0.68 or 0.95.

    Returns
    -------
    low, high : ndarray of float64
        The low end is 0 without any hit, the high end is 1 if every trial is a hit; NaN without trials.

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


def mean_interval(
    value: float, trials: int, level: float = 0.68, *, lowest: float = 0.0, highest: float = 1.0
) -> tuple[float, float]:
    """Return Jeffreys' interval of a mean of independent numbers between two bounds, as if each were at one of them.

    Numbers between the bounds scatter less than numbers at the bounds, so the interval is not too narrow.

    Parameters
    ----------
    value : float
        The mean.
    trials : int
        How many independent numbers there are.
    level : float
        Such as 0.68 or 0.95.
    lowest, highest : float
        The bounds.

    Returns
    -------
    low, high : float
        NaN without trials or with an infinite bound.

    Examples
    --------
    >>> [round(end, 3) for end in mean_interval(0.0, 8)]
    [0.0, 0.113]
    """
    span = highest - lowest
    if not np.isfinite(span):
        return float("nan"), float("nan")
    low, high = binomial_interval((value - lowest) / span * trials, trials, level)
    return lowest + span * float(low), lowest + span * float(high)


def paired_interval(value: float, trials: int, level: float = 0.68, *, span: float = 1.0) -> tuple[float, float]:
    """Return the interval of a difference on the same trials if none of them differs.

    Jeffreys' upper limit of the share of trials that could differ bounds the difference on both sides.

    Parameters
    ----------
    value : float
        The difference, within ``-span ... span``.
    trials : int
        How many independent trials there are.
    level : float
        Such as 0.68 or 0.95.
    span : float
        The largest possible difference.

    Returns
    -------
    low, high : float
        NaN without trials or with an infinite span.

    Examples
    --------
    >>> [round(end, 3) for end in paired_interval(0.0, 8)]
    [-0.113, 0.113]
    """
    low, high = mean_interval(abs(value), trials, level, highest=span)
    if value == 0.0:
        return -high, high
    return (low, high) if value > 0.0 else (-high, -low)


def unpaired_interval(
    first: float, first_trials: int, second: float, second_trials: int, level: float = 0.68
) -> tuple[float, float]:
    """Return the interval of the difference of two independent fractions, from Jeffreys' interval of each.

    The ends are combined in squares (Newcombe 1998, method 10).

    Parameters
    ----------
    first, second : float
        The two fractions, from 0 to 1.
    first_trials, second_trials : int
        Of how many independent trials each is a fraction.
    level : float
        Probability that the interval is meant to cover.

    Returns
    -------
    low, high : float
        The ends of the interval of ``first - second``.

    Examples
    --------
    >>> [round(end, 3) for end in unpaired_interval(1.0, 8, 1.0, 20)]
    [-0.113, 0.048]
    """
    low, high = mean_interval(first, first_trials, level)
    other_low, other_high = mean_interval(second, second_trials, level)
    return (
        first - second - float(np.hypot(first - low, other_high - second)),
        first - second + float(np.hypot(high - first, second - other_low)),
    )


def expected_purity(recall: ArrayLike, fpr: ArrayLike, base_rate: float) -> NDArray[np.float64]:
    """Return the share of real among candidates called real if a share ``base_rate`` of all is real.

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
