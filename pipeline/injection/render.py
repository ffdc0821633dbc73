"""Rendering: point sources and trails put into copies of images, with the noise of their own electrons."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.errors import InputError
from pipeline.psf import Psf, PsfModel
from pipeline.psf.base import PlacedPsf

_MOST_ELECTRONS = 1e15
"""Beyond this a Poisson number is no longer exact, and the magnitude or zeropoint is surely wrong."""

_STEPS_A_PIXEL = 2.0
"""Point sources that make up a pixel of a trail."""

_LONGEST_TRAIL = 1000.0


def flux_of(magnitude: ArrayLike, zeropoint: float) -> NDArray[np.float64]:
    """Return fluxes in ADU, ``10^(0.4 (zeropoint - magnitude))``.

    Examples
    --------
    >>> flux_of([25.0, 22.5], 25.0).tolist()
    [1.0, 10.0]
    """
    return np.power(10.0, 0.4 * (zeropoint - np.asarray(magnitude, dtype=np.float64)))


def inject_sources(
    image: NDArray[np.float32],
    *,
    psf: Psf | PsfModel,
    x_pixel: ArrayLike,
    y_pixel: ArrayLike,
    flux: ArrayLike,
    gain: float,
    rng: np.random.Generator | None,
    trail_pixel: ArrayLike | None = None,
    trail_angle_deg: ArrayLike | None = None,
) -> NDArray[np.float32]:
    """Return a copy of an image with sources added; the image itself is not touched.

    Parameters
    ----------
    image : ndarray of float32, (y, x)
        In ADU; NaN stays NaN.
    psf : callable or PsfModel
        Called with the sub-pixel offsets in x and y, -0.5 to 0.5, returns a square image of odd side whose
        sum is 1; or a model with ``at(x_pixel, y_pixel)`` that returns such a callable for a place, as all
        of :mod:`pipeline.psf` are.
    x_pixel, y_pixel, flux : array-like, (n,)
        Positions in pixels and fluxes in ADU. Of a source across the border only the visible part is added;
        a negative flux takes away as much as a positive one would add, with as much noise.
    gain : float
        Electrons an ADU.
    rng : Generator or None
        Draws the Poisson noise of the sources; without one there is none.
    trail_pixel, trail_angle_deg : array-like, (n,), optional
        Length of the trail that a source draws around its position while the shutter is open, 0 for none,
        and its direction, from x towards y.

    Raises
    ------
    InputError
        If lengths differ, a value is not finite, the gain is not positive, or a source has more electrons
        than a magnitude can mean.
    """
    inputs = [x_pixel, y_pixel, flux, *(extra for extra in (trail_pixel, trail_angle_deg) if extra is not None)]
    columns = [np.atleast_1d(np.asarray(values, dtype=np.float64)) for values in inputs]
    if len({values.shape for values in columns}) != 1 or columns[0].ndim != 1:
        raise InputError(f"x_pixel, y_pixel and flux differ in shape: {[values.shape for values in columns]}")
    if not all(np.isfinite(values).all() for values in columns):
        raise InputError("positions and fluxes to inject must be finite")
    if not gain > 0:
        raise InputError(f"gain is {gain} electron/ADU, must be above 0")
    brightest = float(np.abs(columns[2]).max(initial=0.0)) * gain
    if brightest > _MOST_ELECTRONS:
        raise InputError(f"a source to inject has {brightest:.3g} electrons; allowed: at most {_MOST_ELECTRONS:g}")
    count = len(columns[0])
    lengths = np.zeros(count) if trail_pixel is None else columns[3]
    angles = np.zeros(count) if trail_angle_deg is None else columns[-1]
    result = np.array(image, dtype=np.float32, copy=True)
    for x, y, one_flux, length, angle in zip(*columns[:3], lengths, angles, strict=True):
        column, row = int(np.floor(x + 0.5)), int(np.floor(y + 0.5))
        local = psf.at(x, y) if isinstance(psf, PlacedPsf) else psf
        profile = local(x - column, y - row) if length == 0 else trail(local, x - column, y - row, length, angle)
        half = profile.shape[0] // 2
        if _misses(result.shape, column, row, half):
            continue
        light = profile * abs(one_flux)
        if rng is not None:
            light = _noisy(light, gain, rng)
        _add(result, np.sign(one_flux) * light, column - half, row - half)
    return result


def trail(psf: Psf, x_offset: float, y_offset: float, length_pixel: float, angle_deg: float) -> NDArray[np.float64]:
    """Return the unit-sum image of a source that moves evenly along a line around its place.

    Parameters
    ----------
    psf : callable
        Called with the sub-pixel offsets in x and y, returns a square image of odd side whose sum is 1.
    x_offset, y_offset : float
        Middle of the trail, in pixels from the central pixel.
    length_pixel : float
        Length of the trail, 0 to 1,000.
    angle_deg : float
        Its direction, from x towards y.

    Raises
    ------
    InputError
        If the trail is longer than 1,000 pixels, or its length negative.
    """
    if not 0 <= length_pixel <= _LONGEST_TRAIL:
        raise InputError(f"a trail of {length_pixel} pixel; allowed: 0 to {_LONGEST_TRAIL:g}")
    number = int(np.ceil(_STEPS_A_PIXEL * length_pixel)) + 1
    along = ((np.arange(number) + 0.5) / number - 0.5) * length_pixel
    x = x_offset + along * np.cos(np.radians(angle_deg))
    y = y_offset + along * np.sin(np.radians(angle_deg))
    columns, rows = np.floor(x + 0.5).astype(int), np.floor(y + 0.5).astype(int)
    points = [psf(float(x[i] - columns[i]), float(y[i] - rows[i])) for i in range(number)]
    half = len(points[0]) // 2
    reach = half + int(np.ceil(length_pixel / 2.0)) + 1
    result = np.zeros((2 * reach + 1, 2 * reach + 1))
    for point, column, row in zip(points, columns, rows, strict=True):
        first_x, first_y = reach + column - half, reach + row - half
        result[first_y : first_y + len(point), first_x : first_x + len(point)] += point
    return result / number


def _noisy(light: NDArray[np.float64], gain: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return light in ADU with Poisson noise; negative pixels of a PSF get none and stay, or flux would be gained."""
    positive = np.maximum(light, 0.0)
    return rng.poisson(positive * gain) / gain + (light - positive)


def _misses(shape: tuple[int, ...], column: int, row: int, half: int) -> bool:
    """Tell whether a square lies beside an image."""
    return not (-half <= row < shape[0] + half and -half <= column < shape[1] + half)


def _add(image: NDArray[np.float32], light: NDArray[np.float64], first_x: int, first_y: int) -> None:
    """Add the part of a small image that lies inside a large one, in place."""
    height, width = image.shape
    low_x, low_y = max(first_x, 0), max(first_y, 0)
    high_x, high_y = min(first_x + light.shape[1], width), min(first_y + light.shape[0], height)
    if low_x < high_x and low_y < high_y:
        part = light[low_y - first_y : high_y - first_y, low_x - first_x : high_x - first_x]
        image[low_y:high_y, low_x:high_x] += part.astype(np.float32)
