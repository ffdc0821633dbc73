"""Beta calibration of two classes: a slope for logits far below 0, one for those far above, and a shift."""

import logging
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize
from scipy.special import expit, log_expit, logit

from pipeline.classes import BOGUS, REAL
from pipeline.errors import InputError
from pipeline.metrics.curves import checked

log = logging.getLogger(__name__)

LEAST_SLOPE: Final = 1e-3
"""Neither slope is smaller, so that calibrated logits always rise and no two rows change places."""

RATIO_SIGMA: Final = 1.0
"""Width of the normal prior of the logarithm of the ratio of both slopes around 0: few rows give a line, as Platt's."""


@dataclass(frozen=True)
class Beta:
    """The calibration ``logit(score) = a ln p - b ln(1 - p) + c`` of ``p = 1 / (1 + exp(-z))`` (Kull et al. 2017).

    In the logit z it is ``b ln(1 + exp(z)) - a ln(1 + exp(-z)) + c``: a line of slope a far below 0, of slope b far
    above it. With ``a = b`` it is the calibration of Platt.

    Attributes
    ----------
    slope_below, slope_above : float
        a and b, above 0.
    intercept : float
        c.

    Examples
    --------
    >>> Beta(2.0, 1.0, 0.5).calibrated([-100.0, 100.0]).tolist()
    [-199.5, 100.5]
    """

    slope_below: float
    slope_above: float
    intercept: float

    def calibrated(self, logits: ArrayLike) -> NDArray[np.float64]:
        """Return calibrated logits, same shape; NaN stays NaN."""
        given = np.asarray(logits, dtype=np.float64)
        return np.asarray(self.slope_below * log_expit(given) - self.slope_above * log_expit(-given) + self.intercept)

    def apply(self, logits: ArrayLike) -> NDArray[np.float64]:
        """Return calibrated probabilities of being real, same shape as the logits; NaN stays NaN."""
        return np.asarray(expit(self.calibrated(logits)))


def fit_beta(logits: ArrayLike, labels: ArrayLike) -> Beta:
    """Return the slopes and the shift that make the scores of held-out rows probabilities.

    The cross-entropy is minimised with the targets of :func:`pipeline.scores.calibration.fit_platt`, so that the fit
    stays finite where the classes are separated perfectly. On the side of 0 where only one class lies the rows bound
    the slope on one side alone; so a normal prior of width `RATIO_SIGMA` pulls the logarithms of both slopes together.

    Parameters
    ----------
    logits : array_like, shape (n,)
        Classifier output before the sigmoid for rows that the training did not see; finite.
    labels : array_like, shape (n,)
        0 bogus, 1 real; both must occur.

    Raises
    ------
    InputError
        When a class is absent or a logit is not finite.
    """
    label, values = checked(labels, logits)
    n_real, n_bogus = int((label == REAL).sum()), int((label == BOGUS).sum())
    if min(n_real, n_bogus) == 0:
        raise InputError(f"calibration needs real and bogus rows; given {n_real} real and {n_bogus} bogus")
    targets = np.where(label == REAL, (n_real + 1.0) / (n_real + 2.0), 1.0 / (n_bogus + 2.0))
    share = float(logit(targets.mean()))
    if float(np.ptp(values)) <= LEAST_SLOPE * 1e-9 * max(1.0, float(np.abs(values).max())):
        log.warning("all %d logits are equal; the calibration can only set the base rate", len(values))
        return Beta(1.0, 1.0, share - float(values[0]))
    return _fitted(values, targets, share)


def _fitted(values: NDArray[np.float64], targets: NDArray[np.float64], share: float) -> Beta:
    """Return the fit; ``share`` is the logit of the mean of the targets."""
    design = np.stack([log_expit(values), -log_expit(-values), np.ones_like(values)], axis=1)
    scale = np.array([*np.maximum(design[:, :2].std(axis=0), 1e-12), 1.0])

    def loss(free: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        lean = design @ (free / scale)
        misfit = -(targets * log_expit(lean) + (1.0 - targets) * log_expit(-lean)).mean()
        slopes = free[:2] / scale[:2]
        apart = float(np.log(slopes[0] / slopes[1])) / RATIO_SIGMA**2 / len(values)
        pull = np.array([apart / slopes[0], -apart / slopes[1], 0.0])
        steepness = (design.T @ (expit(lean) - targets) / len(values) + pull) / scale
        return float(misfit + apart * np.log(slopes[0] / slopes[1]) / 2.0), steepness

    bounds = [(LEAST_SLOPE * scale[0], None), (LEAST_SLOPE * scale[1], None), (None, None)]
    fit = minimize(
        loss, np.array([1.0, 1.0, share]) * scale, jac=True, method="L-BFGS-B", bounds=bounds,
        options={"maxiter": 5000, "ftol": 1e-14, "gtol": 1e-9},
    )  # fmt: skip
    below, above, intercept = (float(one) for one in fit.x / scale)
    if max(below, above) <= 2.0 * LEAST_SLOPE:
        log.warning("calibration slopes are not positive: the logits do not rank real above bogus")
    return Beta(below, above, intercept)
