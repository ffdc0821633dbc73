"""The logits that scores had before their calibration, of which packages keep none for the rows that they score."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import logit

from pipeline.metrics.definitions import SMALLEST_PROBABILITY
from pipeline.scores.beta import Beta
from pipeline.scores.isotonic import Isotonic
from pipeline.scores.prevalence import OfTwo

_LEAST = float(np.finfo(np.float32).tiny)
_HALVINGS = 80
_FARTHEST = 1e5
"""Logits of `Beta` are sought within these ends, to far below the rounding of a score."""


def raw_logits(calibration: OfTwo, scores: ArrayLike) -> NDArray[np.float64]:
    """Return the logits that a calibration made scores of, same shape; NaN stays NaN.

    Scores of float32 are exact near 0, not near 1: a score of 0 or 1 is taken as the nearest that is not.

    Parameters
    ----------
    calibration : Platt, Beta or Isotonic
        Of two classes. A `Platt` with a slope of 0 made all scores equal, and gives NaN.
    scores : array_like
        Calibrated probabilities of being real.

    Examples
    --------
    >>> from pipeline.scores.calibration import Platt
    >>> raw_logits(Platt(2.0, -1.0), Platt(2.0, -1.0).apply([-3.0, 0.5])).round(6).tolist()
    [-3.0, 0.5]
    """
    given = np.clip(np.asarray(scores, dtype=np.float64), _LEAST, 1.0 - SMALLEST_PROBABILITY)
    calibrated = np.asarray(logit(given))
    if isinstance(calibration, Beta):
        return _halved(calibration, calibrated)
    if isinstance(calibration, Isotonic):
        return Isotonic(calibration.values, calibration.knots).calibrated(calibrated)
    if calibration.slope == 0:
        return np.full(calibrated.shape, np.nan)
    return (calibrated - calibration.intercept) / calibration.slope


def _halved(beta: Beta, calibrated: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return where a rising map has these values, by halving what is left between two ends."""
    low, high = np.full(calibrated.shape, -_FARTHEST), np.full(calibrated.shape, _FARTHEST)
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        below = beta.calibrated(middle) < calibrated
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.where(np.isnan(calibrated), np.nan, 0.5 * (low + high))
