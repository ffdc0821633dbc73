"""Calibration: turn a classifier's logits into probabilities, and measure how far scores are from being so."""

import logging
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize
from scipy.special import expit, log_expit, logit

from pipeline.classes import BOGUS, REAL
from pipeline.errors import InputError
from pipeline.metrics.curves import checked
from pipeline.metrics.definitions import score_bins
from pipeline.metrics.intervals import binomial_interval

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Platt:
    """The calibration ``score = 1 / (1 + exp(-(slope * logit + intercept)))`` (Platt 1999).

    Examples
    --------
    >>> Platt(2.0, 0.0).apply([0.0]).tolist()
    [0.5]
    """

    slope: float
    intercept: float

    def apply(self, logits: ArrayLike) -> NDArray[np.float64]:
        """Return calibrated probabilities of being real, same shape as the logits; NaN stays NaN."""
        return np.asarray(expit(self.slope * np.asarray(logits, dtype=np.float64) + self.intercept))

    def calibrated(self, logits: ArrayLike) -> NDArray[np.float64]:
        """Return calibrated logits, same shape; NaN stays NaN."""
        return self.slope * np.asarray(logits, dtype=np.float64) + self.intercept

    def at_prevalence(self, fitted: float, wanted: float) -> "Platt":
        """Return the calibration for another share of reals than that of the rows it was fitted on.

        Bayes' rule: the prior odds move every logit by the same amount (Saerens et al. 2002).
        """
        for name, share in (("fitted", fitted), ("wanted", wanted)):
            if not 0.0 < share < 1.0:
                raise InputError(f"prevalence {name} must lie between 0 and 1, ends excluded; given {share}")
        return Platt(self.slope, self.intercept + float(logit(wanted) - logit(fitted)))


IDENTITY = Platt(1.0, 0.0)
"""No calibration: the plain sigmoid of the logit."""


def fit_platt(logits: ArrayLike, labels: ArrayLike, weights: ArrayLike | None = None) -> Platt:
    """Return the slope and intercept that make the scores of held-out rows probabilities.

    The targets are Platt's (1999) ``(n_real + 1) / (n_real + 2)`` and ``1 / (n_bogus + 2)`` instead of 1 and 0,
    so the fit stays finite where the classes are separated perfectly.

    Parameters
    ----------
    logits : array_like, shape (n,)
        Classifier output before the sigmoid for rows that the training did not see; finite.
    labels : array_like, shape (n,)
        0 bogus, 1 real; both must occur.
    weights : array_like, shape (n,), optional
        Weight of each row, at least 0; ones by default.

    Raises
    ------
    InputError
        When a class is absent, a logit is not finite or a weight is negative.
    """
    label, values = checked(labels, logits)
    weight = np.ones(len(label)) if weights is None else np.asarray(weights, dtype=np.float64)
    if weight.shape != label.shape or not (weight >= 0).all():
        raise InputError("calibration weights must be one number per row, none negative")
    n_real, n_bogus = float(weight[label == REAL].sum()), float(weight[label == BOGUS].sum())
    if min(n_real, n_bogus) <= 0:
        raise InputError(f"calibration needs real and bogus rows; given {n_real:g} real and {n_bogus:g} bogus")
    targets = np.where(label == REAL, (n_real + 1.0) / (n_real + 2.0), 1.0 / (n_bogus + 2.0))
    centre = float(np.average(values, weights=weight))
    spread = float(np.sqrt(np.average((values - centre) ** 2, weights=weight)))
    if spread <= 1e-12 * max(1.0, abs(centre)):
        log.warning("all %d logits are equal; the calibration can only set the base rate", len(values))
        return Platt(1.0, float(logit(np.average(targets, weights=weight))) - centre)
    slope, intercept = _fit_line((values - centre) / spread, targets, weight)
    if slope <= 0:
        log.warning("calibration slope %.3g is not positive: the logits do not rank real above bogus", slope)
    return Platt(slope / spread, intercept - slope * centre / spread)


PRIOR_SLOPE_SIGMA, PRIOR_INTERCEPT_SIGMA = 0.3, 0.5
"""Widths of the normal priors of :func:`fit_platt_prior` around slope 1 and intercept 0."""


def fit_platt_prior(logits: ArrayLike, labels: ArrayLike) -> Platt:
    """Return a calibration for equal shares of both classes that a few held-out rows cannot lead far astray.

    Both classes have the same weight, together as much as twice the rows of the rarer one, and normal priors pull slope
    and intercept towards 1 and 0. With a dozen bogus, the plain fit changes so much from fold to fold that scores of
    different folds can no longer be compared; this one hardly changes.

    Parameters
    ----------
    logits : array_like, shape (n,)
        Classifier output before the sigmoid for rows that the training did not see.
    labels : array_like, shape (n,)
        0 bogus, 1 real; both must occur.

    Raises
    ------
    InputError
        When a class is absent or a logit is not finite.

    Examples
    --------
    >>> fit_platt_prior([-0.1, 0.1], [0, 1]).slope < 1.1
    True
    """
    label, values = checked(labels, logits)
    counts = np.array([(label == BOGUS).sum(), (label == REAL).sum()], dtype=float)
    if not counts.all():
        raise InputError(f"calibration needs real and bogus rows; given {counts[1]:g} real and {counts[0]:g} bogus")
    weight = (counts.min() / counts)[label]

    def loss(line: NDArray[np.float64]) -> float:
        lean = line[0] * values + line[1]
        misfit = -(weight * np.where(label == REAL, log_expit(lean), log_expit(-lean))).sum()
        pull = ((line[0] - 1.0) / PRIOR_SLOPE_SIGMA) ** 2 + (line[1] / PRIOR_INTERCEPT_SIGMA) ** 2
        return float(misfit + pull / 2.0)

    fit = minimize(loss, np.array([1.0, 0.0]), method="BFGS")
    return Platt(float(fit.x[0]), float(fit.x[1]))


def _fit_line(
    values: NDArray[np.float64], targets: NDArray[np.float64], weight: NDArray[np.float64]
) -> tuple[float, float]:
    """Return the logistic regression of soft targets on standardised values, by Newton in a trust region."""
    design = np.stack([values, np.ones_like(values)], axis=1)
    share = weight / weight.sum()

    def loss(line: NDArray[np.float64]) -> float:
        lean = design @ line
        return float(-(share * (targets * log_expit(lean) + (1.0 - targets) * log_expit(-lean))).sum())

    def slope(line: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(design.T @ (share * (expit(design @ line) - targets)))

    def curvature(line: NDArray[np.float64]) -> NDArray[np.float64]:
        chance = expit(design @ line)
        return np.asarray(design.T @ ((share * chance * (1.0 - chance))[:, None] * design))

    start = np.array([1.0, float(logit((share * targets).sum()))])
    fit = minimize(loss, start, jac=slope, hess=curvature, method="trust-exact", options={"gtol": 1e-10})
    return float(fit.x[0]), float(fit.x[1])


def reliability_table(labels: ArrayLike, scores: ArrayLike, bins: int = 10, level: float = 0.68) -> pd.DataFrame:
    """Return the mean score against the fraction of reals, in bins of equal width of the score.

    Parameters
    ----------
    labels : array_like, shape (n,)
        0 for bogus, 1 for real.
    scores : array_like, shape (n,)
        Probabilities, from 0 to 1.
    bins : int
        How many bins divide 0 ... 1.
    level : float
        Probability that the interval of the fraction (Jeffreys') is meant to cover.

    Returns
    -------
    DataFrame
        A row per bin: ``score_low score_high n n_real score_mean fraction_real fraction_low fraction_high``;
        the last four are NaN in an empty bin.

    Raises
    ------
    InputError
        If a score lies outside 0 ... 1.
    """
    label, score = checked(labels, scores)
    if len(score) and (score.min() < 0 or score.max() > 1):
        raise InputError(f"a reliability table needs scores in 0 ... 1; given {score.min():g} ... {score.max():g}")
    index = score_bins(score, bins)
    n = np.bincount(index, minlength=bins)
    n_real = np.bincount(index, weights=label, minlength=bins).astype(np.int64)
    total = np.bincount(index, weights=score, minlength=bins)
    edges = np.linspace(0.0, 1.0, bins + 1)
    low, high = binomial_interval(n_real, n, level)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean, fraction = total / n, n_real / n
    return pd.DataFrame(
        {
            "score_low": edges[:-1],
            "score_high": edges[1:],
            "n": n,
            "n_real": n_real,
            "score_mean": mean,
            "fraction_real": fraction,
            "fraction_low": low,
            "fraction_high": high,
        }
    )
