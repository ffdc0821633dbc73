"""Cutouts as small pictures: grey for images, diverging about zero for differences, missing pixels tinted."""

import io
from typing import Final

import numpy as np
from astropy.visualization import ZScaleInterval
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from numpy.typing import NDArray
from PIL import Image

from pipeline.conversions import SIGMA_PER_MAD
from pipeline.plots.style import BOGUS_COLOUR, REAL_COLOUR

MISSING_COLOUR: Final = "#f2c9b5"
"""Colour of a missing pixel in a grey picture."""
_MISSING_OF_SIGNED: Final = "#b9bec4"
"""Colour of a missing pixel in a picture whose colours show the sign."""

_GREYS: Final = ("#000000", "#ffffff")
_SIGNED: Final = ("#06304d", REAL_COLOUR, "#9cc3df", "#f7f7f5", "#f0b48c", BOGUS_COLOUR, "#6b2c00")
"""Blue below the template, vermilion above it, white at zero, which all kinds of colour vision can tell apart."""
SHADES: Final = 127
"""Number of shades of a picture: odd, so that zero has its own; the entry after the last is for missing pixels."""

_SOFT_SIGMA: Final = 3.0
"""Up to here the stretch is nearly linear; beyond, it is logarithmic."""
_FAINTEST_SIGMA: Final = 8.0
"""The least range of a picture, so that noise alone looks like noise."""


def zscale_limits(finite: NDArray[np.float32]) -> tuple[float, float]:
    """Return the zscale limits of pixels ``(n,)``, widened by 1 on both sides if all are equal."""
    low, high = ZScaleInterval().get_limits(finite.astype(np.float64)) if finite.size > 1 else (finite[0], finite[0])
    return (float(low), float(high)) if high > low else (float(low) - 1.0, float(low) + 1.0)


def shades(image: NDArray[np.float32], *, signed: bool = False) -> NDArray[np.uint8]:
    """Return the shade of each pixel ``(y, x)``: 0 to `SHADES` - 1, or `SHADES` if it is missing.

    The stretch is ``asinh((pixel - sky) / 3 sigma)``, which shows noise and a bright core at once. The sky is the
    median and sigma that of the median absolute deviation; for a difference the sky is zero.

    Parameters
    ----------
    image : ndarray of float32, (y, x)
        NaN is missing.
    signed : bool
        Whether it is a difference: zero is in the middle, and both signs have the same range.
    """
    finite = np.isfinite(image)
    shown = np.full(image.shape, SHADES, dtype=np.uint8)
    if finite.any():
        fractions = _signed(image[finite]) if signed else _grey(image[finite])
        shown[finite] = np.round((SHADES - 1) * fractions)
    return shown


def palette(*, signed: bool = False) -> NDArray[np.uint8]:
    """Return the colours of the shades as red, green and blue ``(SHADES + 1, 3)``; the last is for missing pixels."""
    ramp = LinearSegmentedColormap.from_list("shades", _SIGNED if signed else _GREYS, N=SHADES)
    missing = to_rgb(_MISSING_OF_SIGNED if signed else MISSING_COLOUR)
    return np.round(255 * np.array([*ramp(np.arange(SHADES))[:, :3], missing])).astype(np.uint8)


def picture(image: NDArray[np.float32], *, signed: bool = False) -> bytes:
    """Return an image as a PNG file with a palette, its first row at the bottom; parameters as for `shades`.

    A page holds hundreds of them, and a PNG of matplotlib, which has no palette, is three times as large.
    """
    drawn = Image.fromarray(np.flipud(shades(image, signed=signed)), mode="P")
    drawn.putpalette(palette(signed=signed).tobytes())
    file = io.BytesIO()
    drawn.save(file, format="png", optimize=True)
    return file.getvalue()


def _grey(pixels: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the brightness of pixels from 0, 2 sigma below the sky, to 1, the brightest pixels."""
    values = pixels.astype(np.float64)
    sky = float(np.median(values))
    scale = _SOFT_SIGMA * _sigma(values - sky)
    stretched = np.arcsinh((values - sky) / scale)
    low = np.arcsinh(-2.0 / _SOFT_SIGMA)
    high = np.arcsinh(max(float(np.percentile(values, 99.7)) - sky, _FAINTEST_SIGMA * scale / _SOFT_SIGMA) / scale)
    return np.asarray(np.clip((stretched - low) / (high - low), 0.0, 1.0))


def _signed(pixels: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the values of a difference scaled to 0 ... 1, with zero at 0.5."""
    values = pixels.astype(np.float64)
    scale = _SOFT_SIGMA * _sigma(values)
    reach = np.arcsinh(max(float(np.percentile(np.abs(values), 99.7)) / scale, _FAINTEST_SIGMA / _SOFT_SIGMA))
    return np.asarray(np.clip(0.5 + 0.5 * np.arcsinh(values / scale) / reach, 0.0, 1.0))


def _sigma(residuals: NDArray[np.float64]) -> float:
    """Return the robust standard deviation of residuals about zero, or the plain one, or 1, if that is zero."""
    spread = SIGMA_PER_MAD * float(np.median(np.abs(residuals)))
    return spread if spread > 0 else float(np.std(residuals)) or 1.0
