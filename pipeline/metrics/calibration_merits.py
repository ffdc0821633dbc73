"""Calibration error, Brier score and log loss before and after a calibration, with intervals over groups."""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.classes import BOGUS, REAL
from pipeline.metrics.binned_scores import BinnedScores, binned_replicates
from pipeline.metrics.curves import Curves, checked
from pipeline.metrics.definitions import METRICS
from pipeline.metrics.noise_bias import centred
from pipeline.metrics.replicates import replicated, without_added_noise
from pipeline.metrics.resampling import Interval, count_groups, interval_of

OF_PROBABILITIES: Final = ("ece", "brier", "log_loss")
"""The metrics that a calibration is for."""


def calibration_merits(
    labels: ArrayLike,
    before: ArrayLike,
    after: ArrayLike,
    groups: ArrayLike,
    *,
    weights: NDArray[np.float64] | None = None,
    replicates: int = 1000,
    level: float = 0.68,
    rng: np.random.Generator,
    binned_above: int | None = None,
) -> dict[str, dict[str, Interval]]:
    """Return `OF_PROBABILITIES` before and after a calibration, and what it changes, from the same replicates.

    The calibration error is without the noise of the sample (:func:`pipeline.metrics.noise_bias.without_noise`), so it
    lies within its interval.

    Parameters
    ----------
    labels : array_like, shape (n,)
        0 bogus, 1 real.
    before, after : array_like, shape (n,)
        Probabilities of being real.
    groups : array_like, shape (n,)
        The group of each row; rows of one group are drawn together.
    weights : ndarray of float64, shape (n,), optional
        Weight of each row, such as those that give the rows another share of reals; ones by default.
    replicates, level, rng : int, float, Generator
        As for :func:`pipeline.metrics.bootstrap`.
    binned_above : int, optional
        Rows above which replicates are Poisson samples of binned scores, if rows of a class weigh alike; None: never.

    Returns
    -------
    dict
        ``before after change``, each an interval by metric; a change below 0 is for the better.
    """
    metrics = [METRICS[name] for name in OF_PROBABILITIES]
    scores = [checked(labels, one)[1] for one in (before, after)]
    own = np.ones(len(scores[0])) if weights is None else np.asarray(weights, dtype=np.float64)

    def figures(drawn: NDArray[np.float64]) -> NDArray[np.float64]:
        each = (Curves(labels, score, drawn * own) for score in scores)
        return np.stack([np.stack([one.weighted(curves) for one in metrics], axis=1) for curves in each], axis=1)

    n, n_groups = len(own), count_groups(groups)
    if not n:
        return {}
    labels = np.asarray(labels)
    by_class = [np.unique(own[labels == label]) for label in (BOGUS, REAL)]
    if binned_above is None or n <= binned_above or any(len(weight) != 1 for weight in by_class):
        values, drawn = replicated(figures, metrics, groups, n, replicates, rng)
    else:
        binned = [BinnedScores.of(labels, score, groups) for score in scores]
        weight = np.array([float(one[0]) for one in by_class])
        coarse, drawn = binned_replicates(metrics, binned, groups, replicates, rng, weight)
        values = figures(np.ones((1, n)))[0]
        values, drawn = without_added_noise(metrics, values, np.clip(drawn + (values - coarse), 0.0, None))
    change, apart = values[1] - values[0], drawn[:, 1] - drawn[:, 0]
    for column, entry in enumerate(metrics):
        if entry.noise_adds:
            apart[:, column] = centred(float(change[column]), apart[:, column])
    sides = {"before": (values[0], drawn[:, 0]), "after": (values[1], drawn[:, 1]), "change": (change, apart)}
    return {
        side: {
            entry.name: interval_of(float(value[column]), replicate[:, column], level, n, n_groups)
            for column, entry in enumerate(metrics)
        }
        for side, (value, replicate) in sides.items()
    }
