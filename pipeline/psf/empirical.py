"""The PSF of an image from its own stars: effective PSFs of photutils, one per cell if there are enough stars."""

import logging
import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.conversions import FWHM_PER_SIGMA
from pipeline.errors import InputError, SettingsError
from pipeline.psf.grid import PsfGrid
from pipeline.psf.moffat import moffat_alpha
from pipeline.psf.sampled import SampledPsf
from pipeline.psf.stars import PsfStars

log = logging.getLogger(__name__)

_MARGIN = 0.1
"""A cell also uses the stars in this share of its neighbours."""

_MOST_CELLS = 3
_ITERATIONS = 4
_FINER = ((2.5, 4), (3.8, 3))
"""Below a FWHM of the stars, the number of samples per pixel; otherwise 2. With photutils' quadratic smoothing these
put less than 1 % of the light of Moffat profiles of FWHM 1.5 to 4 pixel into wrong pixels; its quartic one, which is
made for 4 samples per pixel, sharpens coarser ones by up to 13 %."""

_SKY_FWHM = 3.0
"""Beyond this radius the light of a star cannot be told from that of its surroundings."""

_WING_FWHM = (1.5, 2.5)
"""Between these radii the mean of the stars is blended into its average over the angle, which has less noise."""


@dataclass(frozen=True, kw_only=True)
class EmpiricalSettings:
    """How a PSF is made from the stars of an image.

    Attributes
    ----------
    min_stars : int
        Fewest stars that make a PSF, at least 3 and at most ``max_stars`` and ``cell_stars``.
    max_stars : int
        Most stars in each, the brightest.
    cell_stars : int
        With four (nine) times as many stars, the image is divided into 2 x 2 (3 x 3) cells.
    """

    min_stars: int = 12
    max_stars: int = 80
    cell_stars: int = 40

    def __post_init__(self) -> None:
        if not 3 <= self.min_stars <= min(self.max_stars, self.cell_stars):
            raise SettingsError(
                f"min_stars is {self.min_stars}; allowed: at least 3, at most max_stars {self.max_stars} and "
                f"cell_stars {self.cell_stars}"
            )


def build_psf(
    stars: PsfStars, shape: tuple[int, int], settings: EmpiricalSettings | None = None
) -> SampledPsf | PsfGrid:
    """Return the PSF that stars of an image show.

    Parameters
    ----------
    stars : PsfStars
    shape : tuple of int
        Height and width of the image.
    settings : EmpiricalSettings, optional

    Raises
    ------
    InputError
        If the stars are too few, or make no PSF.

    Notes
    -----
    Anderson & King 2000, PASP 112, 1360.
    """
    chosen = settings or EmpiricalSettings()
    if len(stars) < chosen.min_stars:
        raise InputError(f"{len(stars)} of {stars.found} sources are usable stars, a PSF takes {chosen.min_stars}")
    oversampling = next((number for width, number in _FINER if stars.fwhm_pixel < width), 2)
    parts = _cells(stars, shape, chosen)
    planes = [[_one(stars.chosen(rows[: chosen.max_stars]), oversampling) for rows in line] for line in parts]
    log.debug("PSF of %d x %d cells from %d stars", len(parts), len(parts), len(stars))
    if len(parts) == 1:
        return SampledPsf(samples=planes[0][0], sampling=1.0 / oversampling, kind="empirical")
    return PsfGrid(planes=np.array(planes), sampling=1.0 / oversampling, shape=shape, kind="empirical")


def _cells(stars: PsfStars, shape: tuple[int, int], settings: EmpiricalSettings) -> list[list[NDArray[np.intp]]]:
    """Return the rows of stars in each cell, for as many cells as have enough of them."""
    for cells in range(min(_MOST_CELLS, int(np.sqrt(len(stars) / settings.cell_stars))), 1, -1):
        rows = [(stars.y_pixel + 0.5) / shape[0] * cells - cell for cell in range(cells)]
        columns = [(stars.x_pixel + 0.5) / shape[1] * cells - cell for cell in range(cells)]
        parts = [[np.flatnonzero(_near(row) & _near(column)) for column in columns] for row in rows]
        if min(len(part) for line in parts for part in line) >= settings.min_stars:
            return parts
    return [[np.arange(len(stars))]]


def _near(place: NDArray[np.float64]) -> NDArray[np.bool_]:
    return (place >= -_MARGIN) & (place < 1.0 + _MARGIN)


def _one(stars: PsfStars, oversampling: int) -> NDArray[np.float64]:
    """Return the samples of one effective PSF, centred, its wings smoothed."""
    from astropy.modeling.fitting import LevMarLSQFitter
    from photutils.psf import EPSFBuilder, EPSFStar, EPSFStars

    known = np.isfinite(stars.pixels)
    half = stars.pixels.shape[1] // 2
    fit = max(5, 2 * round(stars.fwhm_pixel) + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            cutouts = [
                EPSFStar(pixels, weights=weight.astype(float), cutout_center=(half + x, half + y), id_label=number)
                for number, (pixels, weight, x, y) in enumerate(
                    zip(np.where(known, stars.pixels, 0.0), known, stars.x_offset, stars.y_offset, strict=True), 1
                )
            ]
            builder = EPSFBuilder(
                oversampling=oversampling,
                smoothing_kernel="quadratic",
                maxiters=_ITERATIONS,
                fitter=LevMarLSQFitter(),  # the default takes twice as long for equal PSFs
                fit_shape=min(fit, stars.pixels.shape[1]),
                recentering_boxsize=min(fit, stars.pixels.shape[1]),
                progress_bar=False,
            )
            samples = np.asarray(builder(EPSFStars(cutouts)).epsf.data, dtype=np.float64)
    except Exception as error:  # photutils raises several classes where stars do not fit together
        raise InputError(f"{len(stars)} stars make no PSF: {' '.join(str(error).split())}") from error
    if not np.isfinite(samples).all() or not samples.sum() > 0:
        raise InputError(f"{len(stars)} stars make no PSF: its samples are not finite or not positive")
    fwhm = stars.fwhm_pixel * oversampling
    return _smooth_wings(_without_sky(_centred(samples, fwhm), fwhm), fwhm)


def _centred(samples: NDArray[np.float64], fwhm: float) -> NDArray[np.float64]:
    """Return samples moved so that their centroid under a Gaussian weight is the middle; widths in samples."""
    import sep

    middle_y, middle_x = (length // 2 for length in samples.shape)
    for _ in range(2):
        image = np.ascontiguousarray(samples / samples.max(), dtype=np.float32)
        x, y, flag = sep.winpos(image, [float(middle_x)], [float(middle_y)], [fwhm / FWHM_PER_SIGMA])
        move = (float(x[0]) - middle_x, float(y[0]) - middle_y)
        if flag[0] or np.hypot(*move) > fwhm:
            break
        samples = _moved(samples, *move)
    return samples


def _moved(samples: NDArray[np.float64], x: float, y: float) -> NDArray[np.float64]:
    """Return samples read ``(x, y)`` samples further on."""
    from scipy.ndimage import shift

    return np.asarray(shift(samples, (-y, -x), order=3, mode="nearest"))


def _without_sky(samples: NDArray[np.float64], fwhm: float) -> NDArray[np.float64]:
    """Return samples minus the level by which their outer part exceeds that of a Moffat profile of beta 3.

    In a crowded field, faint neighbours raise the surroundings of every star; beyond 3 FWHM this cannot be told from
    wings, and a PSF that ends in a step would show as a square in the image.
    """
    y, x = (np.arange(length) - length // 2 for length in samples.shape)
    squared = x[None, :] ** 2 + y[:, None] ** 2
    alpha2 = moffat_alpha(fwhm) ** 2
    profile = 2.0 / (np.pi * alpha2) * (1.0 + squared / alpha2) ** -3.0
    inside = squared <= (_SKY_FWHM * fwhm) ** 2
    if inside.all():
        return samples
    matrix = [[profile[part].sum(), part.sum()] for part in (inside, ~inside)]
    _, level = np.linalg.solve(matrix, [samples[inside].sum(), samples[~inside].sum()])
    return samples - level


def _smooth_wings(samples: NDArray[np.float64], fwhm: float) -> NDArray[np.float64]:
    """Return samples that, far out, are replaced by their average over the angle, which is never negative there."""
    y, x = (np.arange(length) - length // 2 for length in samples.shape)
    radius = np.hypot(x[None, :], y[:, None])
    ring = np.round(radius).astype(int)
    mean = np.bincount(ring.ravel(), samples.ravel()) / np.bincount(ring.ravel())
    profile = np.interp(radius, np.arange(len(mean)), np.maximum(mean, 0.0))
    low, high = (limit * fwhm for limit in _WING_FWHM)
    weight = np.clip((radius - low) / (high - low), 0.0, 1.0)
    return (1.0 - weight) * samples + weight * profile
