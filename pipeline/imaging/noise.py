"""Noise of a detector and of an image's sky: gain and read noise from pairs of frames, correlation of neighbours."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, maximum_filter, median_filter

from pipeline.errors import InputError
from pipeline.imaging.frame import Frame, Image, Mask
from pipeline.imaging.sources import remove_sky

log = logging.getLogger(__name__)

_FEWEST_PIXELS = 100
_FEWEST_TILES = 20
_CLIP = 4.0
_KEPT = 0.99893
"""Variance of a Gaussian cut off at 4 sigma over that of the whole."""

_WHITE = 0.03
"""A correlation of neighbours below this counts as none."""


@dataclass(frozen=True, kw_only=True)
class DetectorNoise:
    """What determines the variance of a pixel, ``(counts - pedestal) / gain + (read_noise / gain)^2``.

    Attributes
    ----------
    gain : float
        Electrons per ADU.
    gain_error : float
        Its standard error from the scatter of the tiles.
    read_noise : float
        In electrons.
    pedestal : float
        Level in ADU without light. The sky alone determines only ``read_noise^2 / gain - pedestal``: if the fit would
        need a negative read variance, the level is given as a pedestal, and the read noise is zero.
    n_tiles : int
        Patches of sky that were used.
    """

    gain: float
    gain_error: float
    read_noise: float
    pedestal: float
    n_tiles: int


def noise_from_pairs(
    pairs: Sequence[tuple[Image, Image]], *, saturation: float = np.inf, tile_pixel: int = 50
) -> DetectorNoise:
    """Measure gain and read noise from how the scatter of the sky grows with its level (a photon transfer curve).

    The frames of each pair are subtracted from each other, so that faint sources drop out; bright ones are masked. A
    straight line is fitted to half the variance of the difference over the level, tile by tile.

    Parameters
    ----------
    pairs : sequence of pairs of ndarray, (y, x)
        Raw frames of one detector in ADU with sky, NaN where missing, with the same sky on the same pixels: moved by
        whole pixels only (:func:`pipeline.subtraction.alignment.move_whole_pixels`), because interpolation would reduce
        the noise. The more the level of the sky differs among them, the better.
    saturation : float
        Level in ADU from which pixels are not used.
    tile_pixel : int
        Side of the tiles.

    Raises
    ------
    InputError
        If there is no pair, shapes differ, too few tiles of sky are left, or the scatter does not grow with the
        level.
    """
    shapes = {np.shape(frame) for pair in pairs for frame in pair}
    if len(shapes) != 1:
        raise InputError(f"gain takes pairs of frames of one shape, given {len(pairs)} of {sorted(shapes)}")
    level, variance = np.concatenate([_tiles(*pair, saturation, tile_pixel) for pair in pairs]).T
    if len(level) < _FEWEST_TILES:
        raise InputError(f"{len(level)} tiles of sky between the sources, gain needs {_FEWEST_TILES}")
    slope, intercept, error = _line(level, variance)
    if not slope > 2.0 * error:
        raise InputError(
            f"the sky's variance does not grow with its level ({slope:.3g} +- {error:.2g} per ADU between levels "
            f"{level.min():.1f} and {level.max():.1f} ADU): no gain follows"
        )
    gain = 1.0 / slope
    pedestal = max(0.0, -intercept / slope)
    found = DetectorNoise(
        gain=gain,
        gain_error=gain * error / slope,
        read_noise=gain * float(np.sqrt(max(0.0, intercept))),
        pedestal=pedestal,
        n_tiles=len(level),
    )
    log.info("gain %.2f +- %.2f, read noise %.1f, pedestal %.1f", gain, found.gain_error, found.read_noise, pedestal)
    return found


def _tiles(first: Image, second: Image, saturation: float, tile: int) -> NDArray[np.float64]:
    """Return level and variance of each tile of one pair with enough sky, (tiles, 2)."""
    with np.errstate(invalid="ignore"):
        sky = ~(source_mask(first) | source_mask(second)) & (first < saturation) & (second < saturation)
    rows = []
    for y in range(0, first.shape[0] - tile + 1, tile):
        for x in range(0, first.shape[1] - tile + 1, tile):
            part = np.s_[y : y + tile, x : x + tile]
            used = sky[part]
            if used.sum() >= _FEWEST_PIXELS:
                a, b = first[part][used].astype(np.float64), second[part][used].astype(np.float64)
                rows.append((0.5 * (a.mean() + b.mean()), 0.5 * clipped_variance(a - b)))
    return np.array(rows, dtype=np.float64).reshape(-1, 2)


def _line(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float, float]:
    """Return slope, intercept and error of the slope of a straight line, leaving out outliers."""
    used = np.ones(len(x), dtype=bool)
    for _ in range(5):
        middle = x[used].mean()
        slope, level = np.polyfit(x[used] - middle, y[used], 1) if np.ptp(x[used]) > 0 else (0.0, y[used].mean())
        residual = y - level - slope * (x - middle)
        spread = residual[used].std()
        used = np.abs(residual) <= 3.0 * spread
    error = spread / max(float(np.sqrt(((x[used] - middle) ** 2).sum())), 1e-30)
    return float(slope), float(level - slope * middle), float(error)


def clipped_variance(values: NDArray[np.floating]) -> float:
    """Return the variance of values without outliers; it is also right for whole numbers."""
    kept = np.asarray(values, dtype=np.float64)
    for _ in range(8):
        inside = np.abs(kept - kept.mean()) <= _CLIP * kept.std()
        if inside.all():
            break
        kept = kept[inside]
    return float(kept.var() / _KEPT)


def source_mask(image: Image, *, sigma: float = 1.5, grow_pixel: int = 4) -> Mask:
    """Return where an image, (y, x), holds more than sky: above the noise after smoothing, and the pixels around."""
    flat = remove_sky(image, 64)
    smooth = gaussian_filter(flat.pixels, 1.0)
    noise = np.sqrt(clipped_variance(smooth[~flat.missing]))
    grown: NDArray[np.bool_] = maximum_filter((np.abs(smooth) > sigma * 2.0 * noise) | flat.missing, 2 * grow_pixel + 1)
    return grown


def noise_kernel_of(image: Image, *, reach_pixel: int = 3) -> Image | None:
    """Return the kernel with which white noise must be convolved to be correlated like the sky of an image.

    Parameters
    ----------
    image : ndarray of float32, (y, x)
        NaN where missing; sources are masked.
    reach_pixel : int
        Largest distance over which pixels may be correlated.

    Returns
    -------
    kernel : ndarray of float32, (y, x), or None
        Symmetric, with a sum of squares of 1; None if no neighbours are correlated by more than 3 %.
    """
    sky = np.where(source_mask(image), np.float32(np.nan), remove_sky(image, 32).pixels)
    return _kernel_of(_autocovariance(sky, reach_pixel))


def fixed_pattern(frames: Sequence[Image]) -> Image:
    """Return what each pixel adds to its surroundings in every frame of a pointing that drifts, (y, x).

    In each frame, it is a pixel minus the median of the 5 x 5 around it; of these values of a pixel, the mean of the
    middle half is returned. It shows hot and cold pixels and dark current. Subtract it if there are no dark frames, and
    mask the pixels where it is large.

    Parameters
    ----------
    frames : sequence of ndarray, (y, x)
        At least 3, between which the stars move by more than their size.
    """
    if len(frames) < 3:
        raise InputError(f"a fixed pattern takes at least 3 frames, given {len(frames)}")
    return np.asarray(np.mean(_middle([frame - median_filter(frame, 5) for frame in frames]), axis=0), np.float32)


def _middle(values: Sequence[Image]) -> Image:
    """Return the middle half of values at each pixel, whose mean resolves finer steps than whole numbers."""
    ordered = np.sort(np.asarray(values, np.float32), axis=0)
    low = len(ordered) // 4
    return ordered[low : len(ordered) - low]


def _kernel_of(covariance: NDArray[np.float64]) -> Image | None:
    """Return the root of a covariance; None if it is that of white noise."""
    middle = covariance.shape[0] // 2
    correlation = covariance / covariance[middle, middle]
    centre = np.zeros_like(correlation)
    centre[middle, middle] = 1.0
    return None if np.abs(correlation - centre).max() < _WHITE else root_kernel(correlation)


def _autocovariance(sky: Image, reach: int) -> NDArray[np.float64]:
    """Return the mean product of pixels by their distance, (2 reach + 1, 2 reach + 1), leaving out outliers."""
    sky = sky - np.nanmedian(sky)
    sky = np.where(np.abs(sky) > _CLIP * np.sqrt(clipped_variance(sky[np.isfinite(sky)])), np.float32(np.nan), sky)
    height, width = sky.shape
    result = np.zeros((2 * reach + 1, 2 * reach + 1))
    for dy in range(reach + 1):
        for dx in range(-reach, reach + 1):
            first = sky[: height - dy, max(0, -dx) : width - max(0, dx)]
            second = sky[dy:, max(0, dx) : width + min(0, dx)]
            value = float(np.nanmean(first * second))
            result[reach + dy, reach + dx] = result[reach - dy, reach - dx] = value
    return result


def root_kernel(correlation: NDArray[np.float64]) -> Image:
    """Return the symmetric kernel whose autocorrelation is given, (y, x) of odd sides, with 1 at the centre."""
    side = 4 * max(correlation.shape) + 1
    padded = np.zeros((side, side))
    low = (side - correlation.shape[0]) // 2
    padded[low : low + correlation.shape[0], low : low + correlation.shape[1]] = correlation
    power = np.clip(np.fft.fft2(np.fft.ifftshift(padded)).real, 0.0, None)
    kernel = np.fft.fftshift(np.fft.ifft2(np.sqrt(power)).real)[low:-low, low:-low]
    return np.asarray(kernel / np.sqrt((kernel**2).sum()), dtype=np.float32)


def with_sky_noise(frame: Frame, *, correlated: bool = True) -> Frame:
    """Return a frame whose variance is scaled to the noise of its own sky, and whose correlation is measured.

    This is for images that were resampled or stacked before: gain and read noise then say how the variance depends on
    the counts, and the sky says how large it is. Only this one image is looked at, never a difference.
    """
    flat = remove_sky(frame.pixels, 32)
    variance = frame.variance(flat.sky_level)
    sky = ~source_mask(frame.pixels)
    if sky.sum() < _FEWEST_PIXELS:
        raise InputError(f"{int(sky.sum())} pixels of sky between the sources, its noise needs {_FEWEST_PIXELS}")
    ratio = clipped_variance(flat.pixels[sky]) / float(np.median(variance[sky]))
    log.info("the sky's variance is %.3f of that from gain and read noise", ratio)
    kernel = noise_kernel_of(frame.pixels) if correlated else None
    return replace(frame, variance_map=(variance * np.float32(ratio)).astype(np.float32), noise_kernel=kernel)
