"""Rules that choose the score above which a candidate is called real, and what a choice gives."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.classes import BOGUS, REAL
from pipeline.errors import InputError
from pipeline.metrics.curves import Curves, checked
from pipeline.metrics.definitions import SLACK, f1_of_counts, mcc_of_counts
from pipeline.registry import Registry

log = logging.getLogger(__name__)

FEW_BOGUS = 5
"""A budget that lets fewer bogus rows of the sample pass rests on chance."""

_BEYOND = 1e-6
"""A threshold that no row of the sample passes lies above the highest score by this share of it, for scores at
inference are float32, and so are thresholds that they are compared with."""

THRESHOLD_RULES: Registry[Callable[..., float]] = Registry("threshold rule")
"""``(labels, scores, **parameter) -> threshold``; a row is real when ``score >= threshold``."""


@dataclass(frozen=True, kw_only=True)
class Confusion:
    """Counts of rows by class and side of one threshold."""

    threshold: float
    true_positives: int
    false_positives: int
    false_negatives: int
    true_negatives: int

    @property
    def recall(self) -> float:
        """Share of the reals called real, NaN without reals."""
        return _share(self.true_positives, self.true_positives + self.false_negatives)

    @property
    def fpr(self) -> float:
        """Share of the bogus called real, NaN without bogus."""
        return _share(self.false_positives, self.false_positives + self.true_negatives)

    @property
    def precision(self) -> float:
        """Share of real among those called real in this sample; NaN if none was."""
        return _share(self.true_positives, self.true_positives + self.false_positives)


def confusion(labels: ArrayLike, scores: ArrayLike, threshold: float) -> Confusion:
    """Return the confusion counts of ``score >= threshold``."""
    label, score = checked(labels, scores)
    passed = score >= threshold
    return Confusion(
        threshold=float(threshold),
        true_positives=int(np.count_nonzero(passed & (label == REAL))),
        false_positives=int(np.count_nonzero(passed & (label == BOGUS))),
        false_negatives=int(np.count_nonzero(~passed & (label == REAL))),
        true_negatives=int(np.count_nonzero(~passed & (label == BOGUS))),
    )


@THRESHOLD_RULES.register("fixed", parameters={"value": "the threshold itself, 0 ... 1"})
def fixed(labels: ArrayLike, scores: ArrayLike, *, value: float = 0.5) -> float:  # noqa: ARG001
    """Use a given number, whatever the data say."""
    return _fraction("value", value)


@THRESHOLD_RULES.register("mdr", parameters={"target": "largest missed detection rate, 0 ... 1"})
def mdr(labels: ArrayLike, scores: ArrayLike, *, target: float = 0.01) -> float:
    """Take the highest threshold that misses at most a share ``target`` of the reals."""
    curves = _both_classes(labels, scores)
    enough = curves.true_positives[0] >= (1.0 - _fraction("target", target)) * curves.n_real[0] - SLACK
    return _between(curves, int(np.argmax(enough)))


@THRESHOLD_RULES.register("fpr", parameters={"target": "largest false positive rate, 0 ... 1"})
def fpr(labels: ArrayLike, scores: ArrayLike, *, target: float = 0.01) -> float:
    """Take the lowest threshold that passes at most a share ``target`` of the bogus."""
    curves = _both_classes(labels, scores)
    allowed = curves.false_positives[0] <= _fraction("target", target) * curves.n_bogus[0] + SLACK
    return _between(curves, int(np.count_nonzero(allowed)) - 1)


@THRESHOLD_RULES.register("f1", parameters={})
def f1(labels: ArrayLike, scores: ArrayLike) -> float:
    """Take the threshold with the largest F1 of the reals."""
    curves = _both_classes(labels, scores)
    return _best(curves, f1_of_counts(curves.true_positives[0], curves.false_positives[0], curves.n_real))


@THRESHOLD_RULES.register("mcc", parameters={})
def mcc(labels: ArrayLike, scores: ArrayLike) -> float:
    """Take the threshold with the largest Matthews correlation."""
    curves = _both_classes(labels, scores)
    passed = curves.true_positives[0], curves.false_positives[0]
    return _best(curves, mcc_of_counts(*passed, curves.n_real, curves.n_bogus))


@THRESHOLD_RULES.register("gmean", parameters={})
def gmean(labels: ArrayLike, scores: ArrayLike) -> float:
    """Take the threshold with the largest geometric mean of TPR and 1 - FPR."""
    curves = _both_classes(labels, scores)
    kept = curves.true_positives[0] / curves.n_real
    rejected = 1.0 - curves.false_positives[0] / curves.n_bogus
    return _best(curves, np.sqrt(kept * rejected))


@THRESHOLD_RULES.register("f1_mcc", parameters={})
def f1_mcc(labels: ArrayLike, scores: ArrayLike) -> float:
    """Take the threshold with the largest sum of the F1 of the reals and the Matthews correlation."""
    curves = _both_classes(labels, scores)
    passed = curves.true_positives[0], curves.false_positives[0]
    merit = f1_of_counts(*passed, curves.n_real) + mcc_of_counts(*passed, curves.n_real, curves.n_bogus)
    return _best(curves, merit)


@THRESHOLD_RULES.register(
    "budget",
    parameters={"looks": "most candidates that people look at a night, above 0"},
    needs=("looks",),
    of_survey=("base_rate", "candidates_per_night"),
)
def budget(
    labels: ArrayLike, scores: ArrayLike, *, looks: float, base_rate: float, candidates_per_night: float
) -> float:
    """Take the lowest threshold that calls at most ``looks`` candidates a night real.

    Parameters
    ----------
    labels, scores : array_like, shape (n,)
        0 bogus and 1 real; finite scores, larger for more real.
    looks : float
        How many candidates people can look at a night, above 0.
    base_rate : float
        Share of reals among the survey's own candidates.
    candidates_per_night : float
        How many candidates a usual night of the survey has.

    Raises
    ------
    InputError
        If a class is absent or an argument is out of range.
    """
    curves = _both_classes(labels, scores)
    for name, value in (("looks", looks), ("candidates_per_night", candidates_per_night)):
        if not value > 0:
            raise InputError(f"threshold parameter {name} must be above 0; given {value}")
    share = _fraction("base_rate", base_rate)
    kept, false = curves.true_positives[0] / curves.n_real[0], curves.false_positives[0] / curves.n_bogus[0]
    called = candidates_per_night * (share * kept + (1.0 - share) * false)
    chosen = int(np.count_nonzero(called <= looks * (1.0 + SLACK))) - 1
    passing = 0 if chosen < 0 else int(curves.false_positives[0, chosen])
    if passing < FEW_BOGUS and chosen + 1 < len(called):
        log.warning(
            "a budget of %g of %g candidates a night lets %d bogus of the sample pass: more bogus rows would tell its "
            "threshold better", looks, candidates_per_night, passing,
        )  # fmt: skip
    return _between(curves, chosen)


def _both_classes(labels: ArrayLike, scores: ArrayLike) -> Curves:
    curves = Curves(labels, scores)
    n_real, n_bogus = int(curves.n_real[0]), int(curves.n_bogus[0])
    if min(n_real, n_bogus) == 0:
        raise InputError(f"a threshold rule needs real and bogus rows; given {n_real} real and {n_bogus} bogus")
    return curves


def _fraction(name: str, value: float) -> float:
    if not 0.0 <= value <= 1.0:
        raise InputError(f"threshold parameter {name} must lie in 0 ... 1; given {value}")
    return float(value)


def _best(curves: Curves, merit: NDArray[np.float64]) -> float:
    return _between(curves, int(np.argmax(merit)))


def _between(curves: Curves, index: int) -> float:
    """Return a threshold that distinct scores up to ``index`` pass: half-way to the next lower one.

    It is half-way so that a rounding error in a score at inference does not move its row across it.
    """
    scores = curves.distinct_scores
    if index < 0:
        return float(scores[0] + max(abs(scores[0]) * _BEYOND, np.finfo(np.float32).tiny))
    if index + 1 == len(scores):
        return float(scores[index])
    middle = 0.5 * (scores[index] + scores[index + 1])
    return float(middle if middle > scores[index + 1] else scores[index])


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
