"""The planes beside the images of a cutout: the variance and the PSF of each image, as channels behind all images."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.cutouts.missing import mark_missing

VARIANCE: Final = "variance"
PSF: Final = "psf"

KINDS: Final = (VARIANCE, PSF)
"""The square of the noise of each pixel, and the image of a point source in the middle of the middle pixel."""

IMAGES: Final = ("science", "template", "difference")
"""The channels that may have planes."""


def plane_name(image: str, kind: str) -> str:
    """Return the channel that holds a plane of an image.

    Examples
    --------
    >>> plane_name("science", "psf")
    'science_psf'
    """
    return f"{image}_{kind}"


PLANES: Final = tuple(plane_name(image, kind) for kind in KINDS for image in IMAGES)
"""The names of the planes among the channels."""


def images_of(channels: Sequence[str]) -> tuple[str, ...]:
    """Return the channels that are no planes, in their order.

    Examples
    --------
    >>> images_of(["science", "difference", "science_variance"])
    ('science', 'difference')
    """
    return tuple(name for name in channels if name not in PLANES)


def image_pixels(pixels: NDArray[np.float32], channels: Sequence[str]) -> NDArray[np.float32]:
    """Return the images of cutouts ``(..., channel)`` without the planes behind them, as a view."""
    return pixels[..., : len(images_of(channels))]


def plane_faults(channels: Sequence[str]) -> list[str]:
    """Return what is wrong with the planes among the channels of a survey.

    Examples
    --------
    >>> plane_faults(["science", "science_psf"])
    []
    >>> plane_faults(["science_psf", "science", "template_variance"])[1]
    "channels have 'template_variance' without 'template'; allowed: planes of images that are there"
    """
    images = images_of(channels)
    faults = []
    if tuple(channels[: len(images)]) != images:
        faults.append(f"channels are {list(channels)}; allowed: planes of variance and PSF behind all images")
    for name in channels[len(images) :] if not faults else [name for name in channels if name in PLANES]:
        image = name.rpartition("_")[0]
        if image not in images:
            faults.append(f"channels have {name!r} without {image!r}; allowed: planes of images that are there")
    return faults


def cleaned_planes(pixels: NDArray[np.float32], channels: Sequence[str]) -> NDArray[np.float32]:
    """Return planes with NaN where they say nothing.

    A pixel of a variance is missing unless it is above 0 and finite. A PSF with a missing pixel, or without light, is
    missing altogether: with a hole in it, its flux is not known.

    Parameters
    ----------
    pixels : ndarray of float, (n, y, x, channel)
        Planes alone.
    channels : sequence of str
        Their names.
    """
    planes, _ = mark_missing(pixels)
    for number, name in enumerate(channels):
        plane = planes[..., number]
        if name.endswith(VARIANCE):
            with np.errstate(invalid="ignore"):
                plane[~(plane > 0)] = np.nan
        else:
            light = plane.sum(axis=(1, 2), dtype=np.float64)  # NaN if a pixel is
            plane[~(light > 0)] = np.nan
    return planes


def without_a_plane(pixels: NDArray[np.float32], channels: Sequence[str]) -> NDArray[np.bool_]:
    """Tell which cutouts ``(n, y, x, channel)`` lack one of the survey's planes altogether, ``(n,)``."""
    planes = pixels[..., len(images_of(channels)) :]
    middle = planes[:, planes.shape[1] // 2, planes.shape[2] // 2]
    lacking: NDArray[np.bool_] = np.zeros(len(pixels), dtype=bool)
    doubtful = np.flatnonzero(np.asarray(np.isnan(middle)).any(axis=1))
    empty: NDArray[np.bool_] = np.asarray(np.isnan(planes[doubtful]).all(axis=(1, 2)))
    lacking[doubtful] = empty.any(axis=1)
    return lacking


def with_all_planes(pixels: NDArray[np.float32], channels: Sequence[str]) -> NDArray[np.float32]:
    """Return triplets ``(n, y, x, channel)`` with all of `PLANES` behind them, or as they are if they have none.

    Planes that are not among the channels, science, template, difference and planes, are missing.
    """
    if len(channels) == len(IMAGES):
        return pixels
    whole = np.full((*pixels.shape[:-1], len(IMAGES) + len(PLANES)), np.nan, np.float32)
    whole[..., _places(channels)] = pixels
    return whole


def of_channels(whole: NDArray[np.float32], channels: Sequence[str]) -> NDArray[np.float32]:
    """Return what `with_all_planes` was given."""
    return whole if whole.shape[-1] == len(channels) else whole[..., _places(channels)]


def _places(channels: Sequence[str]) -> list[int]:
    return [(*IMAGES, *PLANES).index(name) for name in channels]


def centred_psf(image: NDArray[np.floating], size: int) -> NDArray[np.float32]:
    """Return the image of a PSF ``(y, x)`` as a plane ``(size, size)``, its middle pixel in the cutout's.

    It is cut, or surrounded by zeros; its values stay as they are, so that a PSF of unit sum that is cut sums to the
    share of its light that falls on the cutout.

    Examples
    --------
    >>> centred_psf(np.array([[0.0, 0.1, 0.0], [0.1, 0.6, 0.1], [0.0, 0.1, 0.0]]), 4)[2].tolist() == [
    ...     0.0, np.float32(0.1), np.float32(0.6), np.float32(0.1)]
    True
    """
    plane = np.zeros((size, size), dtype=np.float32)
    spans = [_span(length, size) for length in image.shape]
    plane[spans[0][1], spans[1][1]] = image[spans[0][0], spans[1][0]]
    return plane


def _span(length: int, size: int) -> tuple[slice, slice]:
    """Return which pixels of an image go to which of a plane along one axis, middle to middle."""
    offset = size // 2 - length // 2
    first, target = max(0, -offset), max(0, offset)
    count = min(length - first, size - target)
    return slice(first, first + count), slice(target, target + count)
