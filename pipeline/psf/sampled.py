"""A PSF given by samples on a grid of any step, shifted to any sub-pixel position."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import InputError

_LANCZOS = 4
_FINE = 8
"""Points per sample for measuring a width."""

_WING_POWER = 6.0
"""Beyond the samples the light is assumed to fall with this power of the radius, like a Moffat profile of beta 3."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SampledPsf:
    """A PSF of samples, callable as ``psf(x_offset, y_offset)`` for a unit-sum image.

    Attributes
    ----------
    samples : ndarray of float64, (y, x)
        Light of a point source in a pixel whose centre lies there: the pixel is part of it, as in PSFEx
        models and effective PSFs. The source is at sample ``(ny // 2, nx // 2)``.
    sampling : float
        Step of the samples in pixels; below 1 they are finer than the pixels.
    kind : str
        The kind of PSF.

    Raises
    ------
    InputError
        If the samples are not an image of finite numbers with a positive sum, or the step is not positive.
    """

    samples: NDArray[np.float64]
    sampling: float = 1.0
    kind: str = "sampled"

    def __post_init__(self) -> None:
        if self.samples.ndim != 2 or min(self.samples.shape) < 3:
            raise InputError(f"PSF samples have shape {self.samples.shape}; allowed: (y, x), at least 3 x 3")
        if not np.isfinite(self.samples).all() or not self.samples.sum() > 0:
            raise InputError("PSF samples must be finite and of positive sum")
        if not 0.01 <= self.sampling <= 100:
            raise InputError(f"PSF sampling is {self.sampling} pixel; allowed: 0.01 to 100")

    @property
    def size_pixel(self) -> int:
        """Side of the square, odd: as far as the samples go."""
        return 2 * int((min(self.samples.shape) - 1) // 2 * self.sampling + 1e-9) + 1

    @property
    def fwhm_pixel(self) -> float:
        """Full width at half maximum, of the circle with the area that is above half the maximum."""
        reach = min(self.samples.shape) // 2
        places = np.arange(-reach * _FINE, reach * _FINE + 1) / _FINE
        rows, columns = (_weights(places + length // 2, length) for length in self.samples.shape)
        fine = rows @ self.samples @ columns.T
        return float(2.0 * np.sqrt((fine > 0.5 * fine.max()).sum() / np.pi) / _FINE * self.sampling)

    @property
    def wing_fraction(self) -> float:
        """Share of the light beyond the square, extrapolated from its border by a power law."""
        image = self(0.0, 0.0)
        half = len(image) // 2
        y, x = np.mgrid[-half : half + 1, -half : half + 1]
        border = np.abs(np.hypot(x, y) - half) < 1.0
        level = max(float(image[border].mean()), 0.0)
        return level * 2.0 * np.pi * half**2 / (_WING_POWER - 2.0)

    def at(self, x_pixel: float, y_pixel: float) -> Self:  # noqa: ARG002
        """Return itself: it is the same everywhere."""
        return self

    def __call__(self, x_offset: float, y_offset: float) -> NDArray[np.float64]:
        """Return the image whose source lies ``(x_offset, y_offset)`` pixels off its central pixel."""
        pixels = np.arange(self.size_pixel) - self.size_pixel // 2
        height, width = self.samples.shape
        rows = _weights((pixels - y_offset) / self.sampling + height // 2, height)
        columns = _weights((pixels - x_offset) / self.sampling + width // 2, width)
        image = rows @ self.samples @ columns.T
        total = image.sum()
        if not total > 0:
            raise InputError(f"PSF image of {self.size_pixel} pixels has the sum {total:.3g}; allowed: above 0")
        return image / total


def _weights(places: NDArray[np.float64], length: int) -> NDArray[np.float64]:
    """Return Lanczos weights of samples at places between them, (place, sample); nothing lies beyond the samples."""
    first = np.floor(places).astype(int) - _LANCZOS + 1
    index = first[:, None] + np.arange(2 * _LANCZOS)
    distance = places[:, None] - index
    kernel = np.where(np.abs(distance) < _LANCZOS, np.sinc(distance) * np.sinc(distance / _LANCZOS), 0.0)
    kernel /= kernel.sum(axis=1, keepdims=True)
    inside = (index >= 0) & (index < length)
    weights = np.zeros((len(places), length))
    rows = np.broadcast_to(np.arange(len(places))[:, None], index.shape)
    weights[rows[inside], index[inside]] = kernel[inside]
    return weights
