"""Sources of one image: the sky subtracted, and what is above the noise, by SExtractor's method (sep)."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import sep
from numpy.typing import NDArray

from pipeline.errors import InputError

_STACK_ENDS = 2
"""Places of sep's pixel stack that hold no pixel. It clears the whole stack, which takes longer than a small image."""

_SUB_OBJECTS = 4096
_MOST_LIGHT = 0.9
"""If the share of pixels with light is above this, they are used all the same."""


@dataclass(frozen=True, kw_only=True)
class FlatImage:
    """An image without its sky.

    Attributes
    ----------
    pixels : ndarray of float32, (y, x)
        Missing pixels are 0.
    missing : ndarray of bool, (y, x)
    sky_level, sky_rms : float
        Median level and noise of the sky that was removed, in image units.
    """

    pixels: NDArray[np.float32]
    missing: NDArray[np.bool_]
    sky_level: float
    sky_rms: float


def remove_sky(image: NDArray[np.float32], mesh_pixel: int = 96, light: NDArray[np.bool_] | None = None) -> FlatImage:
    """Subtract the sky, measured in square meshes and interpolated between them.

    Parameters
    ----------
    image : ndarray, (y, x)
        NaN where missing.
    mesh_pixel : int
        Side of the meshes.
    light : ndarray of bool, (y, x), optional
        Pixels with the light of sources, which say nothing about the sky; ignored if they leave less than a tenth of
        the image.

    Raises
    ------
    InputError
        If no pixel is finite.
    """
    missing = ~np.isfinite(image)
    if missing.all():
        raise InputError(f"none of the {missing.size} pixels of the image is finite")
    filled = np.where(missing, np.float32(0.0), image).astype(np.float32)
    unused = missing if light is None else missing | light
    unused = missing if unused.mean() > _MOST_LIGHT else unused
    background = sep.Background(filled, mask=unused, bw=mesh_pixel, bh=mesh_pixel)
    filled -= background.back(dtype=np.float32)
    filled[missing] = 0.0
    return FlatImage(pixels=filled, missing=missing, sky_level=background.globalback, sky_rms=background.globalrms)


def find_sources(
    flat: NDArray[np.float32],
    noise: float | None,
    threshold_sigma: float,
    *,
    missing: NDArray[np.bool_] | None = None,
    min_area_pixel: int = 5,
) -> NDArray[np.void]:
    """Return sep's source records of an image without sky.

    Parameters
    ----------
    flat : ndarray of float32, (y, x)
        Without sky, finite.
    noise : float or None
        Standard deviation of a pixel, in which case sep's 3 x 3 filter is applied; None for an image that is already
        filtered and in units of its noise.
    threshold_sigma : float
        Height that a pixel must have.
    missing : ndarray of bool, (y, x), optional
        Pixels that do not count.
    min_area_pixel : int
        Pixels above the threshold that make a source.

    Returns
    -------
    sources : structured ndarray
        With sep's fields ``x y a b theta flux peak flag npix`` and others.

    Raises
    ------
    InputError
        If sep gives up, as it does if most of the image is above the threshold.
    """
    options = {"filter_kernel": None} if noise is None else {"err": noise}
    if missing is not None:
        flat = np.where(missing, np.float32(0.0), flat)
    found: NDArray[np.void] = extract(flat, threshold_sigma, minarea=min_area_pixel, **options)
    return found


def extract(flat: NDArray[np.float32], threshold_sigma: float, **options: Any) -> Any:
    """Call `sep.extract` with room for every pixel of the image, and one class of error.

    Parameters
    ----------
    flat : ndarray of float32, (y, x)
        Without sky, finite.
    threshold_sigma : float
        Height that a pixel must have.
    **options
        As sep has them.

    Raises
    ------
    InputError
        If sep gives up, as it does if most of the image is above the threshold.
    """
    sep.set_extract_pixstack(flat.size + _STACK_ENDS)
    sep.set_sub_object_limit(_SUB_OBJECTS)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return sep.extract(flat, threshold_sigma, **options)
    except Exception as error:
        # sep knows no error class of its own
        raise InputError(f"source extraction failed above {threshold_sigma} sigma: {error}") from error
