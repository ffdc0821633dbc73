"""The metrics of a classifier of many classes; one definition of each is used for a sample and for its bootstrap.

`CLASS_METRICS` are numbers of all classes together, `PER_CLASS` numbers of each class against all others.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.metrics.class_rows import checked_classes
from pipeline.metrics.class_sample import ClassSample
from pipeline.metrics.curves import ratio
from pipeline.metrics.definitions import ECE_BINS, METRICS, SMALLEST_PROBABILITY, score_bins
from pipeline.metrics.metric_facts import MetricFacts
from pipeline.metrics.metric_facts import enter as enter_metric
from pipeline.registry import Registry

TOP = 3
"""How many of the most probable classes ``top_3_accuracy`` looks at."""


Trials = Literal["rows", "class", "others", "called", "fewest"]


@dataclass(frozen=True, kw_only=True)
class ClassMetric(MetricFacts):
    """One number of merit of a `ClassSample`, or one for each class; its lower bound is 0.

    Attributes
    ----------
    trials : str
        The rows whose groups are the independent trials of which it is a mean: all rows (``rows``), those of the
        class (``class``), of the other classes (``others``), those called the class (``called``), or those of the
        rarest class that has rows (``fewest``).
    weighted : callable
        The definition: turns a sample with r weightings into ``(r,)`` values, or into ``(r, k)`` if it is per class.
    """

    trials: Trials
    weighted: Callable[[ClassSample], NDArray[np.float64]]


CLASS_METRICS: Registry[ClassMetric] = Registry("metric of all classes")
PER_CLASS: Registry[ClassMetric] = Registry("metric of each class")


def _metric(
    registry: Registry[ClassMetric],
    name: str,
    title: str,
    *,
    unit: str = "",
    better: bool = True,
    trials: Trials = "rows",
    highest: float = 1.0,
    noise_adds: bool = False,
) -> Callable[[Callable[[ClassSample], NDArray[np.float64]]], Callable[[ClassSample], NDArray[np.float64]]]:
    """Return a decorator that registers a function of `ClassSample` as a `ClassMetric`."""

    def enter(weighted: Callable[[ClassSample], NDArray[np.float64]]) -> Callable[[ClassSample], NDArray[np.float64]]:
        entry = ClassMetric(
            name=name,
            title=title,
            unit=unit,
            larger_is_better=better,
            trials=trials,
            highest=highest,
            noise_adds=noise_adds,
            weighted=weighted,
        )
        enter_metric(registry, entry)
        return weighted

    return enter


@_metric(PER_CLASS, "precision", "Precision", unit="%", trials="called")
def _precision(sample: ClassSample) -> NDArray[np.float64]:
    """Share of the rows called the class that belong to it; NaN if none is called so."""
    return ratio(_right(sample), sample.confusion.sum(axis=1))


@_metric(PER_CLASS, "recall", "Recall", unit="%", trials="class")
def _recall(sample: ClassSample) -> NDArray[np.float64]:
    """Share of the rows of the class that are called so; NaN without rows of it."""
    return ratio(_right(sample), sample.confusion.sum(axis=2))


@_metric(PER_CLASS, "f1", "F1", trials="class")
def _f1(sample: ClassSample) -> NDArray[np.float64]:
    """Harmonic mean of precision and recall; NaN without rows of the class."""
    truth, called = sample.confusion.sum(axis=2), sample.confusion.sum(axis=1)
    return np.where(truth > 0, ratio(2.0 * _right(sample), truth + called), np.nan)


@_metric(PER_CLASS, "fpr", "False positive rate", unit="%", better=False, trials="others")
def _fpr(sample: ClassSample) -> NDArray[np.float64]:
    """Share of the rows of all other classes that are called the class, FP / (FP + TN)."""
    truth, called = sample.confusion.sum(axis=2), sample.confusion.sum(axis=1)
    return ratio(called - _right(sample), truth.sum(axis=1, keepdims=True) - truth)


@_metric(PER_CLASS, "auc", "AUC", trials="class")
def _auc(sample: ClassSample) -> NDArray[np.float64]:
    """Probability that a row of the class has a higher probability of it than one of another class."""
    return _by_class(sample, "auc")


@_metric(PER_CLASS, "average_precision", "Average precision", trials="class")
def _average_precision(sample: ClassSample) -> NDArray[np.float64]:
    """Mean of the precision over the rows of the class, in order of its falling probability."""
    return _by_class(sample, "average_precision")


@_metric(CLASS_METRICS, "macro_f1", "Macro F1", trials="fewest")
def _macro_f1(sample: ClassSample) -> NDArray[np.float64]:
    """Mean of F1 over the classes that have rows."""
    return _macro(sample, _f1(sample))


@_metric(CLASS_METRICS, "macro_f1_without_0", "Macro F1 without class 0", trials="fewest")
def _macro_f1_without_0(sample: ClassSample) -> NDArray[np.float64]:
    """Mean of F1 over the classes that have rows, without the negative class 0."""
    return _macro(sample, _f1(sample), first=1)


@_metric(CLASS_METRICS, "macro_precision", "Macro precision", unit="%", trials="fewest")
def _macro_precision(sample: ClassSample) -> NDArray[np.float64]:
    """Mean of the precision over the classes that have rows; 0 for one that nothing is called."""
    return _macro(sample, np.where(sample.confusion.sum(axis=1) > 0, _precision(sample), 0.0))


@_metric(CLASS_METRICS, "macro_recall", "Macro recall", unit="%", trials="fewest")
def _macro_recall(sample: ClassSample) -> NDArray[np.float64]:
    """Mean of the recall over the classes that have rows, which is also called balanced accuracy."""
    return _macro(sample, _recall(sample))


@_metric(CLASS_METRICS, "macro_auc", "Macro AUC", trials="fewest")
def _macro_auc(sample: ClassSample) -> NDArray[np.float64]:
    """Mean of the AUC of each class against the rest, over the classes that have rows."""
    return _macro(sample, _auc(sample))


@_metric(CLASS_METRICS, "accuracy", "Accuracy", unit="%")
def _accuracy(sample: ClassSample) -> NDArray[np.float64]:
    """Share of rows that are called by their class."""
    return ratio(_right(sample).sum(axis=1), sample.n)


@_metric(CLASS_METRICS, "top_3_accuracy", "Top-3 accuracy", unit="%")
def _top_3_accuracy(sample: ClassSample) -> NDArray[np.float64]:
    """Share of rows whose class is among the three most probable ones; of equal ones the first comes first."""
    return sample.mean(within_top(sample.labels, sample.probabilities, TOP).astype(np.float64))


@_metric(CLASS_METRICS, "log_loss", "Log loss", better=False, highest=float("inf"))
def _log_loss(sample: ClassSample) -> NDArray[np.float64]:
    """Mean negative log-probability of the class, natural logarithm, clipped to float32's rounding."""
    likelihood = sample.probabilities[np.arange(len(sample.labels)), sample.labels]
    return sample.mean(-np.log(np.clip(likelihood, SMALLEST_PROBABILITY, 1.0)))


@_metric(CLASS_METRICS, "brier", "Brier score", better=False, highest=2.0)
def _brier(sample: ClassSample) -> NDArray[np.float64]:
    """Mean over rows of the sum over classes of the squared gap between probability and 0 or 1 (Brier 1950)."""
    truth = np.eye(sample.n_classes)[sample.labels]
    return sample.mean(((sample.probabilities - truth) ** 2).sum(axis=1))


@_metric(CLASS_METRICS, "ece", "Expected calibration error", better=False, noise_adds=True)
def _ece(sample: ClassSample) -> NDArray[np.float64]:
    """Mean gap of the largest probability and the share of right calls, over 15 equal bins weighted by their rows."""
    top = sample.probabilities.max(axis=1)
    return _gaps(sample, top, sample.probabilities.argmax(axis=1) == sample.labels)


@_metric(CLASS_METRICS, "class_ece", "Calibration error by class", better=False, noise_adds=True)
def _class_ece(sample: ClassSample) -> NDArray[np.float64]:
    """Mean over the classes of the same gap between a class's probability and the share of its rows."""
    gaps = [_gaps(sample, sample.probabilities[:, c], sample.labels == c) for c in range(sample.n_classes)]
    return np.mean(gaps, axis=0)


def within_top(labels: ArrayLike, probabilities: ArrayLike, top: int) -> NDArray[np.bool_]:
    """Return whether the class of each row is among its ``top`` most probable ones, ``(n,)``.

    Parameters
    ----------
    labels : array_like, shape (n,)
        Index of the class, 0 to k - 1.
    probabilities : array_like, shape (n, k)
        The probability of each class; of equal ones the first counts as the more probable.
    top : int
        How many classes are looked at.

    Raises
    ------
    InputError
        As raised by `checked_classes`.
    """
    label, chances = checked_classes(labels, probabilities)
    own = chances[np.arange(len(label)), label][:, None]
    ahead = (chances > own) | ((chances == own) & (np.arange(chances.shape[1]) < label[:, None]))
    return np.asarray(ahead.sum(axis=1) < top)


def class_summary(
    labels: ArrayLike, probabilities: ArrayLike, predicted: ArrayLike | None = None
) -> tuple[dict[str, float], dict[str, NDArray[np.float64]]]:
    """Return every metric of a sample: those of all classes, and those of each class, ``(k,)``; NaN if undefined.

    Those of all classes have their `name_without_interval` as key.

    Parameters
    ----------
    labels : array_like, shape (n,)
        Index of the class, 0 to k - 1.
    probabilities : array_like, shape (n, k)
        The probability of each class.
    predicted : array_like of int, shape (n,), optional
        The class that each row is called; by default the most probable one.

    Raises
    ------
    InputError
        As raised by `checked_classes`.
    """
    sample, of_all = (
        ClassSample(labels, probabilities, predicted=predicted),
        [CLASS_METRICS[name] for name in CLASS_METRICS],
    )
    return (
        {entry.name_without_interval: float(entry.weighted(sample)[0]) for entry in of_all},
        {name: PER_CLASS[name].weighted(sample)[0] for name in PER_CLASS},
    )


def _right(sample: ClassSample) -> NDArray[np.float64]:
    """Return the weight of the rows of each class that are called so, ``(r, k)``."""
    return np.asarray(np.diagonal(sample.confusion, axis1=1, axis2=2))


def _macro(sample: ClassSample, values: NDArray[np.float64], first: int = 0) -> NDArray[np.float64]:
    """Return the mean over the classes with rows, ``(r,)``; a class that a weighting lacks is left out of it there."""
    chosen = values[:, first:][:, sample.present[first:]]
    known = np.isfinite(chosen)
    return ratio(np.where(known, chosen, 0.0).sum(axis=1), known.sum(axis=1).astype(np.float64))


def _by_class(sample: ClassSample, name: str) -> NDArray[np.float64]:
    curves = (sample.one_against_rest(index) for index in range(sample.n_classes))
    return np.stack([METRICS[name].weighted(one) for one in curves], axis=1)


def _gaps(sample: ClassSample, chances: NDArray[np.float64], happened: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the mean absolute gap of probabilities and what happened, over bins weighted by their rows, ``(r,)``."""
    member = score_bins(chances, ECE_BINS)[:, None] == np.arange(ECE_BINS)
    return ratio(np.abs(sample.weights @ ((chances - happened)[:, None] * member)).sum(axis=1), sample.n)
