"""What the search measures at the centre of a cutout, and which kind of bogus its shape speaks for."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.conversions import SIGMA_PER_MAD
from pipeline.detection.detect import detect, score_image

FWHM_PIXEL = 2.5
"""Width of a point source that the search is told, one for both surveys: near the middle of either."""

_CENTRE_PIXEL = 3.0
_THRESHOLD = 3.0
_NEAR_PIXEL = 8.0
_MISSING_PIXEL = 4.0
_GAP_PIXEL = 8
_ACROSS = 16
"""Cutouts are laid beside each other, so many across and up with missing pixels between, and searched at once: a call
of the search takes as long for one cutout as for hundreds."""

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

_NOTHING = {"snr": np.nan, "fwhm_pixel": np.nan, "elongation": np.nan, "flux_sign": 0}


@dataclass(frozen=True, kw_only=True)
class _Centres:
    """What lies at the centres of cutouts: which lack pixels there, and what light there is, (n,) each."""

    missing: NDArray[np.bool_]
    light_over_change: NDArray[np.float64]


def measure_cutouts(cutouts: NDArray[np.float32]) -> pd.DataFrame:
    """Search the difference of each cutout and measure what lies at its centre.

    Parameters
    ----------
    cutouts : ndarray of float32, (n, y, x, channel)
        Science, template, difference; NaN where missing.

    Returns
    -------
    measures : DataFrame
        ``snr fwhm_pixel elongation flux_sign shape``, NaN and 0 where nothing was found at the centre.
    """
    blocks = [cutouts[start : start + _ACROSS**2] for start in range(0, len(cutouts), _ACROSS**2)]
    return pd.concat([_measure_block(block) for block in blocks], ignore_index=True)


def _measure_block(cutouts: NDArray[np.float32]) -> pd.DataFrame:
    """Return the measures of at most ``_ACROSS`` squared cutouts, searched as one image."""
    with np.errstate(invalid="ignore"):
        level = np.array([np.nanmedian(image) if np.isfinite(image).any() else 0.0 for image in cutouts[..., 2]])
    flat = (cutouts[..., 2] - level[:, None, None]).astype(np.float32)
    noise = np.array([_noise(image) for image in flat], dtype=np.float32)
    found = detect(_laid_out(flat), _laid_out(np.broadcast_to(noise[:, None, None], flat.shape)),
                   fwhm_pixel=FWHM_PIXEL, zeropoint=25.0)  # fmt: skip
    step, middle = flat.shape[1] + _GAP_PIXEL, flat.shape[1] // 2
    column, row = (np.clip(found[name].to_numpy() // step, 0, _ACROSS - 1) for name in ("x_pixel", "y_pixel"))
    x, y = found["x_pixel"] - column * step - middle, found["y_pixel"] - row * step - middle
    found = found.assign(distance=np.hypot(x, y))
    by_cutout = dict(iter(found.groupby((row * _ACROSS + column).astype(int))))
    centres = _centres(cutouts, flat)
    none = found.iloc[:0]
    return pd.DataFrame([_measure(by_cutout.get(one, none), centres, one) for one in range(len(cutouts))])


def _noise(flat: NDArray[np.float32]) -> np.float32:
    """Return the noise of a cutout's pixels times what their correlation adds to that of a point source."""
    noise = np.full_like(flat, max(_spread(flat), 1e-6))
    return noise[0, 0] * max(_spread(score_image(flat, noise, fwhm_pixel=FWHM_PIXEL)), np.float32(0.1))


def _laid_out(cutouts: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return cutouts, (n, y, x), row by row beside each other as one image with missing pixels between."""
    step = cutouts.shape[1] + _GAP_PIXEL
    image = np.full((_ACROSS, _ACROSS, step, step), np.nan, dtype=np.float32)
    image.reshape(-1, step, step)[: len(cutouts), : cutouts.shape[1], : cutouts.shape[2]] = cutouts
    return np.ascontiguousarray(image.transpose(0, 2, 1, 3).reshape(_ACROSS * step, _ACROSS * step))


def _centres(cutouts: NDArray[np.float32], flat: NDArray[np.float32]) -> _Centres:
    """Return what the science image holds at the centres of cutouts."""
    science = cutouts[..., 0]
    y, x = np.indices(flat.shape[1:]) - flat.shape[1] // 2
    distance = np.hypot(x, y)
    missing = ~(np.isfinite(science) & np.isfinite(flat))
    absent = missing[:, distance <= _MISSING_PIXEL].any(axis=1)
    light = np.full(len(flat), np.nan)
    core = distance <= _CENTRE_PIXEL - 0.5
    for one in np.flatnonzero(~absent):
        above = science[one][core].max() - np.nanmedian(science[one])
        light[one] = above / max(np.abs(flat[one][core]).max(), np.float32(1e-6))
    return _Centres(missing=absent, light_over_change=light)


def _measure(found: pd.DataFrame, centres: _Centres, one: int) -> dict[str, object]:
    """Return the measures of one cutout from the detections in it."""
    if centres.missing[one]:
        return _NOTHING | {"shape": "missing pixels"}
    near = found[found["distance"] <= _CENTRE_PIXEL]
    if not len(near) or near["snr"].max() < _THRESHOLD:
        return _NOTHING | {"shape": "not found"}
    best = near.loc[near["snr"].idxmax()]
    strong = found[(found["distance"] <= _NEAR_PIXEL) & (found["snr"] >= 0.5 * best["snr"])]
    two_signs = strong["flux_sign"].nunique() > 1
    shape = shape_of(best, two_signs=two_signs, light_over_change=float(centres.light_over_change[one]))
    return {name: best[name] for name in _NOTHING} | {"shape": shape}


def shape_of(best: pd.Series, *, two_signs: bool, light_over_change: float) -> str:
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
    return np.float32(SIGMA_PER_MAD * np.median(np.abs(finite - np.median(finite)))) if len(finite) else np.float32(0.0)
