"""How well a difference image is normalised: its spread in units of the predicted noise, false detections."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.conversions import FWHM_PER_SIGMA
from pipeline.errors import InputError

_MILLION = 1e6


@dataclass(frozen=True, kw_only=True)
class DifferenceQuality:
    """Numbers of one difference away from masked stars.

    Attributes
    ----------
    spread, score_spread : float
        Robust standard deviation of difference over noise, and of the score image; 1 if the prediction of the noise is
        right.
    median : float
        Median of difference over noise.
    pixels : int
        Number of pixels that count.
    false_per_million, expected_per_million : float
        Detections above the threshold per 10^6 pixels, of both signs, and the number that Gaussian noise would give.
    """

    spread: float
    score_spread: float
    median: float
    pixels: int
    false_per_million: float
    expected_per_million: float


def difference_quality(
    difference: NDArray[np.float32],
    noise: NDArray[np.float32],
    score: NDArray[np.float32],
    masked: NDArray[np.bool_],
    detections: pd.DataFrame,
    *,
    fwhm_pixel: float,
    threshold_sigma: float = 5.0,
) -> DifferenceQuality:
    """Return the quality of a difference in which nothing is assumed to have changed.

    Parameters
    ----------
    difference, noise, score : ndarray of float32, (y, x)
        NaN where missing.
    masked : ndarray of bool, (y, x)
        Stars and detector faults; neither pixels nor detections there count.
    detections : DataFrame
        As :func:`pipeline.detection.detect.detect` finds them at the threshold.
    fwhm_pixel, threshold_sigma : float
        Of the search, the width of a point source in pixels and the threshold in units of the noise.

    Raises
    ------
    InputError
        If no pixel is left.
    """
    used = np.isfinite(difference) & (noise > 0) & ~masked
    if not used.any():
        raise InputError("every pixel of the difference is missing or masked")
    normalised = difference[used] / noise[used]
    rows = detections["y_pixel"].round().astype(int).clip(0, used.shape[0] - 1)
    columns = detections["x_pixel"].round().astype(int).clip(0, used.shape[1] - 1)
    false = int(used[rows, columns].sum())
    return DifferenceQuality(
        spread=robust_sigma(normalised),
        score_spread=robust_sigma(score[used]),
        median=float(np.median(normalised)),
        pixels=int(used.sum()),
        false_per_million=false / used.sum() * _MILLION,
        expected_per_million=2.0 * gaussian_peaks(threshold_sigma, fwhm_pixel) * _MILLION,
    )


def robust_sigma(values: NDArray[np.floating]) -> float:
    """Return half the distance between the 15.87 % and 84.13 % quantiles: sigma of a Gaussian.

    Examples
    --------
    >>> round(robust_sigma(np.random.default_rng(0).normal(0.0, 2.0, 100_000)), 1)
    2.0
    """
    low, high = np.nanpercentile(values, [15.8655, 84.1345])
    return float(0.5 * (high - low))


def gaussian_peaks(threshold_sigma: float, fwhm_pixel: float) -> float:
    """Return the number of peaks of one sign per pixel of white noise after a Gaussian filter of a FWHM.

    It is the expected number of maxima above a high threshold in a smooth Gaussian field (Adler 1981, The Geometry of
    Random Fields), here with the correlation ``exp(-r^2 / 4 sigma^2)``.
    """
    curvature = 0.5 * (FWHM_PER_SIGMA / fwhm_pixel) ** 2
    return float(curvature * (2.0 * np.pi) ** -1.5 * threshold_sigma * np.exp(-0.5 * threshold_sigma**2))
