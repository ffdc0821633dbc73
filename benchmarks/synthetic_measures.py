"""What the search measures at the centre of a stamp, and which kind of bogus its shape speaks for."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.detection import detect, score_image

FWHM_PIXEL = 2.5
"""Width of a point source that the search is told, one for both surveys: near the middle of either."""

_CENTRE_PIXEL = 3.0
_THRESHOLD = 3.0
_NEAR_PIXEL = 8.0
_MISSING_PIXEL = 4.0

RULES = {
    "missing pixels": "a pixel within 4 pixels of the centre is missing in the science image or the difference",
    "not found": "nothing above 3 sigma within 3 pixels of the centre",
    "both signs": "a detection of the other sign within 8 pixels, at least half as strong",
    "bright source": "the peak of the science image is above 20 times that of the difference",
    "sharp": "FWHM below 1.5 pixels: narrower than any star",
    "elongated": "elongation above 1.8",
    "wide": "FWHM above 4.5 pixels",
    "point-like": "none of these",
}
"""Kinds of shape with what defines them; the first that applies is the kind."""


def measure_stamps(cutouts: NDArray[np.float32]) -> pd.DataFrame:
    """Search the difference of each stamp and measure what lies at its centre.

    Parameters
    ----------
    cutouts : ndarray of float32, (n, y, x, channel)
        Science, template, difference; NaN where missing.

    Returns
    -------
    measures : DataFrame
        ``snr fwhm_pixel elongation flux_sign shape``, NaN and 0 where nothing was found at the centre.
    """
    return pd.DataFrame([_measure(triplet) for triplet in cutouts])


def _measure(triplet: NDArray[np.float32]) -> dict[str, object]:
    """Return the measures of one stamp, (y, x, channel)."""
    nothing = {"snr": np.nan, "fwhm_pixel": np.nan, "elongation": np.nan, "flux_sign": 0}
    science, difference = triplet[..., 0], triplet[..., 2]
    middle = difference.shape[0] // 2
    y, x = np.indices(difference.shape) - middle
    missing = ~(np.isfinite(science) & np.isfinite(difference))
    if (missing & (np.hypot(x, y) <= _MISSING_PIXEL)).any():
        return nothing | {"shape": "missing pixels"}
    flat = difference - np.float32(np.nanmedian(difference))
    noise = np.full_like(flat, max(_spread(flat), 1e-6))
    correlation = max(_spread(score_image(flat, noise, fwhm_pixel=FWHM_PIXEL)), 0.1)
    found = detect(flat, noise, fwhm_pixel=FWHM_PIXEL, zeropoint=25.0, correlation=correlation)
    distance = np.hypot(found["x_pixel"] - middle, found["y_pixel"] - middle)
    near = found[distance <= _CENTRE_PIXEL]
    if not len(near) or near["snr"].max() < _THRESHOLD:
        return nothing | {"shape": "not found"}
    best = near.loc[near["snr"].idxmax()]
    strong = found[(distance <= _NEAR_PIXEL) & (found["snr"] >= 0.5 * best["snr"])]
    core = np.hypot(x, y) <= 2.5
    peak = np.abs(flat[core]).max()
    light = np.nanmax(science[core]) - np.nanmedian(science)
    shape = _shape(best, two_signs=strong["flux_sign"].nunique() > 1, light_over_change=float(light / peak))
    columns = ("snr", "fwhm_pixel", "elongation", "flux_sign")
    return {name: best[name] for name in columns} | {"shape": shape}


def _shape(best: pd.Series, *, two_signs: bool, light_over_change: float) -> str:
    """Return the first of :data:`RULES` that a detection meets."""
    rules = {
        "both signs": two_signs,
        "bright source": light_over_change > 20.0,
        "sharp": best["fwhm_pixel"] < 1.5,
        "elongated": best["elongation"] > 1.8,
        "wide": best["fwhm_pixel"] > 4.5,
    }
    return next((name for name, applies in rules.items() if applies), "point-like")


def _spread(values: NDArray[np.float32]) -> np.float32:
    """Return the robust standard deviation."""
    finite = values[np.isfinite(values)]
    return np.float32(1.4826 * np.median(np.abs(finite - np.median(finite))))
