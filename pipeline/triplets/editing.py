"""Edit one triplet of cutouts: fill its gaps, move its centre, remove its source, add stars, dim it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.conversions import FWHM_PER_SIGMA
from pipeline.errors import InputError
from pipeline.features.known_psf import fit_psf
from pipeline.features.planes import sky_and_noise
from pipeline.triplets.noise_and_psf import IMAGES, KnownPlanes, known_planes, psf_width

SCIENCE, TEMPLATE, DIFFERENCE = 0, 1, 2
CLEARED = 7.0
"""Radius that :func:`clear_centre` replaces, in pixels."""


@dataclass(kw_only=True)
class EditedCutout:
    """One triplet of cutouts that is being edited.

    Attributes
    ----------
    pixels : ndarray of float32, ``(y, x, 3)``
        Science, template, difference, gaps filled.
    missing : ndarray of bool, ``(y, x, 3)``
        Which pixels were missing; they are set to missing again at the end.
    sky, noise : ndarray of float32, ``(3,)``
        Median and noise of each image, in its own unit.
    known : KnownPlanes or None
        Variance and PSF of the images, where the survey states them.
    """

    pixels: NDArray[np.float32]
    missing: NDArray[np.bool_]
    sky: NDArray[np.float32]
    noise: NDArray[np.float32]
    known: KnownPlanes | None = None

    @property
    def centre(self) -> tuple[int, int]:
        """Central pixel, ``(y, x)``."""
        return self.pixels.shape[0] // 2, self.pixels.shape[1] // 2

    def finished(self) -> NDArray[np.float32]:
        """Return the pixels with the gaps back in place, and the planes behind them."""
        images = np.where(self.missing, np.float32(np.nan), self.pixels)
        return images if self.known is None else np.concatenate([images, self.known.stacked()], axis=-1)


def open_cutout(triplet: NDArray[np.float32], rng: np.random.Generator) -> EditedCutout:
    """Return a triplet with its gaps filled with sky and noise.

    Parameters
    ----------
    triplet : ndarray of float32, ``(y, x, 3)`` or ``(y, x, 9)``
        Science, template, difference; behind them perhaps the variance of each, then the PSF of each, NaN where they
        are not known. Where the variance is known, the noise is the square root of its median.
    rng : numpy.random.Generator
        Source of the noise in the gaps.
    """
    if triplet.ndim != 3 or triplet.shape[2] not in (IMAGES, 3 * IMAGES):
        raise InputError(
            f"a cutout must be (y, x, 3) of science, template, difference, or (y, x, 9) with variances and PSFs, got "
            f"{triplet.shape}"
        )
    known, triplet = known_planes(triplet), triplet[..., :IMAGES]
    planes = np.moveaxis(triplet, 2, 0)
    sky, noise = sky_and_noise(planes, np.ones(planes.shape[1:], dtype=bool))
    sky, noise = np.nan_to_num(sky), np.nan_to_num(noise)
    for image in range(IMAGES):
        if known is not None and known.has_variance(image):
            noise[image] = np.sqrt(np.nanmedian(known.variance[..., image]))
    missing = ~np.isfinite(triplet)
    filling = sky + noise * rng.standard_normal(triplet.shape, dtype=np.float32)
    return EditedCutout(pixels=np.where(missing, filling, triplet), missing=missing, sky=sky, noise=noise, known=known)


def distance(cutout: EditedCutout, y: float = 0.0, x: float = 0.0) -> NDArray[np.float32]:
    """Return the distance of every pixel from the centre after moving that by ``(y, x)`` pixels."""
    rows, columns = (np.arange(side, dtype=np.float32) for side in cutout.pixels.shape[:2])
    cy, cx = cutout.centre
    return np.hypot(rows[:, None] - cy - y, columns[None] - cx - x)


def recentre(cutout: EditedCutout, dy: int, dx: int) -> None:
    """Move the pixel at ``(dy, dx)`` from the centre to the centre; what comes in from outside is mirrored."""
    height, width = cutout.pixels.shape[:2]
    rows = _mirrored(np.arange(height) + dy, height)
    columns = _mirrored(np.arange(width) + dx, width)
    cutout.pixels = cutout.pixels[rows][:, columns]
    cutout.missing = cutout.missing[rows][:, columns]
    if cutout.known is not None:
        cutout.known.variance = cutout.known.variance[rows][:, columns]


def _mirrored(index: NDArray[np.intp], size: int) -> NDArray[np.intp]:
    folded = np.abs(index) % max(2 * size - 2, 1)
    return np.where(folded >= size, 2 * size - 2 - folded, folded)


def clear_centre(cutout: EditedCutout, rng: np.random.Generator, radius: float = CLEARED) -> None:
    """Remove the central source from the difference, and make the science image agree with the template.

    Pixels of the difference are replaced by those of a quiet place in the same cutout, with a soft rim. The science
    image changes by as much: a source that brightened disappears and one that faded comes back, so hosts and constant
    stars stay, and the quiet template is never changed. Where variance and PSF of the difference are known, a fit of
    the PSF is subtracted first, since its wings reach farther. The variance of both becomes that of the quiet place.
    """
    difference = cutout.pixels[..., DIFFERENCE]
    near = distance(cutout)
    soft = np.clip((radius + 1 - near) / 2, 0, 1).astype(np.float32)
    disc = np.exp(-0.5 * (near / 1.5) ** 2) * (near < 6)
    images = cutout.pixels - cutout.sky
    rose = float((disc * (images[..., SCIENCE] - images[..., TEMPLATE])).sum()) > 0
    # surveys that store template - science for faded sources show them as positive differences
    stored_as_is = rose == (float((disc * difference).sum()) > 0)
    light = _known_light(cutout)
    difference = difference - light
    step = _quiet_place(difference - cutout.sky[DIFFERENCE], rng, near <= radius)
    change = soft * (np.roll(difference, step, axis=(0, 1)) - difference) - light
    cutout.pixels[..., SCIENCE] += change if stored_as_is else -change
    cutout.pixels[..., DIFFERENCE] += change
    if cutout.known is not None:
        for image in (SCIENCE, DIFFERENCE):
            variance = cutout.known.variance[..., image]
            quiet = variance + soft * (np.roll(variance, step, axis=(0, 1)) - variance)
            variance[soft > 0] = quiet[soft > 0]


def _known_light(cutout: EditedCutout) -> NDArray[np.float32] | np.float32:
    """Return the light of the central source in the difference by a fit of its PSF; 0 where that is not known."""
    known = cutout.known
    if known is None or not (known.has_psf(DIFFERENCE) and known.has_variance(DIFFERENCE)):
        return np.float32(0)
    pixels = np.where(cutout.missing[..., DIFFERENCE], np.float32(np.nan), cutout.pixels[..., DIFFERENCE])
    source = fit_psf(pixels, known.variance[..., DIFFERENCE], known.psf[..., DIFFERENCE])
    return np.float32(source.flux) * known.source(DIFFERENCE, source.y, source.x)


def _quiet_place(difference: NDArray[np.float32], rng: np.random.Generator, disc: NDArray[np.bool_]) -> tuple[int, int]:
    """Return by how much a difference is to be rolled, so that the quietest of eight places lies at the centre."""
    reach = max(min(difference.shape) // 2 - 8, 4)
    best, lowest = (0, 0), np.inf
    for angle in rng.uniform(0, 2 * np.pi) + np.arange(8) * np.pi / 4:
        step = int(reach * np.sin(angle)), int(reach * np.cos(angle))
        moved = np.roll(difference, step, axis=(0, 1))
        height = float(np.abs(moved[disc]).max(initial=0))
        if height < lowest:
            best, lowest = step, height
    return best


def source_image(
    cutout: EditedCutout,
    width: float,
    y: float = 0.0,
    x: float = 0.0,
    *,
    beta: float = 3.5,
    stretch: float = 0.0,
    angle: float = 0.0,
) -> NDArray[np.float32]:
    """Return an elliptical Moffat profile with a peak of 1, (y, x).

    Parameters
    ----------
    cutout : EditedCutout
        Gives the shape and the centre.
    width : float
        FWHM / 2.3548 of the round profile, in pixels.
    y, x : float
        Offset of the source from the centre, in pixels.
    beta : float
        Exponent of the Moffat profile.
    stretch : float
        The long axis is longer by a factor 1 + stretch and the short one shorter by it.
    angle : float
        Direction of the long axis in radians, from the x axis towards y.
    """
    rows, columns = (np.arange(side, dtype=np.float32) for side in cutout.pixels.shape[:2])
    cy, cx = cutout.centre
    dy, dx = rows[:, None] - cy - y, columns[None] - cx - x
    along = np.cos(angle) * dx + np.sin(angle) * dy
    across = -np.sin(angle) * dx + np.cos(angle) * dy
    core = FWHM_PER_SIGMA * width / (2 * np.sqrt(2 ** (1 / beta) - 1))
    square = (along / (core * (1 + stretch))) ** 2 + (across / (core / (1 + stretch))) ** 2
    return ((1 + square) ** -beta).astype(np.float32)


def add_neighbours(cutout: EditedCutout, rng: np.random.Generator, count: int) -> None:
    """Add constant stars at random positions to science image and template, most of them faint.

    Crowded fields are rare among alerts of one night and common among the next one's. Their width is that of the
    science image's PSF, where that is known.
    """
    width, beta = rng.uniform(0.8, 1.3), rng.uniform(2.5, 4)
    if cutout.known is not None and cutout.known.has_psf(SCIENCE):
        width = psf_width(cutout.known.psf[..., SCIENCE])
    core = FWHM_PER_SIGMA * width / (2 * np.sqrt(2 ** (1 / beta) - 1))
    step = np.arange(-10, 11)
    height, side = cutout.pixels.shape[:2]
    faintest = 4 * max(float(cutout.noise[TEMPLATE]), 1e-6) * np.exp(rng.uniform(0, 1.5))
    for y, x, draw in rng.random((count, 3)):
        y, x = y * (height - 1), x * (side - 1)
        rows, columns = int(y) + step, int(x) + step
        rows, columns = rows[(rows >= 0) & (rows < height)], columns[(columns >= 0) & (columns < side)]
        square = ((rows[:, None] - y) ** 2 + (columns[None] - x) ** 2) / core**2
        light = min(faintest * (draw + 1e-3) ** -1.0, 300 * faintest) * (1 + square) ** -beta
        cutout.pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1, :DIFFERENCE] += light[..., None].astype(
            np.float32
        )


def dim(cutout: EditedCutout, rng: np.random.Generator, through: float) -> None:
    """Let only a share ``through`` of the light reach the science image, without changing the noise of its sky."""
    lost = np.sqrt(1 - through**2) * cutout.noise
    for channel in (SCIENCE, DIFFERENCE):
        if cutout.known is not None:
            variance = cutout.known.variance[..., channel]
            variance += lost[channel] ** 2 - (1 - through**2) * variance
        dimmed = through * (cutout.pixels[..., channel] - cutout.sky[channel])
        noise = rng.normal(0, 1, dimmed.shape).astype(np.float32) * lost[channel]
        cutout.pixels[..., channel] = cutout.sky[channel] + dimmed + noise


def template_peaks(cutout: EditedCutout, reach: float = 20.0, minimum_snr: float = 8.0) -> NDArray[np.intp]:
    """Return offsets ``(k, 2)`` from the centre, ``(dy, dx)``, of the template's sources within ``reach`` pixels."""
    template = np.where(cutout.missing[..., TEMPLATE], cutout.sky[TEMPLATE], cutout.pixels[..., TEMPLATE])
    smooth = ndimage.uniform_filter(template, 3)
    top = (ndimage.maximum_filter(smooth, 5) == smooth) & (
        smooth - cutout.sky[TEMPLATE] > minimum_snr * cutout.noise[TEMPLATE]
    )
    top &= distance(cutout) <= reach
    return np.argwhere(top) - np.array(cutout.centre)
