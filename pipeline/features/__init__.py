"""Physical features of a cutout: what a person looks for in a difference image, measured on the pixels alone.

All features are finite for any input, do not change when a cutout is rotated or flipped (odd sides) or its flux is
multiplied by a positive number, and work for both signs: a source that faded gives the same numbers as one that
brightened. Lengths are in pixels of the sampling in which a PSF has a FWHM of `REFERENCE_FWHM`: cutouts whose FWHM is
stated are brought to it first.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from pipeline.features import consistency, context, shape
from pipeline.features.bounded import ratio
from pipeline.features.known_psf import psf_features
from pipeline.features.planes import CHANNELS, Planes, prepare
from pipeline.features.psf_fit import WINDOW, Fit, fit_gaussian, window
from pipeline.features.sampling import resampled_channels, sampling_factor

FEATURES_REVISION = 2
"""Raised whenever a value, a name or the order changes: feature models are bound to it."""

CHUNK = 128

_ROOM = 16 * 2**20
"""Bytes. The C library of Linux keeps twice the largest block that was freed, which is little at first: without room,
temporary arrays are fetched anew from the system each time, which takes half of the time."""

_LIMIT = 1e6
_Features = dict[str, NDArray[np.floating]]


def physical_features(
    cutouts: NDArray[np.float32],
    channels: tuple[str, ...] = ("science", "template", "difference"),
    fwhm_pixel: float | None = None,
    *,
    chunk: int = CHUNK,
) -> NDArray[np.float32]:
    """Measure cutouts.

    Parameters
    ----------
    cutouts : ndarray of float32, ``(n, y, x, channel)``
        Raw pixels of any positive linear unit, NaN where missing, centred on pixel ``size // 2``.
    channels : tuple of str
        The channels of the last axis, from ``science``, ``template``, ``difference``. An absent one counts as missing,
        so the number of features does not depend on it. Behind them may stand planes (`pipeline.cutouts.planes`): with
        the variance of an image, its noise is what that states; with the PSF of the difference there are further
        features, of a fit of this PSF.
    fwhm_pixel : float, optional
        Typical FWHM of the images' PSF, in their pixels (`pipeline.features.seeing.typical_fwhm`). If it is far from
        that of the reference, cutouts are resampled (`pipeline.features.sampling`); None or NaN: they are not.
    chunk : int, optional
        Number of rows measured at once; it changes memory, not the result.

    Returns
    -------
    features : ndarray of float32, ``(n, f)``
        Finite; the columns are :func:`feature_names`.
    """
    names, factor = feature_names(channels), sampling_factor(fwhm_pixel)
    np.empty(_ROOM, dtype=np.uint8)  # freed at once
    out = np.empty((len(cutouts), len(names)), dtype=np.float32)
    for start in range(0, len(cutouts), chunk):
        rows = slice(start, start + chunk)
        measured = np.stack(list(_measure(cutouts[rows], channels, factor).values()), axis=1, dtype=np.float64)
        out[rows] = np.clip(np.nan_to_num(measured), -_LIMIT, _LIMIT)
    return out


@lru_cache(maxsize=8)
def feature_names(channels: tuple[str, ...] = ("science", "template", "difference")) -> tuple[str, ...]:
    """Return the names of the columns of :func:`physical_features`."""
    return tuple(_measure(np.zeros((1, 15, 15, len(channels)), dtype=np.float32), channels, 1.0))


def unmeasurable(channels: Sequence[str]) -> str:
    """Return why no feature of cutouts with such channels says anything; empty if some do.

    Examples
    --------
    >>> unmeasurable(["difference", "weight"])
    ''
    >>> unmeasurable(["red", "green", "blue"])
    'features are measured in science, template, difference; the channels are red, green, blue'
    """
    if set(CHANNELS) & set(channels):
        return ""
    return f"features are measured in {', '.join(CHANNELS)}; the channels are {', '.join(channels)}"


def _measure(cutouts: NDArray[np.float32], channels: tuple[str, ...], factor: float) -> _Features:
    measured = _of_images(resampled_channels(cutouts, channels, factor), channels)
    return measured | psf_features(cutouts, channels, round(WINDOW / factor))


def _of_images(cutouts: NDArray[np.float32], channels: tuple[str, ...]) -> _Features:
    planes = prepare(cutouts, channels)
    fits = _fits(planes)
    out: dict[str, NDArray[np.floating]] = {}
    for name, image, mask, noise in planes.images():
        near, seen = window(image), window(mask)
        parts = shape.fit_features(fits[name], noise) | shape.profile_features(near, seen, noise)
        parts |= shape.moment_features(near, seen, fits[name]) | shape.pixel_features(near, seen, noise)
        parts |= shape.symmetry_features(near)
        out |= {f"{name}_{key}": value for key, value in parts.items()}
    out |= _surroundings(planes)
    field = context.field_features(planes)
    width = field.pop("field_width")
    for name in ("bright", "difference"):
        field[f"{name}_width_over_field"] = np.where(width > 0, ratio(fits[name].width, width), 1)
    out |= field
    out |= consistency.flux_features(planes) | consistency.correlation_features(planes)
    out |= consistency.structure_features(planes, fits["difference"], fits["bright"])
    out |= consistency.agreement_features(fits["bright"], fits["faint"], fits["difference"])
    out["noise_difference_bright"] = np.clip(planes.difference_noise / (planes.bright_noise + 1e-6), 0, 10)
    return out


def _fits(planes: Planes) -> dict[str, Fit]:
    """Return the fits of the three images by name, made at once: numpy is slow with few rows."""
    names, images, masks, _ = zip(*planes.images(), strict=True)
    near = np.concatenate([window(image) for image in images])
    seen = np.concatenate([window(mask) for mask in masks])
    fit = fit_gaussian(near, seen)
    return dict(zip(names, fit.split(len(names)), strict=True))


def _surroundings(planes: Planes) -> dict[str, NDArray[np.float32]]:
    out = context.missing_features(planes)
    for name, image, mask, noise in planes.images():
        if name == "faint":
            continue
        parts = context.line_features(image, mask, noise) | context.stripe_features(image, mask, noise)
        if name == "difference":
            parts |= context.crowd_features(image, mask, noise)
        out |= {f"{name}_{key}": value for key, value in parts.items()}
    return out
