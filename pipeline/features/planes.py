"""Cutouts prepared for measurement: one size, sky removed, one unit of noise, and the sign positive.

Tested by tests/pipeline/features/test_features.py.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.cutouts.missing import to_missing

HALF = 31
"""Half side of the square that is measured, in pixels; larger cutouts are cropped, smaller ones padded."""

SIDE = 2 * HALF + 1
OFFSETS = np.arange(-HALF, HALF + 1, dtype=np.float32)
RADIUS = np.hypot(OFFSETS[:, None], OFFSETS[None, :])
"""Distance of every pixel from the central one."""

APERTURE = np.exp(-0.5 * (RADIUS / 1.5) ** 2) * (RADIUS < 6)
"""Weight for the source at the centre when only its sign and rough flux matter."""

MOST = 1e6
"""Largest pixel kept, in units of the noise."""

TINY = np.float32(1e-12)


@dataclass(frozen=True, kw_only=True)
class Planes:
    """Triplets in the form in which they are measured.

    The bright image is the one of science and template that has more flux at the centre, so a source that faded is
    measured like one that brightened; the sign of the difference is turned so that its centre is positive. Lengths are
    pixels; fluxes are in units of the larger sky noise of science image and template.

    Attributes
    ----------
    bright, faint, difference, residual : ndarray of float32, ``(n, y, x)``
        Sky-subtracted pixels with 0 where missing; ``residual`` is bright - faint at one gain.
    bright_mask, faint_mask, difference_mask : ndarray of bool, ``(n, y, x)``
        True where the pixel is there.
    bright_noise, faint_noise, difference_noise : ndarray of float32, ``(n,)``
        Sky noise of each image.
    gain : ndarray of float32, ``(n,)``
        Flux ratio bright / faint of the surroundings before both were scaled to one gain.
    inside : ndarray of bool, ``(y, x)``
        True where the cutout had a pixel at all, missing or not.
    """

    bright: NDArray[np.float32]
    faint: NDArray[np.float32]
    difference: NDArray[np.float32]
    residual: NDArray[np.float32]
    bright_mask: NDArray[np.bool_]
    faint_mask: NDArray[np.bool_]
    difference_mask: NDArray[np.bool_]
    bright_noise: NDArray[np.float32]
    faint_noise: NDArray[np.float32]
    difference_noise: NDArray[np.float32]
    gain: NDArray[np.float32]
    inside: NDArray[np.bool_]

    def images(self) -> tuple[tuple[str, NDArray[np.float32], NDArray[np.bool_], NDArray[np.float32]], ...]:
        """Return ``(name, pixels, mask, noise)`` of the three images."""
        return (
            ("bright", self.bright, self.bright_mask, self.bright_noise),
            ("faint", self.faint, self.faint_mask, self.faint_noise),
            ("difference", self.difference, self.difference_mask, self.difference_noise),
        )


def aperture_flux(images: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the flux ``(n,)`` in the middle of images ``(n, y, x)``, one by one: threads of BLAS would cost more."""
    return np.asarray(np.einsum("nyx,yx->n", images, APERTURE), dtype=np.float32)


def fit_to_side(cutouts: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Crop or pad with NaN to ``SIDE``, the pixel ``size // 2`` in the middle.

    Returns the cutouts ``(n, SIDE, SIDE, channel)`` and which of their pixels the input had. For an even side the first
    row and column are left out, so that the square is centred.
    """
    framed = np.full((len(cutouts), SIDE, SIDE, cutouts.shape[3]), np.nan, dtype=np.float32)
    inside = np.zeros((SIDE, SIDE), dtype=bool)
    source, target = [], []
    for side in cutouts.shape[1:3]:
        centre = side // 2
        half = min(HALF, centre, side - 1 - centre)
        source.append(slice(centre - half, centre + half + 1))
        target.append(slice(HALF - half, HALF + half + 1))
    framed[:, target[0], target[1]] = cutouts[:, source[0], source[1]]
    inside[target[0], target[1]] = True
    return framed, inside


def sky_and_noise(
    pixels: NDArray[np.float32], region: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return median and noise ``(n,)`` of ``pixels`` ``(n, y, x)`` in ``region``; NaN where all are missing.

    The noise is the narrower half of the central 68 %, so that neighbours, which are on one side only, do not widen it.
    """
    ordered = np.sort(pixels[:, region], axis=1)
    count = np.isfinite(ordered).sum(axis=1)
    rows = np.arange(len(ordered))
    low, middle, high = (ordered[rows, (q * np.maximum(count - 1, 0)).astype(int)] for q in (0.1587, 0.5, 0.8413))
    return middle, np.minimum(high - middle, middle - low)


def _flattened(pixels: NDArray[np.float32], region: NDArray[np.bool_]) -> "_Image":
    """Return an image without sky; its noise is 0 where unknown."""
    mask = np.isfinite(pixels)
    sky, noise = sky_and_noise(pixels, region)
    elsewhere = np.isnan(sky) & mask.any(axis=(1, 2))
    if elsewhere.any():
        sky[elsewhere], noise[elsewhere] = sky_and_noise(pixels[elsewhere], np.ones_like(region))
    flat = np.where(mask, pixels - np.nan_to_num(sky)[:, None, None], np.float32(0))
    floor = np.float32(1e-6) * np.abs(flat).max(axis=(1, 2))
    return _Image(pixels=flat, mask=mask, noise=np.maximum(np.nan_to_num(noise), floor))


def _gain(
    science: NDArray[np.float32], template: NDArray[np.float32], noise: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the flux ratio science / template ``(n,)`` of the surroundings, which tends to 1 where they are empty."""
    outer = RADIUS > 7
    bright = np.where(template[:, outer] > 5 * noise[:, None], template[:, outer], np.float32(0))
    prior = 400 * noise**2 + TINY
    ratio = (np.einsum("np,np->n", science[:, outer], bright) + prior) / (np.einsum("np,np->n", bright, bright) + prior)
    return np.clip(ratio, 0.05, 20.0).astype(np.float32)


@dataclass(kw_only=True)
class _Image:
    """One channel without sky: pixels with 0 where missing, mask, noise ``(n,)``."""

    pixels: NDArray[np.float32]
    mask: NDArray[np.bool_]
    noise: NDArray[np.float32]

    def times(self, factor: NDArray[np.float32]) -> "_Image":
        """Return the image in another unit, within ``MOST`` of zero."""
        pixels = np.clip(self.pixels * factor[:, None, None], -MOST, MOST)
        return _Image(pixels=pixels.astype(np.float32), mask=self.mask, noise=self.noise * factor)


CHANNELS = ("science", "template", "difference")
"""The channels that are measured; others are not looked at."""


def prepare(cutouts: NDArray[np.float32], channels: tuple[str, ...]) -> Planes:
    """Return the cutouts ``(n, y, x, channel)`` as :class:`Planes`; an absent channel counts as missing.

    Without a difference, science - template is used instead.
    """
    framed, inside = fit_to_side(to_missing(cutouts)[0])
    half = int(np.flatnonzero(inside.any(axis=0))[-1]) - HALF
    hole = min(9.0, 0.6 * half) if half else -1.0
    region = inside & (hole < RADIUS)
    absent = np.full(framed.shape[:3], np.nan, dtype=np.float32)
    science, template, difference = (
        _flattened(framed[..., channels.index(name)] if name in channels else absent, region) for name in CHANNELS
    )
    unit = np.maximum(science.noise, template.noise)
    unit = np.where(unit > 0, unit, np.where(difference.noise > 0, difference.noise, np.float32(1)))
    scale = (1 / np.maximum(unit, 1e-30)).astype(np.float32)
    science, template, difference = (image.times(scale) for image in (science, template, difference))
    gain = _gain(science.pixels, template.pixels, np.maximum(science.noise, template.noise))
    template = template.times(gain)
    residual = _residual(science, template)
    return _ordered(science, template, _or_residual(difference, residual, science, template), residual, gain, inside)


def _residual(science: _Image, template: _Image) -> NDArray[np.float32]:
    """Return science - template where both are there; science alone where there is no template at all."""
    alone = ~template.mask.any(axis=(1, 2), keepdims=True)
    both = (science.mask & template.mask) | alone
    return np.where(both, science.pixels - template.pixels, np.float32(0))


def _or_residual(difference: _Image, residual: NDArray[np.float32], science: _Image, template: _Image) -> _Image:
    """Return the difference, with the residual in rows that have none."""
    gone = ~difference.mask.any(axis=(1, 2), keepdims=True)
    return _Image(
        pixels=np.where(gone, residual, difference.pixels),
        mask=np.where(gone, science.mask, difference.mask),
        noise=np.where(gone.reshape(-1), np.hypot(science.noise, template.noise), difference.noise),
    )


def _ordered(
    science: _Image,
    template: _Image,
    difference: _Image,
    residual: NDArray[np.float32],
    gain: NDArray[np.float32],
    inside: NDArray[np.bool_],
) -> Planes:
    """Return the bright and the faint image, with the difference turned so that its centre is positive."""
    faded = aperture_flux(residual) < 0
    swap = faded[:, None, None]
    negative = aperture_flux(difference.pixels) < 0
    sign = np.where(negative, np.float32(-1), np.float32(1))[:, None, None]
    return Planes(
        bright=np.where(swap, template.pixels, science.pixels),
        faint=np.where(swap, science.pixels, template.pixels),
        residual=np.where(swap, -residual, residual),
        difference=difference.pixels * sign,
        bright_mask=np.where(swap, template.mask, science.mask),
        faint_mask=np.where(swap, science.mask, template.mask),
        difference_mask=difference.mask,
        bright_noise=np.where(faded, template.noise, science.noise),
        faint_noise=np.where(faded, science.noise, template.noise),
        difference_noise=difference.noise,
        gain=np.where(faded, 1 / gain, gain),
        inside=inside,
    )
