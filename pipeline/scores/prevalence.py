"""Calibrations of two classes moved to another share of reals than that of the rows they were fitted on."""

import numpy as np
from numpy.typing import NDArray

from pipeline.classes import REAL
from pipeline.errors import InputError
from pipeline.scores.beta import Beta
from pipeline.scores.calibration import Platt
from pipeline.scores.isotonic import Isotonic

OfTwo = Platt | Beta | Isotonic
"""Calibrations of two classes."""


def at_prevalence(calibration: OfTwo, fitted: float, wanted: float) -> OfTwo:
    """Return a calibration for another share of reals than that of the rows it was fitted on.

    Bayes' rule: if rows of each class look alike in both, the prior odds move every logit by the same amount (Saerens
    et al. 2002).

    Parameters
    ----------
    calibration : Platt, Beta or Isotonic
        What was fitted.
    fitted, wanted : float
        The two shares, between 0 and 1, ends excluded.

    Raises
    ------
    InputError
        If one of them is no such share.

    Examples
    --------
    >>> float(at_prevalence(Beta(1.0, 2.0, 0.0), 0.5, 0.01).apply(0.0).round(4))
    0.0198
    """
    line = Platt(1.0, 0.0).at_prevalence(fitted, wanted)
    if isinstance(calibration, Isotonic):
        return Isotonic(calibration.knots, tuple(line.calibrated(calibration.values).tolist()))
    if isinstance(calibration, Beta):
        return Beta(calibration.slope_below, calibration.slope_above, calibration.intercept + line.intercept)
    return calibration.at_prevalence(fitted, wanted)


def weights_at(labels: NDArray[np.integer], wanted: float) -> NDArray[np.float64]:
    """Return weights by which rows have another share of reals; their sum is the number of rows.

    Parameters
    ----------
    labels : ndarray of int, shape (n,)
        0 bogus, 1 real; both must occur.
    wanted : float
        The share of reals, between 0 and 1, ends excluded.

    Raises
    ------
    InputError
        If a class is absent or the share is none.

    Examples
    --------
    >>> weights_at(np.array([0, 1, 1, 1]), 0.5).round(3).tolist()
    [2.0, 0.667, 0.667, 0.667]
    """
    share = float((labels == REAL).mean()) if len(labels) else float("nan")
    if not 0.0 < share < 1.0 or not 0.0 < wanted < 1.0:
        raise InputError(
            f"rows with a share of {share:g} reals cannot stand for a share of {wanted:g}; allowed: both between 0 and "
            "1, ends excluded"
        )
    return np.where(labels == REAL, wanted / share, (1.0 - wanted) / (1.0 - share))
