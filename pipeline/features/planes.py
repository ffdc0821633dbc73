"""Cutouts prepared for measurement: one size, sky removed, one unit of noise, and the sign positive.

Tested by tests/pipeline/features/test_features.py.
"""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from pipeline.cutouts.missing import mark_missing
from pipeline.cutouts.planes import VARIANCE, plane_name
from pipeline.features.frame import HALF, SMALLEST, Frame, frame
from pipeline.features.row_statistics import count_true, order_statistics

APERTURE_HALF = 5
_APERTURE_RADIUS = np.hypot(*np.mgrid[-APERTURE_HALF : APERTURE_HALF + 1, -APERTURE_HALF : APERTURE_HALF + 1])
APERTURE = (np.exp(-0.5 * (_APERTURE_RADIUS / 1.5) ** 2) * (_APERTURE_RADIUS < 6)).astype(np.float32)
"""Weight ``(11, 11)`` for the source at the centre when only its sign and rough flux matter."""

MOST = 1e6
"""Largest pixel kept, in units of the noise."""

TINY = np.float32(1e-12)

Pixel = TypeVar("Pixel", bound=np.generic)


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
    faded : ndarray of bool, ``(n,)``
        Where the bright image is the template.
    inside : ndarray of bool, ``(y, x)``
        True where the cutout had a pixel at all, missing or not.
    frame : Frame
        Geometry of the square ``(y, x)``, which is smaller for small cutouts.
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
    faded: NDArray[np.bool_]
    inside: NDArray[np.bool_]
    frame: Frame

    def images(self) -> tuple[tuple[str, NDArray[np.float32], NDArray[np.bool_], NDArray[np.float32]], ...]:
        """Return ``(name, pixels, mask, noise)`` of the three images."""
        return (
            ("bright", self.bright, self.bright_mask, self.bright_noise),
            ("faint", self.faint, self.faint_mask, self.faint_noise),
            ("difference", self.difference, self.difference_mask, self.difference_noise),
        )


def aperture_flux(images: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the flux ``(n,)`` in the middle of images ``(n, y, x)``, one by one: threads of BLAS would cost more."""
    middle = images.shape[1] // 2
    near = slice(middle - APERTURE_HALF, middle + APERTURE_HALF + 1)
    return np.asarray(np.einsum("nyx,yx->n", images[:, near, near], APERTURE), dtype=np.float32)


def sky_and_noise(
    pixels: NDArray[np.float32], region: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return median and noise ``(n,)`` of ``pixels`` ``(n, y, x)`` in ``region``; NaN where all are missing.

    The noise is the narrower half of the central 68 %, so that neighbours, which are on one side only, do not widen it.
    """
    nowhere = np.where(region, np.float32(0), np.float32(np.nan))
    held = (pixels + nowhere).reshape(len(pixels), -1)
    last = np.maximum(count_true(np.isfinite(held)) - 1, 0)
    ranks = np.stack([(share * last).astype(int) for share in (0.1587, 0.5, 0.8413)], axis=1)
    low, middle, high = order_statistics(held, ranks).T
    return middle, np.minimum(high - middle, middle - low)


@dataclass(kw_only=True)
class _Image:
    """One channel without sky: pixels with 0 where missing, mask, noise ``(n,)``, and the largest pixel ``(n,)``."""

    pixels: NDArray[np.float32]
    mask: NDArray[np.bool_]
    noise: NDArray[np.float32]
    most: NDArray[np.float32]

    def scale(self, factor: NDArray[np.float32]) -> None:
        """Change the unit, within ``MOST`` of zero."""
        with np.errstate(over="ignore"):
            self.pixels *= factor[:, None, None]
            self.most = self.most * factor
        if (self.most > MOST).any():
            np.clip(self.pixels, -MOST, MOST, out=self.pixels)
        self.noise = self.noise * factor


@dataclass(frozen=True, kw_only=True)
class _Place:
    """Where the pixels of cutouts of one shape ``(y, x)`` go: an even side gives up its first row or column."""

    rows: tuple[slice, slice]
    """Of the cutouts, in y and x."""
    middle: tuple[slice, slice]
    """The same pixels in the frame."""
    frame: Frame
    region: NDArray[np.bool_]
    """Pixels of the cutouts that tell the sky: outside of the source."""

    @classmethod
    def of(cls, shape: tuple[int, ...]) -> "_Place":
        centres = [side // 2 for side in shape]
        halves = [min(HALF, centre, side - 1 - centre) for centre, side in zip(centres, shape, strict=True)]
        square = frame(min(HALF, max(SMALLEST, max(halves) + 2)))
        y, x = (square.middle(half) for half in halves)
        hole = min(9.0, 0.6 * halves[1]) if halves[1] else -1.0
        return cls(
            rows=tuple(slice(c - half, c + half + 1) for c, half in zip(centres, halves, strict=True)),  # type: ignore[arg-type]
            middle=(y, x),
            frame=square,
            region=square.radius[y, x] > hole,
        )

    def image(self, pixels: NDArray[np.number]) -> _Image:
        """Return an image without sky, from raw cutouts ``(n, y, x)``; its noise is 0 where unknown."""
        marked, gone = mark_missing(pixels[:, *self.rows])
        flat, missing = np.ascontiguousarray(marked), np.ascontiguousarray(gone)  # turned cutouts are not
        sky, noise = sky_and_noise(flat, self.region)
        elsewhere = np.isnan(sky) & ~missing.all(axis=(1, 2))
        if elsewhere.any():
            sky[elsewhere], noise[elsewhere] = sky_and_noise(flat[elsewhere], np.ones_like(self.region))
        flat -= np.nan_to_num(sky)[:, None, None]
        if missing.any():
            flat[missing] = 0
        most = np.maximum(flat.max(axis=(1, 2)), -flat.min(axis=(1, 2)))
        noise = np.maximum(np.nan_to_num(noise), np.float32(1e-6) * most)
        return _Image(pixels=self.framed(flat), mask=self.framed(~missing), noise=noise, most=most)

    def stated_noise(self, variances: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the noise ``(n,)`` that variances ``(n, y, x)`` state: the root of their median, NaN without any."""
        marked, _ = mark_missing(variances[:, *self.rows])
        middle, _ = sky_and_noise(np.ascontiguousarray(marked), self.region)
        return np.sqrt(np.maximum(middle, 0))

    def framed(self, values: NDArray[Pixel]) -> NDArray[Pixel]:
        """Return an array of the frame, 0 where the cutouts have no pixel."""
        if values.shape[1:] == self.frame.radius.shape:
            return values
        out = np.zeros((len(values), self.frame.side, self.frame.side), dtype=values.dtype)
        out[:, *self.middle] = values
        return out

    def absent(self, rows: int) -> _Image:
        """Return an image of which every pixel is missing."""
        shape, none = (rows, self.frame.side, self.frame.side), np.zeros(rows, dtype=np.float32)
        return _Image(pixels=np.zeros(shape, dtype=np.float32), mask=np.zeros(shape, dtype=bool), noise=none, most=none)


def _gain(science: _Image, template: _Image, frame: Frame) -> NDArray[np.float32]:
    """Return the flux ratio science / template ``(n,)`` of the surroundings, which tends to 1 where they are empty."""
    noise = np.maximum(science.noise, template.noise)
    bright = template.pixels * ((template.pixels > 5 * noise[:, None, None]) & (frame.radius > 7))
    prior = 400 * noise**2 + TINY
    product, power = (np.einsum("nyx,nyx->n", image, bright) for image in (science.pixels, bright))
    return np.clip((product + prior) / (power + prior), 0.05, 20.0).astype(np.float32)


CHANNELS = ("science", "template", "difference")
"""The images that are measured; of other channels, only the planes behind them are looked at."""


def prepare(cutouts: NDArray[np.float32], channels: tuple[str, ...]) -> Planes:
    """Return the cutouts ``(n, y, x, channel)`` as :class:`Planes`; an absent channel counts as missing.

    Without a difference, science - template is used instead. Where the channels have the variance of an image, its
    noise is the square root of the variance's median outside of the source.
    """
    place = _Place.of(cutouts.shape[1:3])
    science, template, difference = (
        place.image(cutouts[..., channels.index(name)]) if name in channels else place.absent(len(cutouts))
        for name in CHANNELS
    )
    for name, image in zip(CHANNELS, (science, template, difference), strict=True):
        if (variance := plane_name(name, VARIANCE)) in channels:
            stated = place.stated_noise(cutouts[..., channels.index(variance)])
            image.noise = np.where(stated > 0, stated, image.noise)
    unit = np.maximum(science.noise, template.noise)
    unit = np.where(unit > 0, unit, np.where(difference.noise > 0, difference.noise, np.float32(1)))
    scale = (1 / np.maximum(unit, 1e-30)).astype(np.float32)
    for image in (science, template, difference):
        image.scale(scale)
    gain = _gain(science, template, place.frame)
    template.scale(gain)
    residual = _residual(science, template)
    _fill_difference(difference, residual, science, template)
    inside = place.framed(np.ones((1, *place.region.shape), dtype=bool))[0]
    return _ordered(science, template, difference, residual=residual, gain=gain, inside=inside, frame=place.frame)


def _residual(science: _Image, template: _Image) -> NDArray[np.float32]:
    """Return science - template where both are there; science alone where there is no template at all."""
    alone = ~template.mask.any(axis=(1, 2), keepdims=True)
    residual = science.pixels - template.pixels
    one = (science.mask != template.mask) & ~alone
    if one.any():
        residual[one] = 0
    return residual


def _fill_difference(difference: _Image, residual: NDArray[np.float32], science: _Image, template: _Image) -> None:
    """Put the residual in place of the difference in rows that have none."""
    gone = ~difference.mask.any(axis=(1, 2))
    if gone.any():
        difference.pixels[gone] = residual[gone]
        difference.mask[gone] = science.mask[gone]
        difference.noise = np.where(gone, np.hypot(science.noise, template.noise), difference.noise)


def _ordered(
    science: _Image,
    template: _Image,
    difference: _Image,
    *,
    residual: NDArray[np.float32],
    gain: NDArray[np.float32],
    inside: NDArray[np.bool_],
    frame: Frame,
) -> Planes:
    """Return the bright and the faint image, with the difference turned so that its centre is positive.

    The arrays of the images are used, and changed.
    """
    faded = aperture_flux(residual) < 0
    negative = aperture_flux(difference.pixels) < 0
    for first, second in ((science.pixels, template.pixels), (science.mask, template.mask)):
        first[faded], second[faded] = second[faded], first[faded]
    residual[faded] *= -1
    difference.pixels[negative] *= -1
    return Planes(
        bright=science.pixels,
        faint=template.pixels,
        residual=residual,
        difference=difference.pixels,
        bright_mask=science.mask,
        faint_mask=template.mask,
        difference_mask=difference.mask,
        bright_noise=np.where(faded, template.noise, science.noise),
        faint_noise=np.where(faded, science.noise, template.noise),
        difference_noise=difference.noise,
        gain=np.where(faded, 1 / gain, gain),
        faded=faded,
        inside=inside,
        frame=frame,
    )
