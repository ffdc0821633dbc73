"""Registration: how far a template is shifted, by the stars of both images, and the kernel that moves it."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from pipeline.errors import InputError
from pipeline.imaging.frame import Frame, Image
from pipeline.imaging.sources import FlatImage, find_sources, remove_sky

_STAR_SIGMA = 10.0

_FULL = 0.7
"""Stars with a peak above this share of the saturation level are not used."""

_LANCZOS = 4
"""Half width of the kernel that moves an image, in pixels."""


def common_stars(
    science: Frame,
    flat_science: FlatImage,
    template: Frame,
    flat_template: FlatImage,
    min_stars: int,
    max_offset_pixel: float,
) -> tuple[NDArray[np.float64], tuple[float, float]]:
    """Return unsaturated sources of both images and the median offset of the template's.

    Parameters
    ----------
    science, template : Frame
    flat_science, flat_template : FlatImage
        The same without sky.
    min_stars : int
        Fewer common stars than this are an error.
    max_offset_pixel : float
        Largest offset that is looked for, in pixels.

    Returns
    -------
    stars : ndarray of float64, (stars, 2)
        x and y in the science image, the brightest first.
    offset : tuple of float
        x and y of a star in the template minus those in the science image.

    Raises
    ------
    InputError
        If there are too few.
    """
    first, second = star_positions(science, flat_science), star_positions(template, flat_template)
    if len(first) < min_stars or len(second) < min_stars:
        raise InputError(
            f"{len(first)} stars in the science image and {len(second)} in the template, needs {min_stars}"
        )
    distance, row = KDTree(second).query(first, distance_upper_bound=max_offset_pixel)
    found = np.isfinite(distance)
    if found.sum() < min_stars:
        raise InputError(
            f"{found.sum()} stars common to science image and template within {max_offset_pixel} pixel, "
            f"needs {min_stars}"
        )
    offsets = second[row[found]] - first[found]
    x_offset, y_offset = np.median(offsets, axis=0)
    agree = np.hypot(offsets[:, 0] - x_offset, offsets[:, 1] - y_offset) < 1.0
    if agree.sum() < min_stars:
        raise InputError(f"{agree.sum()} of {found.sum()} stars agree on one offset, needs {min_stars}")
    x_offset, y_offset = np.median(offsets[agree], axis=0)
    return first[found][agree], (float(x_offset), float(y_offset))


def star_offset(
    science: Frame, template: Frame, *, min_stars: int, max_offset_pixel: float, mesh_pixel: int
) -> tuple[float, float]:
    """Return the position of a star in the template minus that in the science image, x and y in pixels.

    Parameters
    ----------
    science, template : Frame
        On the same pixels, except for an offset.
    min_stars, max_offset_pixel, mesh_pixel
        As in :class:`~pipeline.subtraction.subtract.SubtractionSettings`.

    Raises
    ------
    InputError
        If too few stars are common to both, or too few agree.
    """
    flats = (remove_sky(frame.pixels, mesh_pixel) for frame in (science, template))
    return common_stars(science, next(flats), template, next(flats), min_stars, max_offset_pixel)[1]


def star_positions(frame: Frame, flat: FlatImage) -> NDArray[np.float64]:
    """Return the positions, (stars, x y), of unsaturated unblended sources, the brightest first."""
    sources = find_sources(flat.pixels, flat.sky_rms, _STAR_SIGMA, missing=flat.missing)
    good = (sources["flag"] == 0) & (sources["peak"] + flat.sky_level < _FULL * frame.saturation)
    stars = sources[good]
    stars = stars[np.argsort(-stars["flux"], kind="stable")]
    return np.column_stack([stars["x"], stars["y"]])


def lanczos(x_shift: float, y_shift: float) -> Image:
    """Return the kernel with which an image is convolved to move it by a shift in pixels."""
    reach = _LANCZOS + int(np.ceil(max(abs(x_shift), abs(y_shift))))
    grid = np.arange(-reach, reach + 1)
    lines = []
    for move in (y_shift, x_shift):
        line = np.where(np.abs(grid - move) < _LANCZOS, np.sinc(grid - move) * np.sinc((grid - move) / _LANCZOS), 0.0)
        lines.append(line / line.sum())
    return np.outer(*lines).astype(np.float32)
