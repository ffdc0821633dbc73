"""Normalisations: turn raw cutouts with missing pixels into finite float32, each image and channel on its own.

Every function takes raw ``(n, y, x, channel)`` cutouts and returns finite float32 of the same shape. A
missing pixel (NaN, infinite, or above 1e30) takes no part in any statistic and is set to 0 after scaling,
which is the background level for ``asinh``, ``zscore`` and background-subtracted images. As psat-ml does it, it is
0 before the statistics (`apply` with ``missing="psat"``). The same functions as part of a network's graph are in
:mod:`models.networks.normalisation_layers`; both agree to 1e-5. Two cannot be written as a graph (``in_graph=False``);
their ``revision`` is raised when the same pixels would become others.
"""

from collections.abc import Callable
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.cutouts.missing import HUGE
from pipeline.errors import InputError
from pipeline.registry import Registry

Normalisation = Callable[[NDArray[np.float32]], NDArray[np.float32]]

NORMALISATIONS: Registry[Normalisation] = Registry("normalisation")

FLAT: Final = 1e-7
"""Standard deviation, as a share of the largest absolute pixel, below which an image counts as constant."""
GRID: Final = 16
"""The quantiles of ``asinh`` come from a regular grid with at most this many pixels per side."""
IQR_OF_SIGMA: Final = 1.349
"""Interquartile range of a Gaussian of unit standard deviation."""
LARGEST_BYTE: Final = 255.0
STEEPEST: Final = 1e12
"""Largest ratio of a pixel to the noise that ``asinh`` tells apart; keeps squares inside float32."""

AXES: Final = (1, 2)

Missing = Literal["excluded", "psat"]
"""Whether missing pixels are left out of all statistics or, as in psat-ml, are 0 before them."""


@NORMALISATIONS.register("none", in_graph=True)
def none(stack: NDArray[np.float32]) -> NDArray[np.float32]:
    """Keep the pixels; only missing ones are set to 0."""
    return _filled(stack)[0]


@NORMALISATIONS.register("bytes", in_graph=True)
def bytes_(stack: NDArray[np.float32]) -> NDArray[np.float32]:
    """Divide by 255, so that images of bytes lie between 0 and 1; missing pixels are 0."""
    return _float32(_filled(stack)[0] / np.float32(LARGEST_BYTE))


@NORMALISATIONS.register("sign_log", in_graph=True)
def sign_log(stack: NDArray[np.float32]) -> NDArray[np.float32]:
    """Take ``sign(v) ln(1 + |v| / sigma)`` with the standard deviation sigma; a constant image becomes 0."""
    return _float32(_sign_log(stack))


@NORMALISATIONS.register("l2", in_graph=True)
def l2(stack: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scale each image to unit Euclidean norm; an all-zero image stays zero."""
    pixels, _ = _filled(stack)
    scaled = pixels / _positive(np.abs(pixels).max(axis=AXES, keepdims=True))
    norm = np.sqrt(np.square(scaled, dtype=np.float64).sum(axis=AXES, keepdims=True))
    return _float32(scaled / _positive(norm))


@NORMALISATIONS.register("zscore", in_graph=True)
def zscore(stack: NDArray[np.float32]) -> NDArray[np.float32]:
    """Subtract the mean, divide by the standard deviation; a constant image becomes 0."""
    pixels, valid = _filled(stack)
    _, deviation, sigma = _spread(pixels, valid)
    return _float32(deviation / np.maximum(sigma, FLAT) * (sigma > FLAT))


@NORMALISATIONS.register("minmax", in_graph=True)
def minmax(stack: NDArray[np.float32]) -> NDArray[np.float32]:
    """Map the smallest pixel to 0 and the largest to 1; a constant image becomes 0."""
    pixels, valid = _filled(stack)
    low = np.where(valid, pixels, HUGE).min(axis=AXES, keepdims=True)
    high = np.where(valid, pixels, -HUGE).max(axis=AXES, keepdims=True)
    span = np.maximum(high - low, 0.0)
    return _float32((pixels - low) / _positive(span) * (valid & (span > 0)))


@NORMALISATIONS.register("asinh", in_graph=True)
def asinh(stack: NDArray[np.float32]) -> NDArray[np.float32]:
    """Take ``asinh((v - median) / sigma)``, sigma from the interquartile range; a constant image becomes 0.

    Median and quartiles are those of the pixels on a regular grid of at most 16 a side (nearest rank), which
    costs a twentieth of a full sort and knows sigma to about 7 %. Where the quartiles are equal, sigma is the
    largest deviation from the median.
    """
    pixels, valid = _filled(stack)
    low, median, high = _quartiles(pixels, valid)
    deviation = np.where(valid, pixels - median, np.float32(0.0))
    largest = np.abs(deviation).max(axis=AXES, keepdims=True)
    spread = (high - low) / np.float32(IQR_OF_SIGMA)
    scale = np.maximum(np.where(spread > 0, spread, largest), largest * np.float32(1.0 / STEEPEST))
    return _float32(np.arcsinh(deviation / _positive(scale)))


@NORMALISATIONS.register("max_abs", in_graph=True)
def max_abs(stack: NDArray[np.float32]) -> NDArray[np.float32]:
    """Divide by the largest absolute pixel; an all-zero image stays zero."""
    pixels, _ = _filled(stack)
    return _float32(pixels / _positive(np.abs(pixels).max(axis=AXES, keepdims=True)))


@NORMALISATIONS.register("bg_sub", in_graph=False, revision=1)
def bg_sub(stack: NDArray[np.float32]) -> NDArray[np.float32]:
    """Take ``sign_log``, smooth it by a Gaussian of one pixel, and subtract what is no peak, as psat-ml does.

    What is no peak is the morphological reconstruction by dilation (Vincent 1993, IEEE Trans. Image Process. 2, 176)
    of the image's least value, with the image's border, under the image: the surface that fills up from the border
    as far as it can without rising above the image.
    """
    from scipy.ndimage import gaussian_filter
    from skimage import morphology

    valid = _filled(stack)[1]
    smooth = gaussian_filter(_sign_log(stack), sigma=(0.0, 1.0, 1.0, 0.0))
    peaks = np.zeros_like(smooth)
    for row, channel in np.ndindex(len(stack), stack.shape[3]):
        image = smooth[row, :, :, channel]
        seed = image.copy()
        seed[1:-1, 1:-1] = image.min()
        peaks[row, :, :, channel] = image - morphology.reconstruction(seed, image, method="dilation")
    return _float32(np.where(valid, peaks, 0.0))


@NORMALISATIONS.register("zscale", in_graph=False, revision=1)
def zscale(stack: NDArray[np.float32]) -> NDArray[np.float32]:
    """Map the limits of IRAF's zscale algorithm, by which images are displayed, to 0 and 1 and cut there.

    A constant image becomes 0.
    """
    from astropy.visualization import ZScaleInterval

    pixels, valid = _filled(stack)
    peak = np.abs(pixels).max(axis=AXES, keepdims=True)
    scaled = np.divide(pixels, _positive(peak), dtype=np.float64)
    interval = ZScaleInterval()
    cut = np.zeros_like(scaled)
    for row, channel in np.ndindex(len(stack), stack.shape[3]):
        known = valid[row, :, :, channel]
        image = scaled[row, :, :, channel]
        low, high = interval.get_limits(image[known]) if known.any() else (0.0, 0.0)
        if high - low > FLAT:
            cut[row, :, :, channel] = np.clip((image - low) / (high - low), 0.0, 1.0)
    return _float32(cut * valid)


def apply(name: str, stack: NDArray[np.float32], *, missing: Missing = "excluded") -> NDArray[np.float32]:
    """Return the cutouts under the named normalisation.

    Parameters
    ----------
    name : str
        A name in ``NORMALISATIONS``.
    stack : ndarray of float32, shape (n, y, x, channel)
        Raw pixels, NaN = missing.
    missing : {"excluded", "psat"}
        Whether missing pixels take no part in statistics, or are 0 before them.

    Raises
    ------
    UnknownNameError
        When no normalisation has that name.
    InputError
        When the array does not have four axes.
    """
    if stack.ndim != 4:
        raise InputError(f"cutouts must have the axes (n, y, x, channel); given shape {stack.shape}")
    return NORMALISATIONS[name](none(stack) if missing == "psat" else stack)


def _sign_log(stack: NDArray[np.float32]) -> NDArray[np.float64]:
    pixels, valid = _filled(stack)
    scaled, _, sigma = _spread(pixels, valid)
    ratio = np.abs(scaled) / np.maximum(sigma, FLAT)
    return np.asarray(np.sign(scaled) * np.log1p(ratio) * (sigma > FLAT), dtype=np.float64)


def _filled(stack: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return the pixels with 0 for missing ones, and which are not missing."""
    with np.errstate(invalid="ignore"):
        valid = np.abs(stack) <= np.float32(HUGE)
    return np.where(valid, stack, np.float32(0.0)), valid


def _spread(
    pixels: NDArray[np.float32], valid: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return pixels, their deviation from the mean, and their standard deviation, each over the largest pixel."""
    peak = _positive(np.abs(pixels).max(axis=AXES, keepdims=True))
    count = np.maximum(valid.sum(axis=AXES, keepdims=True), 1)
    mean = pixels.sum(axis=AXES, keepdims=True, dtype=np.float64) / count
    deviation = (pixels - mean) * valid / peak
    sigma = np.sqrt(np.square(deviation).sum(axis=AXES, keepdims=True) / count)
    return np.divide(pixels, peak, dtype=np.float64), deviation, sigma


def _quartiles(
    pixels: NDArray[np.float32], valid: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Return the quartiles of the valid pixels on the grid, each ``(n, 1, 1, channel)``; 0 without any."""
    step_y, step_x = grid_step(pixels.shape[1]), grid_step(pixels.shape[2])
    sample, known = pixels[:, ::step_y, ::step_x], valid[:, ::step_y, ::step_x]
    rows, channels = len(pixels), pixels.shape[3]
    values = np.where(known, sample, np.float32(np.inf)).reshape(rows, -1, channels)
    values.sort(axis=1)
    last = known.reshape(rows, -1, channels).sum(axis=1, keepdims=True) - 1
    ranks = last // 4, last // 2, last - last // 4
    low, median, high = (np.take_along_axis(values, np.maximum(rank, 0), axis=1) for rank in ranks)
    zero = np.float32(0.0)
    low, median, high = (np.where(last >= 0, value, zero)[:, None] for value in (low, median, high))
    return low, median, high


def grid_step(side: int) -> int:
    """Return the distance of the pixels from which ``asinh`` takes its quartiles.

    Examples
    --------
    >>> [grid_step(side) for side in (1, 16, 31, 63)]
    [1, 1, 2, 4]
    """
    return -(-side // GRID)


def _positive(divisor: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return the divisor with 1 instead of 0."""
    return np.where(divisor > 0, divisor, np.ones_like(divisor))


def _float32(values: NDArray[np.floating]) -> NDArray[np.float32]:
    return np.asarray(values, dtype=np.float32)
