"""The stars of an image that show its PSF: single, round, unsaturated, of one width.

Tested by tests/pipeline/psf/test_profile.py.
"""

from dataclasses import dataclass

import numpy as np
import sep
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation

from pipeline.conversions import FWHM_PER_SIGMA
from pipeline.cutouts.extract import extract_cutouts
from pipeline.errors import InputError
from pipeline.imaging.sources import FlatImage, extract, remove_sky

_SIGMA = 5.0
"""Neighbours are detected down to this height."""

_BRIGHT = 30.0
_FULL = 0.8
"""Stars above this share of the saturation level are left out: detectors are not linear there."""

_ROUND = 0.7
_SHARPEST = 0.5
"""Share of a star's brightest pixel in the 3 x 3 around it: 0.4 for a FWHM of 1.3 pixel, 1 for a hot pixel."""

_EDGE = 0.75
"""Share of a star's cutout that must hold usable pixels."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PsfStars:
    """Cutouts of stars.

    Attributes
    ----------
    pixels : ndarray of float64, (star, y, x)
        Without sky; NaN where missing or covered by another source. The brightest first.
    x_pixel, y_pixel : ndarray of float64, (star,)
        Centroids in the image.
    x_offset, y_offset : ndarray of float64, (star,)
        Centroids minus the central pixel of the cutout.
    flux : ndarray of float64, (star,)
    fwhm_pixel : float
        Their median width.
    sky_rms : float
        Noise of the sky.
    found : int
        Number of sources in the image; these are the usable stars among them.
    """

    pixels: NDArray[np.float64]
    x_pixel: NDArray[np.float64]
    y_pixel: NDArray[np.float64]
    x_offset: NDArray[np.float64]
    y_offset: NDArray[np.float64]
    flux: NDArray[np.float64]
    fwhm_pixel: float
    sky_rms: float
    found: int

    def __len__(self) -> int:
        return len(self.flux)

    def chosen(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> "PsfStars":
        """Return some of the stars."""
        names = ("pixels", "x_pixel", "y_pixel", "x_offset", "y_offset", "flux")
        some = {name: getattr(self, name)[rows] for name in names}
        return PsfStars(**some, fwhm_pixel=self.fwhm_pixel, sky_rms=self.sky_rms, found=self.found)


def find_psf_stars(
    image: NDArray[np.float32], *, saturation: float = np.inf, max_stars: int = 400, reach_fwhm: float = 4.0
) -> PsfStars:
    """Return the stars of an image that show its PSF.

    These are sources above 30 sigma that are unblended, round and below saturation, and whose half-light radius is that
    of the many small ones, so that galaxies and cosmic rays are left out.

    Parameters
    ----------
    image : ndarray, (y, x)
        Sky included, NaN where missing.
    saturation : float
        Level above which pixels are saturated, in image units.
    max_stars : int
        The most stars that are returned, the brightest ones.
    reach_fwhm : float
        Half the side of their cutouts, in FWHM.

    Raises
    ------
    InputError
        If there is no usable star, or no pixel of the image is finite.
    """
    flat = remove_sky(image)
    sources, segments = _extract(flat)
    stars, fwhm = _single_stars(flat, sources, saturation)
    if not len(stars):
        raise InputError(f"none of {len(sources)} sources is a usable star")
    order = np.argsort(-sources["flux"][stars], kind="stable")[:max_stars]
    stars = stars[order]
    sigma = np.full(len(stars), fwhm / FWHM_PER_SIGMA)
    x, y, _ = sep.winpos(flat.pixels, sources["x"][stars], sources["y"][stars], sigma, mask=flat.missing)
    moved = np.hypot(x - sources["x"][stars], y - sources["y"][stars]) > 0.5 * fwhm
    x, y = np.where(moved, sources["x"][stars], x), np.where(moved, sources["y"][stars], y)
    size = 2 * int(np.ceil(reach_fwhm * fwhm)) + 1
    cut = extract_cutouts(np.where(flat.missing, np.float32(np.nan), flat.pixels), x, y, size)
    pixels = np.array(cut.pixels, dtype=np.float64)
    pixels[_foreign(segments, stars + 1, x, y, size)] = np.nan
    whole = np.isfinite(pixels).mean(axis=(1, 2)) > _EDGE
    middle = pixels[:, size // 2 - 1 : size // 2 + 2, size // 2 - 1 : size // 2 + 2]
    whole &= np.isfinite(middle).all(axis=(1, 2))
    if not whole.any():
        raise InputError(f"none of {len(sources)} sources is a star with free surroundings")
    return PsfStars(
        pixels=pixels[whole],
        x_pixel=x[whole],
        y_pixel=y[whole],
        x_offset=cut.x_offset[whole].astype(np.float64),
        y_offset=cut.y_offset[whole].astype(np.float64),
        flux=sources["flux"][stars][whole].astype(np.float64),
        fwhm_pixel=fwhm,
        sky_rms=float(flat.sky_rms),
        found=len(sources),
    )


def _extract(flat: FlatImage) -> tuple[NDArray[np.void], NDArray[np.int32]]:
    """Return sources, and for each pixel the number from 1 of the source that it belongs to."""
    sources, segments = extract(
        flat.pixels, _SIGMA, err=flat.sky_rms, mask=flat.missing, minarea=5, segmentation_map=True
    )
    return sources, segments


def _single_stars(flat: FlatImage, sources: NDArray[np.void], saturation: float) -> tuple[NDArray[np.intp], float]:
    """Return the rows of sources that are stars, and their FWHM in pixels."""
    single = (sources["flag"] == 0) & (sources["b"] > _ROUND * sources["a"])
    single &= (sources["peak"] > _BRIGHT * flat.sky_rms) & (sources["peak"] + flat.sky_level < _FULL * saturation)
    rows = np.flatnonzero(single)
    if not len(rows):
        return rows, np.nan
    # width of the circle whose area is above half the peak: robust against wings and neighbours
    widths = _half_widths(flat, sources["x"][rows], sources["y"][rows])
    measured = (widths > 0) & (_sharpness(flat, sources["x"][rows], sources["y"][rows]) < _SHARPEST)
    rows, widths = rows[measured], widths[measured]
    if not len(rows):
        return rows, np.nan
    width = _narrow_mode(widths)
    alike = np.abs(widths / width - 1.0) < 0.25
    return rows[alike], float(np.median(widths[alike]))


def _half_widths(flat: FlatImage, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the FWHM from the area above half the peak, (n,); 0 where it cannot be measured."""
    cut = extract_cutouts(flat.pixels, x, y, 31)
    pixels = np.nan_to_num(cut.pixels.astype(np.float64))
    grid = np.arange(31) - 15
    near = np.hypot(
        grid[None, None, :] - cut.x_offset[:, None, None], grid[None, :, None] - cut.y_offset[:, None, None]
    )
    peak = pixels[:, 13:18, 13:18].max(axis=(1, 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        share = pixels / peak[:, None, None]
        # a pixel counts by how far it is above: an area below the grain of the pixels
        area = (np.clip((share - 0.5) * 2.0 + 0.5, 0.0, 1.0) * (near < 12)).sum(axis=(1, 2))
    return np.where(peak > 0, 2.0 * np.sqrt(np.nan_to_num(area) / np.pi), 0.0)


def _sharpness(flat: FlatImage, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of the brightest pixel in the 3 x 3 around it, (n,); near 1 for hot pixels and cosmic rays."""
    pixels = np.nan_to_num(extract_cutouts(flat.pixels, x, y, 7).pixels.astype(np.float64))
    brightest = pixels[:, 1:6, 1:6].reshape(len(pixels), -1).argmax(axis=1)
    rows, columns = brightest // 5 + 1, brightest % 5 + 1
    one = np.arange(len(pixels))
    around = sum(pixels[one, rows + dy, columns + dx] for dy in (-1, 0, 1) for dx in (-1, 0, 1))
    return np.asarray(pixels[one, rows, columns] / np.maximum(around, 1e-30))


def _narrow_mode(widths: NDArray[np.float64]) -> float:
    """Return the width that most of n sources have: stars share one, galaxies do not."""
    logs = np.sort(np.log(widths))
    inside = np.searchsorted(logs, logs + 0.15, side="right") - np.arange(len(logs))
    first = int(np.argmax(inside))
    return float(np.exp(np.median(logs[first : first + inside[first]])))


def _foreign(
    segments: NDArray[np.int32], own: NDArray[np.intp], x: NDArray[np.float64], y: NDArray[np.float64], size: int
) -> NDArray[np.bool_]:
    """Return where the cutouts hold light of other sources, (star, y, x), a pixel more all around."""
    labels = extract_cutouts(segments.astype(np.float32), x, y, size).pixels
    foreign = (np.nan_to_num(labels) > 0) & (labels != own[:, None, None])
    return binary_dilation(foreign, structure=np.ones((1, 3, 3), dtype=bool), iterations=2)
