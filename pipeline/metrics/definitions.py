"""The metrics of a real/bogus classifier; one definition of each is used for a sample and for its bootstrap."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.classes import REAL
from pipeline.metrics.curves import Curves, checked, ratio
from pipeline.metrics.metric_facts import MetricFacts
from pipeline.metrics.metric_facts import enter as enter_metric
from pipeline.registry import Registry

Weighted = Callable[[Curves], NDArray[np.float64]]
Trials = Literal["rows", "real", "bogus", "fewer"]

DECISION = 0.5
"""Score at or above which ``accuracy``, ``mcc`` and ``f1`` call a row real."""

ECE_BINS = 15
SMALLEST_PROBABILITY = float(np.finfo(np.float32).eps)
"""Scores are float32; the logarithm of anything smaller would be that of a rounding error."""

SLACK = 1e-9
"""Counts are whole numbers; this keeps ``0.01 * 300`` from losing the third bogus to rounding."""


@dataclass(frozen=True, kw_only=True)
class Metric(MetricFacts):
    """One number of merit, callable as ``metric(labels, scores)``.

    Attributes
    ----------
    needs_both : bool
        Undefined where one class is absent.
    needs_probability : bool
        Undefined where a score lies outside 0 ... 1.
    trials : str
        The rows whose groups are the independent trials of which it is a mean: all rows, one class, or the class that
        has fewer groups.
    weighted : callable
        The definition: turns :class:`Curves` with r weightings into r values.
    of_order : bool
        Only the order of the scores decides it, which a calibration that rises does not change.
    """

    needs_both: bool
    needs_probability: bool
    trials: Trials
    weighted: Weighted
    of_order: bool = False

    def __call__(self, labels: ArrayLike, scores: ArrayLike) -> float:
        """Return the value of a sample; NaN if it is undefined (see :meth:`undefined`)."""
        if self.undefined(labels, scores):
            return float("nan")
        return float(self.weighted(Curves(labels, scores))[0])

    def undefined(self, labels: ArrayLike, scores: ArrayLike) -> str:
        """Return why the metric has no value for a sample, or an empty string."""
        label, score = checked(labels, scores)
        if len(label) == 0:
            return "no rows"
        if self.needs_both and label.min() == label.max():
            return f"only {'real' if label[0] else 'bogus'} rows"
        if self.needs_probability and (score.min() < 0 or score.max() > 1):
            return "scores outside 0 ... 1 are not probabilities"
        return ""


METRICS: Registry[Metric] = Registry("metric")


def metric(
    name: str,
    title: str,
    *,
    unit: str = "",
    larger_is_better: bool = False,
    needs_both: bool = True,
    needs_probability: bool = False,
    trials: Trials = "rows",
    lowest: float = 0.0,
    highest: float = 1.0,
    noise_adds: bool = False,
    of_order: bool = False,
) -> Callable[[Weighted], Weighted]:
    """Return a decorator that registers a function of :class:`Curves` as a :class:`Metric`.

    Parameters
    ----------
    name, title : str
        Its key in metrics.json and its name for a reader.
    unit : str
        ``"%"`` if the value (a fraction) reads best as per cent, else ``""``.
    larger_is_better : bool
        Whether a larger value is a better one.
    needs_both : bool
        The metric is undefined where one class is absent.
    needs_probability : bool
        The metric is undefined where a score lies outside 0 ... 1.
    trials : str
        The rows whose groups are the independent trials of which it is a mean: ``"rows"`` (all), ``"real"``,
        ``"bogus"``, or ``"fewer"`` (the class that has fewer groups).
    lowest, highest : float
        The bounds of its value.
    noise_adds : bool
        Noise of the sample can only raise it, so with an interval it is given without that noise.
    of_order : bool
        Only the order of the scores decides it.
    """

    def enter(weighted: Weighted) -> Weighted:
        entry = Metric(
            name=name,
            title=title,
            unit=unit,
            larger_is_better=larger_is_better,
            needs_both=needs_both,
            needs_probability=needs_probability,
            trials=trials,
            lowest=lowest,
            highest=highest,
            noise_adds=noise_adds,
            weighted=weighted,
            of_order=of_order,
        )
        enter_metric(METRICS, entry)
        return weighted

    return enter


@metric("auc", "AUC", larger_is_better=True, trials="fewer", of_order=True)
def _auc(curves: Curves) -> NDArray[np.float64]:
    """Probability that a real outscores a bogus, ties counted half (Mann-Whitney).

    Its variance is at most that of a fraction of the fewer class's rows (Birnbaum & Klose 1957).
    """
    true, false = curves.true_positives, curves.false_positives
    before = np.concatenate([np.zeros((len(true), 1)), true[:, :-1]], axis=1)
    steps = np.diff(false, axis=1, prepend=0.0)
    return ratio((steps * (true + before)).sum(axis=1) / 2.0, curves.n_real * curves.n_bogus)


@metric("average_precision", "Average precision", larger_is_better=True, trials="real", of_order=True)
def _average_precision(curves: Curves) -> NDArray[np.float64]:
    """Mean of the precision over the reals, in order of falling score, without interpolation."""
    true = curves.true_positives
    passed = true + curves.false_positives
    precision = np.divide(true, passed, out=np.zeros_like(true), where=passed > 0)
    total = (np.diff(true, axis=1, prepend=0.0) * precision).sum(axis=1)
    return np.where(curves.n_bogus > 0, ratio(total, curves.n_real), np.nan)


@metric("accuracy", "Accuracy at 0.5", unit="%", larger_is_better=True, needs_both=False)
def _accuracy(curves: Curves) -> NDArray[np.float64]:
    """Share of rows on the right side of 0.5."""
    true, false = curves.counts_at(DECISION)
    return ratio(true + curves.n_bogus - false, curves.n)


@metric("mcc", "Matthews correlation at 0.5", larger_is_better=True, trials="fewer", lowest=-1.0)
def _mcc(curves: Curves) -> NDArray[np.float64]:
    """Matthews correlation coefficient; 0 where all rows fall on one side of 0.5."""
    true, false = curves.counts_at(DECISION)
    return mcc_of_counts(true, false, curves.n_real, curves.n_bogus)


@metric("f1", "F1 at 0.5", larger_is_better=True, trials="real")
def _f1(curves: Curves) -> NDArray[np.float64]:
    """Harmonic mean of precision and recall of the reals."""
    true, false = curves.counts_at(DECISION)
    return np.where(curves.n_bogus > 0, f1_of_counts(true, false, curves.n_real), np.nan)


@metric("equal_error", "Equal error rate", unit="%", trials="fewer", of_order=True)
def _equal_error(curves: Curves) -> NDArray[np.float64]:
    """The rate at which MDR equals FPR, on the straight line between the two thresholds around it."""
    start = np.zeros((len(curves.weights), 1))
    false = np.concatenate([start, ratio(curves.false_positives, curves.n_bogus[:, None])], axis=1)
    missed = np.concatenate([start + 1.0, 1.0 - ratio(curves.true_positives, curves.n_real[:, None])], axis=1)
    gap = missed - false
    after = np.argmax(gap <= 0, axis=1)[:, None]
    gap_before, gap_after = (np.take_along_axis(gap, index, axis=1)[:, 0] for index in (after - 1, after))
    low, high = (np.take_along_axis(false, index, axis=1)[:, 0] for index in (after - 1, after))
    crossing = low + (high - low) * ratio(gap_before, gap_before - gap_after)
    return np.where(curves.n_real * curves.n_bogus > 0, crossing, np.nan)


def _mdr_at_fpr(curves: Curves, limit: float) -> NDArray[np.float64]:
    allowed = curves.false_positives <= limit * curves.n_bogus[:, None] + SLACK
    best = np.where(allowed, curves.true_positives, 0.0).max(axis=1)
    return np.where(curves.n_bogus > 0, 1.0 - ratio(best, curves.n_real), np.nan)


def _fpr_at_mdr(curves: Curves, limit: float) -> NDArray[np.float64]:
    found = curves.true_positives >= (1.0 - limit) * curves.n_real[:, None] - SLACK
    fewest = np.where(found, curves.false_positives, np.inf).min(axis=1)
    return np.where(curves.n_real > 0, ratio(fewest, curves.n_bogus), np.nan)


@metric("mdr_at_fpr_1pc", "MDR at FPR 1 %", unit="%", trials="real", of_order=True)
def _mdr_at_fpr_1pc(curves: Curves) -> NDArray[np.float64]:
    """Smallest missed detection rate of the thresholds with a false positive rate of at most 1 %."""
    return _mdr_at_fpr(curves, 0.01)


@metric("mdr_at_fpr_5pc", "MDR at FPR 5 %", unit="%", trials="real", of_order=True)
def _mdr_at_fpr_5pc(curves: Curves) -> NDArray[np.float64]:
    """Smallest missed detection rate of the thresholds with a false positive rate of at most 5 %."""
    return _mdr_at_fpr(curves, 0.05)


@metric("fpr_at_mdr_1pc", "FPR at MDR 1 %", unit="%", trials="bogus", of_order=True)
def _fpr_at_mdr_1pc(curves: Curves) -> NDArray[np.float64]:
    """Smallest false positive rate of the thresholds that miss at most 1 % of the reals."""
    return _fpr_at_mdr(curves, 0.01)


@metric("fpr_at_mdr_5pc", "FPR at MDR 5 %", unit="%", trials="bogus", of_order=True)
def _fpr_at_mdr_5pc(curves: Curves) -> NDArray[np.float64]:
    """Smallest false positive rate of the thresholds that miss at most 5 % of the reals."""
    return _fpr_at_mdr(curves, 0.05)


@metric("ece", "Expected calibration error", needs_both=False, needs_probability=True, noise_adds=True)
def _ece(curves: Curves) -> NDArray[np.float64]:
    """Mean gap of score and fraction of reals over 15 equal bins, weighted by their rows."""
    member = score_bins(curves.scores, ECE_BINS)[:, None] == np.arange(ECE_BINS)
    gaps = curves.weights @ ((curves.scores - curves.labels)[:, None] * member)
    return ratio(np.abs(gaps).sum(axis=1), curves.n)


@metric("brier", "Brier score", needs_both=False, needs_probability=True)
def _brier(curves: Curves) -> NDArray[np.float64]:
    """Mean square of score minus label."""
    return curves.mean((curves.scores - curves.labels) ** 2)


@metric("log_loss", "Log loss", needs_both=False, needs_probability=True, highest=float("inf"))
def _log_loss(curves: Curves) -> NDArray[np.float64]:
    """Mean negative log-probability of the label, natural logarithm, scores clipped to float32's rounding."""
    likelihood = np.where(curves.labels == REAL, curves.scores, 1.0 - curves.scores)
    return curves.mean(-np.log(np.clip(likelihood, SMALLEST_PROBABILITY, 1.0 - SMALLEST_PROBABILITY)))


def score_bins(scores: NDArray[np.float64], bins: int) -> NDArray[np.int64]:
    """Return the bin of each score, of ``bins`` equal ones of 0 ... 1; only the last includes its upper end."""
    return np.clip((scores * bins).astype(np.int64), 0, bins - 1)


def mcc_of_counts(
    true: NDArray[np.float64],
    false: NDArray[np.float64],
    n_real: NDArray[np.float64],
    n_bogus: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return Matthews' correlation coefficient from counts of rows, weighted or not.

    With TP, FP and N = n_real + n_bogus, it is
    ``(TP n_bogus - FP n_real) / sqrt(n_real n_bogus (TP + FP) (N - TP - FP))``.

    Parameters
    ----------
    true, false : ndarray of float64, (k,)
        How many real and how many bogus rows passed the threshold (TP and FP).
    n_real, n_bogus : ndarray of float64, (k,)
        How many rows of each class there are.

    Returns
    -------
    ndarray of float64, (k,)
        From -1 to 1; zero where all or no rows passed, NaN where a class is absent.
    """
    covariance = true * n_bogus - false * n_real
    passed = true + false
    spread = n_real * n_bogus * passed * (n_real + n_bogus - passed)
    value = np.divide(covariance, np.sqrt(spread), out=np.zeros_like(covariance), where=spread > 0)
    return np.where(n_real * n_bogus > 0, value, np.nan)


def f1_of_counts(
    true: NDArray[np.float64], false: NDArray[np.float64], n_real: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return F1 of the reals from the numbers of real and bogus that passed and of all reals; NaN without reals."""
    return np.where(n_real > 0, ratio(2.0 * true, n_real + true + false), np.nan)


def summary(labels: ArrayLike, scores: ArrayLike, weights: NDArray[np.float64] | None = None) -> dict[str, float]:
    """Return every metric of a sample by its `name_without_interval`; NaN for one that is undefined.

    Parameters
    ----------
    labels : array_like, shape (n,)
        0 bogus, 1 real.
    scores : array_like, shape (n,)
        1 = real; finite (select rows with :func:`scored_mask`, and count those left out).
    weights : ndarray of float64, shape (n,), optional
        Weight of each row; ones by default.
    """
    curves = Curves(labels, scores, None if weights is None else weights[None])
    nan = float("nan")
    return {
        entry.name_without_interval: nan if entry.undefined(labels, scores) else float(entry.weighted(curves)[0])
        for entry in (METRICS[name] for name in METRICS)
    }
