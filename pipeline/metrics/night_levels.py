"""What a figure of a night should be, going by earlier nights, and whether it lies outside that."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

LEAST_NIGHTS: Final = 3
"""Fewer earlier nights do not tell how nights differ."""

LEVEL: Final = 0.99
"""A night of which nothing is wrong lies within the span of each figure with about this probability."""


@dataclass(frozen=True, kw_only=True)
class Level:
    """A figure of a night beside those of earlier nights.

    Attributes
    ----------
    value : float
        The night's own; NaN if it has none.
    expected, low, high : float
        What earlier nights let expect, and the span that holds a night like them with probability `LEVEL`; NaN if there
        are fewer than `LEAST_NIGHTS`.
    nights : int
        How many earlier nights there are.
    """

    value: float
    expected: float
    low: float
    high: float
    nights: int

    @property
    def jumped(self) -> bool:
        """Whether the night lies outside the span; False where either is not known."""
        return self.value < self.low or self.value > self.high


def share_level(called: int, scored: int, earlier_called: ArrayLike, earlier_scored: ArrayLike) -> Level:
    """Return the share called real of a night beside those of earlier nights, within 0 and 1.

    Parameters
    ----------
    called, scored : int
        How many candidates of the night are called real, and how many have a score.
    earlier_called, earlier_scored : array_like of int, shape (k,)
        The same of the earlier nights; those without a score do not count.
    """
    n = np.asarray(earlier_scored, dtype=np.float64)
    x, n = np.asarray(earlier_called, dtype=np.float64)[n > 0], n[n > 0]
    share = called / scored if scored else np.nan
    pooled = (x.sum() + 0.5) / (n.sum() + 1.0)
    chance = pooled * (1.0 - pooled)
    found = _level(share, chance / scored if scored else np.nan, x / n, chance / n)
    return _within(found, 0.0, 1.0)


def mean_level(mean: float, variance: float, earlier_means: ArrayLike, earlier_variances: ArrayLike) -> Level:
    """Return the mean of a quantity in a night beside those of earlier nights.

    Parameters
    ----------
    mean, variance : float
        The night's mean, and the square of its standard error.
    earlier_means, earlier_variances : array_like, shape (k,)
        The same of the earlier nights; those without a mean do not count.
    """
    means, variances = (np.asarray(values, dtype=np.float64) for values in (earlier_means, earlier_variances))
    known = np.isfinite(means) & np.isfinite(variances)
    return _level(mean, variance, means[known], variances[known])


def number_level(number: int, earlier: ArrayLike) -> Level:
    """Return the number of candidates of a night beside those of earlier nights, compared as logarithms.

    Parameters
    ----------
    number : int
        The night's number; 0 has no logarithm, and is compared as one half.
    earlier : array_like of int, shape (k,)
        The numbers of the earlier nights; empty nights do not count.
    """
    before = np.asarray(earlier, dtype=np.float64)
    before = before[before > 0]
    counted = max(float(number), 0.5)
    found = _level(np.log(counted), 1.0 / counted, np.log(before), 1.0 / before)
    expected, low, high = (float(np.exp(end)) for end in (found.expected, found.low, found.high))
    return Level(value=float(number), expected=expected, low=low, high=high, nights=found.nights)


def _level(value: float, chance: float, earlier: np.ndarray, chances: np.ndarray) -> Level:
    """Return a value beside earlier ones, which differ by chance of known variances and from night to night.

    The variance between nights is that of DerSimonian & Laird (1986); the span is a prediction interval by Student's t
    of k - 1 degrees of freedom (Higgins, Thompson & Spiegelhalter 2009).
    """
    k = len(earlier)
    if k < LEAST_NIGHTS:
        return Level(value=float(value), expected=np.nan, low=np.nan, high=np.nan, nights=k)
    chances = np.maximum(chances, 1e-12)
    between = _between(earlier, chances)
    weight = 1.0 / (chances + between)
    expected = float((weight * earlier).sum() / weight.sum())
    spread = np.sqrt(between + 1.0 / weight.sum() + (chance if np.isfinite(chance) else 0.0))
    reach = float(stats.t.ppf(0.5 + LEVEL / 2.0, k - 1) * spread)
    return Level(value=float(value), expected=expected, low=expected - reach, high=expected + reach, nights=k)


def _between(values: np.ndarray, chances: np.ndarray) -> float:
    """Return the variance of values that their chance variances do not explain."""
    weight = 1.0 / chances
    mean = (weight * values).sum() / weight.sum()
    misfit = (weight * (values - mean) ** 2).sum()
    return max(0.0, float((misfit - (len(values) - 1)) / (weight.sum() - (weight**2).sum() / weight.sum())))


def _within(level: Level, least: float, most: float) -> Level:
    low, high = max(level.low, least), min(level.high, most)  # NaN, if it comes first, stays
    return Level(value=level.value, expected=level.expected, low=low, high=high, nights=level.nights)
