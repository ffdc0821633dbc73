"""How far calibration moves from night to night, beyond what chance moves it."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

LEAST_NIGHTS: Final = 3
"""Fewer nights say nothing of how nights differ."""

LEAST_CHANCE: Final = 1e-3
"""A score counts as no nearer to 0 or 1: one wrong label among saturated scores tells of itself alone."""


@dataclass(frozen=True, kw_only=True)
class NightShift:
    """The standard deviation between nights of the shift of the logit that each night needs.

    Attributes
    ----------
    nights : int
        How many nights there are.
    spread, low, high : float
        The standard deviation, 0 if the nights differ no more than chance makes them, with the ends of its interval
        over nights. At a score of 0.5 a quarter of it is the standard deviation of the fraction of reals.
    """

    nights: int
    spread: float
    low: float
    high: float


def night_shift(
    labels: ArrayLike,
    scores: ArrayLike,
    nights: ArrayLike,
    *,
    replicates: int = 400,
    level: float = 0.68,
    rng: np.random.Generator,
) -> NightShift | None:
    """Return how far calibration moves between nights; None with fewer than `LEAST_NIGHTS` nights.

    A night k needs about the shift d_k = U_k / V_k, where U_k is its number of reals minus the sum of its scores, and
    V_k, the sum of score (1 - score), the inverse of the variance that chance gives d_k. The variance between nights is
    what the d_k have more than chance gives them (DerSimonian & Laird 1986). A night of one class counts as well. In
    V_k no score is nearer to 0 or 1 than `LEAST_CHANCE`: else a night of saturated scores with one label that is wrong
    would need an endless shift.

    Parameters
    ----------
    labels : array_like, shape (n,)
        0 bogus, 1 real.
    scores : array_like, shape (n,)
        Probabilities by calibrations that were fitted on other nights than that of the row.
    nights : array_like, shape (n,)
        The night of each row.
    replicates, level, rng : int, float, Generator
        How many samples of nights are drawn with replacement for the interval, its level, and the source of draws.
    """
    score = np.asarray(scores, dtype=np.float64)
    doubt = np.clip(score, LEAST_CHANCE, 1.0 - LEAST_CHANCE)
    names, place = np.unique(np.asarray(nights).astype(str), return_inverse=True)
    if len(names) < LEAST_NIGHTS:
        return None
    excess = np.bincount(place, np.asarray(labels, dtype=np.float64) - score).astype(np.float64)
    weight = np.bincount(place, doubt * (1.0 - doubt)).astype(np.float64)
    drawn = rng.integers(0, len(names), size=(replicates, len(names)))
    spreads = np.sqrt(np.maximum(_between(excess[drawn], weight[drawn]), 0.0))
    value = float(np.sqrt(max(float(_between(excess[None], weight[None])[0]), 0.0)))
    low, high = (float(np.quantile(spreads, share)) for share in (0.5 - level / 2.0, 0.5 + level / 2.0))
    return NightShift(nights=len(names), spread=value, low=min(low, value), high=max(high, value))


def _between(excess: NDArray[np.float64], weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the variance between nights, ``(r,)``, of nights ``(r, k)``; below 0 where they are too much alike."""
    total = weight.sum(axis=1)
    mean = excess.sum(axis=1) / total
    misfit = ((excess / weight - mean[:, None]) ** 2 * weight).sum(axis=1)
    return np.asarray((misfit - (weight.shape[1] - 1)) / (total - (weight**2).sum(axis=1) / total))
