"""Stretches of cutouts that a person may choose: zscale, linear, log and asinh, each by itself or one for all.

The formulas are those of SAOImage DS9 (``log``) and of `pipeline.plots.cutout_pictures` (``asinh``).
"""

import functools
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.conversions import SIGMA_PER_MAD
from pipeline.plots.cutout_pictures import SHADES, palette, zscale_limits

STRETCHES: Final = ("asinh", "zscale", "linear", "log")
"""Their names; the first is the usual one."""

_SOFT_SIGMA, _LOW_SIGMA, _HIGH_SIGMA = 3.0, 2.0, 8.0
"""``asinh`` is linear up to the first, begins the second below the sky, and reaches at least the third above it."""
_DEPTH: Final = 1000.0
"""The contrast of ``log``, as in DS9."""
_LINEAR: Final = (0.5, 99.7)
"""Percentiles between which ``linear`` and ``log`` show pixels."""
_GAP_PIXEL: Final = 1


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Between which values pixels are shown.

    Attributes
    ----------
    zero : float
        The sky; of a difference 0, which is in the middle of the colours.
    low, high : float
        Values of the first and the last shade.
    soft : float
        Up to this distance from ``zero``, ``asinh`` is linear; above 0.
    """

    zero: float
    low: float
    high: float
    soft: float


def limits_of(pixels: NDArray[np.float32], stretch: str, *, signed: bool = False) -> Limits:
    """Return the limits that show pixels ``(...)`` by a stretch; those of pixels of several cutouts serve all.

    Parameters
    ----------
    pixels : ndarray of float32
        NaN is missing.
    stretch : str
        One of `STRETCHES`.
    signed : bool
        Whether they are of a difference: both signs get the same range.
    """
    values = pixels[np.isfinite(pixels)].astype(np.float64)
    if not values.size:
        return Limits(zero=0.0, low=-1.0, high=1.0, soft=1.0)
    zero = 0.0 if signed else float(np.median(values))
    spread = SIGMA_PER_MAD * float(np.median(np.abs(values - zero)))
    sigma = spread if spread > 0 else float(np.std(values - zero)) or 1.0
    if stretch == "asinh":
        reach = _HIGH_SIGMA * sigma
        top = float(np.percentile(np.abs(values) if signed else values, _LINEAR[1]))
        low, high = zero - _LOW_SIGMA * sigma, max(top, zero + reach)
    elif stretch == "zscale":
        low, high = zscale_limits(values.astype(np.float32))
    else:
        low, high = map(float, np.percentile(values, _LINEAR))
    if signed:
        high = max(abs(low), abs(high))
        low = -high
    return Limits(zero=zero, low=low, high=high if high > low else low + 1.0, soft=_SOFT_SIGMA * sigma)


def stretched(image: NDArray[np.float32], stretch: str, limits: Limits, *, signed: bool = False) -> NDArray[np.uint8]:
    """Return the shade of each pixel ``(y, x)``: 0 to `SHADES` - 1, or `SHADES` if it is missing.

    Parameters
    ----------
    image : ndarray of float32, shape (y, x)
        Missing pixels are NaN.
    stretch : str
        ``asinh``, ``log``; any other is linear between the limits.
    limits : Limits
        The values of the first and the last shade.
    signed : bool
        Whether the image has both signs, so that a logarithm goes both ways from the middle.
    """
    finite = np.isfinite(image)
    shown = np.full(image.shape, SHADES, np.uint8)
    values = image[finite].astype(np.float64)
    if stretch == "asinh":
        low, high, values = (
            np.arcsinh((part - limits.zero) / limits.soft) for part in (limits.low, limits.high, values)
        )
        parts = (values - low) / (high - low)
    else:
        parts = (values - limits.low) / (limits.high - limits.low)
    parts = np.clip(parts, 0.0, 1.0)
    if stretch == "log":
        parts = 0.5 + 0.5 * _log(2 * parts - 1) if signed else _log(parts)
    shown[finite] = np.round((SHADES - 1) * parts)
    return shown


def _log(parts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the logarithmic stretch of -1 ... 1, odd about 0."""
    return np.asarray(np.sign(parts) * np.log1p(_DEPTH * np.abs(parts)) / np.log1p(_DEPTH))


@functools.cache
def _colours() -> bytes:
    """Return the palette of strips: the shades of images, and behind them those of differences."""
    return np.concatenate([palette(), palette(signed=True)]).tobytes()


def strip(
    images: NDArray[np.float32], signed: Sequence[bool], stretch: str, limits: Sequence[Limits] | None = None
) -> bytes:
    """Return the channels of a cutout side by side as one PNG file with a palette, the first row at the bottom.

    Parameters
    ----------
    images : ndarray of float32, (y, x, channel)
        NaN is missing.
    signed : sequence of bool
        Whether each channel is a difference.
    stretch : str
        One of `STRETCHES`.
    limits : sequence of Limits, optional
        Those of each channel; by default its own.
    """
    height, width, n_channels = images.shape
    shown = np.full((height, (width + _GAP_PIXEL) * n_channels - _GAP_PIXEL), 0, np.uint8)
    for index in range(n_channels):
        own = images[..., index]
        between = limits[index] if limits else limits_of(own, stretch, signed=signed[index])
        start = index * (width + _GAP_PIXEL)
        shades = stretched(own, stretch, between, signed=signed[index])
        shown[:, start : start + width] = shades + (SHADES + 1) * np.uint8(signed[index])
    drawn = Image.fromarray(np.flipud(shown), mode="P")
    drawn.putpalette(_colours())
    file = io.BytesIO()
    drawn.save(file, format="png")
    return file.getvalue()
