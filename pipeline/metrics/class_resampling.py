"""Intervals of the metrics of many classes, from resampling groups as `pipeline.metrics.resampling` does."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.metrics.class_metrics import CLASS_METRICS, PER_CLASS, ClassMetric
from pipeline.metrics.class_rows import checked_classes
from pipeline.metrics.class_sample import ClassSample
from pipeline.metrics.noise_bias import centred
from pipeline.metrics.replicates import replicated
from pipeline.metrics.resampling import Interval, count_groups, exact_difference, exact_mean, interval_of

NO_ROWS, NO_CLASS, NEVER_CALLED = "no rows", "no rows of this class", "no row is called so"
NO_OTHERS = "no rows of other classes"


@dataclass(frozen=True, kw_only=True)
class ClassIntervals:
    """Metrics of many classes with their intervals.

    Attributes
    ----------
    whole : dict of str to Interval
        Each entry of `CLASS_METRICS`.
    per_class : tuple of dict of str to Interval
        Each entry of `PER_CLASS`, for each class in turn.
    """

    whole: dict[str, Interval]
    per_class: tuple[dict[str, Interval], ...]


def class_bootstrap(
    labels: ArrayLike,
    probabilities: ArrayLike,
    groups: ArrayLike,
    *,
    replicates: int = 1000,
    level: float = 0.68,
    rng: np.random.Generator,
) -> ClassIntervals:
    """Return all metrics of a sample with their intervals over groups, from the same replicates.

    A calibration error is given without the noise that can only raise it (`pipeline.metrics.noise_bias`). A mean over
    classes leaves out, in a replicate, a class of which no group was drawn.

    Parameters
    ----------
    labels : array_like, shape (n,)
        Index of the class, 0 to k - 1.
    probabilities : array_like, shape (n, k)
        The probability of each class.
    groups : array_like, shape (n,)
        The group of each row; rows of one group are drawn together.
    replicates : int
        How many samples of groups are drawn with replacement.
    level : float
        Probability that the intervals are meant to cover. If all replicates agree, Jeffreys' interval is given.
    rng : Generator
        Source of the draws.

    Raises
    ------
    InputError
        As raised by `checked_classes`, or if there is not one group for each row.
    """
    return _intervals(labels, [probabilities], groups, replicates, level, rng)


def class_differences(
    labels: ArrayLike,
    probabilities_a: ArrayLike,
    probabilities_b: ArrayLike,
    groups: ArrayLike,
    *,
    replicates: int = 1000,
    level: float = 0.68,
    rng: np.random.Generator,
) -> ClassIntervals:
    """Return ``metric(a) - metric(b)`` on the same rows for all metrics, from the same replicates.

    Parameters
    ----------
    labels : array_like, shape (n,)
        Index of the class, 0 to k - 1.
    probabilities_a, probabilities_b : array_like, shape (n, k)
        The probabilities of the two models.
    groups : array_like, shape (n,)
        The group of each row; rows of one group are drawn together.
    replicates, level, rng : int, float, Generator
        As for `class_bootstrap`.

    Raises
    ------
    InputError
        As raised by `class_bootstrap`.
    """
    return _intervals(labels, [probabilities_a, probabilities_b], groups, replicates, level, rng)


def _intervals(
    labels: ArrayLike,
    models: Sequence[ArrayLike],
    groups: ArrayLike,
    replicates: int,
    level: float,
    rng: np.random.Generator,
) -> ClassIntervals:
    """Return the intervals of one model, or of the first less the second."""
    label, first = checked_classes(labels, models[0])
    samples = [ClassSample(label, chances) for chances in models]
    columns = _columns(first.shape[1])

    def figures(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.stack([_figures(ClassSample(label, chances, weights)) for chances in models], axis=1)

    entries = [entry for entry, _ in columns]
    values, drawn = replicated(figures, entries, groups, len(label), replicates, rng)
    found = [
        _interval(values[:, place], drawn[:, :, place], entry, index, samples, groups, level)
        for place, (entry, index) in enumerate(columns)
    ]
    n_whole = len(CLASS_METRICS)
    rest = iter(found[n_whole:])
    by_class = [dict(zip(PER_CLASS, [next(rest) for _ in PER_CLASS], strict=True)) for _ in range(first.shape[1])]
    return ClassIntervals(whole=dict(zip(CLASS_METRICS, found[:n_whole], strict=True)), per_class=tuple(by_class))


def _columns(n_classes: int) -> list[tuple[ClassMetric, int]]:
    """Return the metric and the class (-1 for all) of every figure, in the order of `_figures`."""
    whole = [(CLASS_METRICS[name], -1) for name in CLASS_METRICS]
    return whole + [(PER_CLASS[name], index) for index in range(n_classes) for name in PER_CLASS]


def _figures(sample: ClassSample) -> NDArray[np.float64]:
    """Return all figures of a sample in every weighting, ``(r, figures)``."""
    whole = np.stack([CLASS_METRICS[name].weighted(sample) for name in CLASS_METRICS], axis=1)
    by_class = np.stack([PER_CLASS[name].weighted(sample) for name in PER_CLASS], axis=2)
    return np.concatenate([whole, by_class.reshape(len(whole), -1)], axis=1)


def _interval(
    values: NDArray[np.float64],
    drawn: NDArray[np.float64],
    entry: ClassMetric,
    index: int,
    samples: Sequence[ClassSample],
    groups: ArrayLike,
    level: float,
) -> Interval:
    """Return the interval of one figure of one model, or of the first model less the second."""
    n, n_groups = len(samples[0].labels), count_groups(groups)
    reason = next((why for one in samples if (why := _undefined(one, entry, index))), "")
    if reason:
        return Interval.nothing(level, n, n_groups, reason)
    trials = min(_trials(one, entry, index, np.asarray(groups)) for one in samples)
    if len(samples) == 1:
        return interval_of(float(values[0]), drawn[:, 0], level, n, n_groups, exact_mean(entry, trials))
    value, apart = float(values[0] - values[1]), drawn[:, 0] - drawn[:, 1]
    apart = centred(value, apart) if entry.noise_adds else apart
    return interval_of(value, apart, level, n, n_groups, exact_difference(entry, trials))


def _undefined(sample: ClassSample, entry: ClassMetric, index: int) -> str:
    """Return why a sample has no value of a metric, or an empty string."""
    if not len(sample.labels):
        return NO_ROWS
    if index < 0:
        first = entry.name.endswith("without_0")
        lone = entry.name == "macro_auc" and sample.present.sum() < 2
        return NO_CLASS if first and not sample.present[1:].any() else NO_OTHERS if lone else ""
    if entry.trials == "called":
        return "" if (sample.predicted == index).any() else NEVER_CALLED
    if entry.trials == "class" and not sample.present[index]:
        return NO_CLASS
    needs_others = entry.trials == "others" or entry.name in ("auc", "average_precision")
    return NO_OTHERS if needs_others and sample.present[index] and sample.present.sum() == 1 else ""


def _trials(sample: ClassSample, entry: ClassMetric, index: int, groups: NDArray[np.generic]) -> int:
    """Return how many independent groups a figure is a mean of."""
    if entry.trials == "rows":
        return count_groups(groups)
    if entry.trials == "fewest":
        return min(count_groups(groups[sample.labels == c]) for c in np.flatnonzero(sample.present))
    chosen = {
        "class": sample.labels == index,
        "others": sample.labels != index,
        "called": sample.predicted == index,
    }[entry.trials]
    return count_groups(groups[chosen])
