"""The typical FWHM of the PSF of cutouts: that of the PSFs which a survey states, else of the stars in them."""

import logging
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.conversions import FWHM_PER_SIGMA
from pipeline.cutouts.missing import to_missing
from pipeline.cutouts.planes import PSF, plane_name
from pipeline.features.planes import sky_and_noise
from pipeline.features.psf_fit import WINDOW, Fit, fit_gaussian

log = logging.getLogger(__name__)

FEWEST: Final = 10
"""Rows with a measured star that a typical FWHM needs at least."""

BINNINGS: Final = (1, 2, 4)
"""Pixels of the images whose sums are fitted, so that the window of the fit holds stars of any width."""

MOST_PSFS: Final = 256
"""Stated PSFs whose FWHM is measured: those of an exposure are alike."""

PEAKS: Final = 3
"""Brightest places of a row that are looked at."""

_STARTS: Final = (0.6, 1.1, 1.9)
_NARROWEST, _WIDEST = 0.5, 1.9
_SNR, _SNR_TEMPLATE = 15.0, 8.0
_EXPLAINED = 0.85
_OFFSET = 1.2
_SMALLEST_SIDE = 9
_MARGIN = 3


def typical_fwhm(cutouts: NDArray[np.float32], channels: Sequence[str]) -> float:
    """Return the FWHM in pixels that most stars in the cutouts have; NaN if fewer than `FEWEST` rows show one.

    Parameters
    ----------
    cutouts : ndarray of float32, ``(n, y, x, channel)``
        Raw pixels, NaN where missing.
    channels : sequence of str
        Names along the last axis. Stars are measured in ``science``, else in ``template``; with both, a star has to be
        in both, so that cosmic rays, trails and the candidates themselves do not count. A PSF among them, that of the
        difference first, is taken at its word: the median FWHM of up to `MOST_PSFS` rows.

    Notes
    -----
    A round Gaussian is fitted to the brightest places of each row, in images binned by 1, 2 and 4 pixels, from several
    widths; the binning in which most stars are found decides. Their widths have a mode, while those of galaxies and
    defects are spread on its sides: the middle of the shortest interval with a third of all widths counts.
    """
    if (stated := stated_fwhm(cutouts, channels)) > 0:
        return stated
    named = [name for name in ("science", "template") if name in channels]
    if not named or not len(cutouts):
        return math.nan
    images = to_missing(cutouts[..., [list(channels).index(name) for name in named]])[0]
    widths, binning, rows = _most_agreed(images)
    if rows < FEWEST:
        return math.nan
    width = _mode(widths)
    binned = (binning**2 - 1) / 12  # variance that summing over pixels adds
    fwhm = FWHM_PER_SIGMA * math.sqrt(max((width * binning) ** 2 - binned, 0.01))
    log.info("stars in %d of %d cutouts have a typical FWHM of %.2f pixels", rows, len(cutouts), fwhm)
    return fwhm


def stated_fwhm(cutouts: NDArray[np.float32], channels: Sequence[str]) -> float:
    """Return the median FWHM in pixels of the PSFs behind cutouts, parameters as of `typical_fwhm`; NaN without one."""
    for name in (plane_name(image, PSF) for image in ("difference", "science", "template")):
        psfs = cutouts[..., list(channels).index(name)] if name in channels else cutouts[:0, ..., 0]
        known = np.flatnonzero(np.isfinite(psfs).all(axis=(1, 2)))
        if len(known):
            some = known[:: -(-len(known) // MOST_PSFS)]
            from pipeline.psf.sampled import SampledPsf  # slow to load, and few surveys state a PSF

            widths = [SampledPsf(samples=psfs[row].astype(np.float64)).fwhm_pixel for row in some]
            log.info("the PSFs of %d cutouts have a median FWHM of %.2f pixels", len(some), np.median(widths))
            return float(np.median(widths))
    return math.nan


def _most_agreed(images: NDArray[np.float32]) -> tuple[NDArray[np.floating], int, int]:
    """Return the widths of stars in the binning that shows most, this binning, and the rows with a star."""
    best, most, rows = np.empty(0, np.float32), 1, 0
    for binning in BINNINGS:
        if min(images.shape[1:3]) // binning < _SMALLEST_SIDE or 2 * rows > len(images):
            break
        widths = _widths(images, binning)
        there = widths > 0
        if 0.8 * there.any(axis=0).sum() > rows:
            best, most, rows = widths[there], binning, int(there.any(axis=0).sum())
    return best, most, rows


def _mode(values: NDArray[np.floating]) -> float:
    """Return the median of the shortest interval that holds a third of the values, by their logarithms."""
    ordered = np.sort(values)
    some = len(ordered) // 3 + 1
    spans = np.log(ordered[some - 1 :] / ordered[: len(ordered) - some + 1])
    first = int(spans.argmin())
    return float(np.median(ordered[first : first + some]))


def _binned(images: NDArray[np.float32], binning: int) -> NDArray[np.float32]:
    """Return means of ``binning`` squared pixels of ``(n, y, x, channel)``; NaN where one of them is missing."""
    n, y, x, channels = images.shape
    rows, columns = y // binning, x // binning
    cut = images[:, : rows * binning, : columns * binning]
    return cut.reshape(n, rows, binning, columns, binning, channels).mean(axis=(2, 4))


@dataclass(frozen=True, kw_only=True)
class _Image:
    """An image without sky, 0 where missing ``(n, y, x)``, where it is there, and its noise ``(n,)``."""

    pixels: NDArray[np.float32]
    mask: NDArray[np.bool_]
    noise: NDArray[np.float32]

    def at(self, rows: NDArray[np.intp], y: NDArray[np.intp], x: NDArray[np.intp]) -> Fit:
        """Return the Gaussians around some pixels, from the best of several widths."""
        step = np.arange(-WINDOW, WINDOW + 1)
        down, right = y[:, None, None] + step[:, None], x[:, None, None] + step[None]
        side = self.pixels.shape[1:]
        inside = (down >= 0) & (down < side[0]) & (right >= 0) & (right < side[1])
        where = (rows[:, None, None], np.clip(down, 0, side[0] - 1), np.clip(right, 0, side[1] - 1))
        mask = self.mask[where] & inside
        return _best([fit_gaussian(self.pixels[where] * mask, mask, start) for start in _STARTS])


def _best(fits: Sequence[Fit]) -> Fit:
    """Return of each row the fit that explains most."""
    best = np.stack([fit.explained for fit in fits]).argmax(axis=0)
    rows = np.arange(len(best))
    return Fit(**{name: np.stack([getattr(fit, name) for fit in fits])[best, rows] for name in Fit.__annotations__})


def _image(pixels: NDArray[np.float32]) -> _Image:
    mask = np.isfinite(pixels)
    sky, noise = sky_and_noise(pixels, np.ones(pixels.shape[1:], dtype=bool))
    flat = np.where(mask, pixels - np.nan_to_num(sky)[:, None, None], np.float32(0))
    size = np.abs(flat).max(axis=(1, 2))
    unit = np.where(noise > 1e-6 * size, noise, np.maximum(1e-6 * size, 1e-30)).astype(np.float32)
    scaled = np.clip(flat / unit[:, None, None], -1e6, 1e6).astype(np.float32)
    return _Image(pixels=scaled, mask=mask, noise=np.ones_like(unit))


def _widths(images: NDArray[np.float32], binning: int) -> NDArray[np.floating]:
    """Return the widths of the brightest places of each row, in binned pixels, ``(peak, n)``; 0 of what is no star."""
    small = _binned(images, binning) if binning > 1 else images
    layers = [_image(np.ascontiguousarray(small[..., k])) for k in range(small.shape[3])]
    return np.stack([_width_at(layers, y, x) for y, x in _peaks(layers[0])])


def _width_at(layers: Sequence[_Image], y: NDArray[np.intp], x: NDArray[np.intp]) -> NDArray[np.floating]:
    """Return the width ``(n,)`` at one place of each row, 0 where no star is there in all layers."""
    fit = layers[0].at(np.arange(len(y)), y, x)
    star = _is_star(fit)
    for other in layers[1:]:
        if not len(some := np.flatnonzero(star)):
            break
        star[some] = _alike(fit, other.at(some, y[some], x[some]), some)
    return np.where(star, fit.width, np.float32(0))


def _alike(fit: Fit, other: Fit, rows: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Tell whether some rows of a fit have the same star as the rows of another one."""
    apart = np.hypot(fit.x[rows] - other.x, fit.y[rows] - other.y)
    ratio = np.abs(np.log(fit.width[rows] / other.width))
    return np.asarray((_snr(other) > _SNR_TEMPLATE) & (apart < 1) & (ratio < 0.7))


def _snr(fit: Fit) -> NDArray[np.floating]:
    """Return the signal to noise of fits to images in units of their noise."""
    return np.asarray(fit.flux / (3.545 * fit.width))


def _is_star(fit: Fit) -> NDArray[np.bool_]:
    """Tell which fits are of something bright, round and smooth, not cut off at its top."""
    peak = fit.flux / (2 * np.pi * fit.width**2)
    rest = np.abs(fit.leftover[:, WINDOW - 3 : WINDOW + 4, WINDOW - 3 : WINDOW + 4]).max(axis=(1, 2))
    smooth = rest < 0.25 * peak + 4
    return np.asarray(
        (fit.width > _NARROWEST) & (fit.width < _WIDEST) & (np.hypot(fit.x, fit.y) < _OFFSET)
        & (fit.explained > _EXPLAINED) & (_snr(fit) > _SNR) & smooth
    )  # fmt: skip


def _peaks(image: _Image) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Yield rows and columns ``(n,)`` of the brightest places, brightest first, none near another or the edge."""
    n, height, width = image.pixels.shape
    sums = np.full_like(image.pixels, -np.inf)
    inner = image.pixels[:, :-2] + image.pixels[:, 1:-1] + image.pixels[:, 2:]
    sums[:, 1:-1, 1:-1] = inner[:, :, :-2] + inner[:, :, 1:-1] + inner[:, :, 2:]
    sums[:, :_MARGIN], sums[:, -_MARGIN:], sums[:, :, :_MARGIN], sums[:, :, -_MARGIN:] = (-np.inf,) * 4
    rows, columns = np.arange(height)[None, :, None], np.arange(width)[None, None]
    for _ in range(PEAKS):
        place = sums.reshape(n, -1).argmax(axis=1)
        y, x = place // width, place % width
        yield y, x
        sums[np.hypot(rows - y[:, None, None], columns - x[:, None, None]) < 5] = -np.inf
