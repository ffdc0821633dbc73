"""Isotonic calibration of two classes: a rising line through the shares of reals along the logits."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import isotonic_regression
from scipy.special import expit, logit

from pipeline.classes import REAL
from pipeline.errors import InputError
from pipeline.metrics.curves import checked


@dataclass(frozen=True)
class Isotonic:
    """A calibrated logit that is piecewise linear in the logit, and goes on with slope 1 beyond the outermost knots.

    It always rises, so that no two rows change places.

    Attributes
    ----------
    knots : tuple of float, (m,)
        Logits, rising; at least one.
    values : tuple of float, (m,)
        Calibrated logits at the knots, rising.

    Examples
    --------
    >>> Isotonic((0.0, 2.0), (-1.0, 3.0)).calibrated([-1.0, 1.0, 3.0]).tolist()
    [-2.0, 1.0, 4.0]
    """

    knots: tuple[float, ...]
    values: tuple[float, ...]

    def calibrated(self, logits: ArrayLike) -> NDArray[np.float64]:
        """Return calibrated logits, same shape; NaN stays NaN."""
        given = np.asarray(logits, dtype=np.float64)
        within = np.interp(given, self.knots, self.values)
        return np.asarray(within + np.minimum(given - self.knots[0], 0.0) + np.maximum(given - self.knots[-1], 0.0))

    def apply(self, logits: ArrayLike) -> NDArray[np.float64]:
        """Return calibrated probabilities of being real, same shape as the logits; NaN stays NaN."""
        return np.asarray(expit(self.calibrated(logits)))


def fit_isotonic(logits: ArrayLike, labels: ArrayLike) -> Isotonic:
    """Return the rising map of logits under which the scores of held-out rows are shares of reals.

    Rows are pooled to blocks by isotonic regression (Zadrozny and Elkan 2002), whose share of reals is taken as
    ``(n_real + 1/2) / (n + 1)``, so that no block is quite sure; blocks that no longer rise are pooled again. A knot
    lies at the mean logit of each block.

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
    is_real = label == REAL
    if not is_real.any() or is_real.all():
        raise InputError(
            f"calibration needs real and bogus rows; given {is_real.sum()} real and {(~is_real).sum()} bogus"
        )
    knots, place, rows = np.unique(values, return_inverse=True, return_counts=True)
    reals = np.bincount(place, is_real)
    shares = isotonic_regression(reals / rows, weights=rows).x
    while True:
        block = np.cumsum(np.diff(shares, prepend=shares[:1]) > 0)
        rows_of, reals_of = np.bincount(block, rows), np.bincount(block, reals)
        means = np.bincount(block, knots * rows) / rows_of
        chances = (reals_of + 0.5) / (rows_of + 1.0)
        if (np.diff(chances) > 0).all():
            return Isotonic(tuple(means.tolist()), tuple(logit(chances).tolist()))
        shares = isotonic_regression(chances, weights=rows_of).x[block]
