"""The Moffat profile: the PSF if only the FWHM is known."""

from dataclasses import dataclass
from functools import cache
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Moffat:
    """A Moffat profile, callable as ``psf(x_offset, y_offset)`` for a unit-sum image.

    Attributes
    ----------
    fwhm_pixel : float
        Full width at half maximum of the profile, the geometric mean of both axes.
    beta : float
        Exponent of the wings, above 1; 3 is typical of seeing, large values approach a Gaussian.
    ellipticity : float
        1 - minor / major axis, 0 to below 1.
    angle_deg : float
        Direction of the major axis, from x towards y.
    size_pixel : int
        Side of the square, odd; 0 takes 10 FWHM.
    """

    fwhm_pixel: float
    beta: float = 3.0
    ellipticity: float = 0.0
    angle_deg: float = 0.0
    size_pixel: int = 0

    @property
    def kind(self) -> str:
        """``moffat``."""
        return "moffat"

    @property
    def wing_fraction(self) -> float:
        """Share of the light beyond the square."""
        alpha2 = moffat_alpha(self.fwhm_pixel, self.beta) ** 2
        return 1.0 - float(self._unscaled(0.0, 0.0).sum()) * (self.beta - 1.0) / (np.pi * alpha2)

    def at(self, x_pixel: float, y_pixel: float) -> Self:  # noqa: ARG002
        """Return itself: the profile is the same everywhere."""
        return self

    def __call__(self, x_offset: float, y_offset: float) -> NDArray[np.float64]:
        """Return the image whose source lies ``(x_offset, y_offset)`` pixels off its central pixel."""
        image = self._unscaled(x_offset, y_offset)
        return image / image.sum()

    def shares(self, x_offset: ArrayLike, y_offset: ArrayLike, size_pixel: int) -> NDArray[np.float64]:
        """Return the share of each source's whole light in the pixels around it, (n, y, x)."""
        peak = (self.beta - 1.0) / (np.pi * moffat_alpha(self.fwhm_pixel, self.beta) ** 2)
        offsets = np.atleast_1d(np.asarray(x_offset, np.float64)), np.atleast_1d(np.asarray(y_offset, np.float64))
        return peak * _profiles(self.fwhm_pixel, size_pixel, self.beta, offsets, self.ellipticity, self.angle_deg)

    def _unscaled(self, x_offset: float, y_offset: float) -> NDArray[np.float64]:
        return _profile(
            self.fwhm_pixel,
            self.size_pixel or 2 * int(np.ceil(5.0 * self.fwhm_pixel)) + 1,
            self.beta,
            (x_offset, y_offset),
            self.ellipticity,
            self.angle_deg,
        )


def moffat(
    fwhm_pixel: float,
    size_pixel: int,
    beta: float = 3.0,
    x_offset: float = 0.0,
    y_offset: float = 0.0,
    *,
    ellipticity: float = 0.0,
    angle_deg: float = 0.0,
) -> NDArray[np.float64]:
    """Return a Moffat profile integrated over square pixels, its sum scaled to 1.

    Parameters
    ----------
    fwhm_pixel, beta, ellipticity, angle_deg : float
        See :class:`Moffat`.
    size_pixel : int
        Side of the square, at least 1; the centre is pixel ``size_pixel // 2``. The wing beyond the square,
        ``(1 + (R / alpha)^2)^(1 - beta)`` of the flux for radius R, goes into the scaling.
    x_offset, y_offset : float
        Position of the source relative to the central pixel, in pixels.

    Returns
    -------
    image : ndarray of float64, (y, x)

    Raises
    ------
    InputError
        If the FWHM, the size, the exponent or the ellipticity is out of range.

    Examples
    --------
    >>> image = moffat(3.0, 31)
    >>> round(float(image.sum()), 6), int(image.argmax()) == 15 * 31 + 15
    (1.0, True)
    """
    image = _profile(fwhm_pixel, size_pixel, beta, (x_offset, y_offset), ellipticity, angle_deg)
    return image / image.sum()


def _profile(
    fwhm_pixel: float,
    size_pixel: int,
    beta: float,
    offset: tuple[float, float],
    ellipticity: float,
    angle_deg: float,
) -> NDArray[np.float64]:
    """Return a profile that is 1 in its centre, each pixel its mean."""
    x, y = np.array(offset[:1]), np.array(offset[1:])
    return np.asarray(_profiles(fwhm_pixel, size_pixel, beta, (x, y), ellipticity, angle_deg)[0])


def _profiles(
    fwhm_pixel: float,
    size_pixel: int,
    beta: float,
    offsets: tuple[NDArray[np.float64], NDArray[np.float64]],
    ellipticity: float,
    angle_deg: float,
) -> NDArray[np.float64]:
    """Return profiles that are 1 in their centres, (n, y, x), each pixel its mean."""
    if not (fwhm_pixel > 0 and size_pixel >= 1 and beta > 1 and 0 <= ellipticity < 1):
        raise InputError(
            f"no Moffat profile of FWHM {fwhm_pixel} pixel (above 0), size {size_pixel} (at least 1), "
            f"beta {beta} (above 1), ellipticity {ellipticity} (0 to below 1)"
        )
    nodes, weights = gauss_points(3 if fwhm_pixel > 2.0 else 7)
    fine = (np.arange(size_pixel)[:, None] - size_pixel // 2 + nodes).ravel()
    x, y = fine[None, None, :] - offsets[0][:, None, None], fine[None, :, None] - offsets[1][:, None, None]
    cosine, sine = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    stretch = np.sqrt(1.0 - ellipticity)
    radius2 = ((cosine * x + sine * y) * stretch) ** 2 + ((cosine * y - sine * x) / stretch) ** 2
    profile = (1.0 + radius2 / moffat_alpha(fwhm_pixel, beta) ** 2) ** -beta
    return np.einsum("nyaxb,a,b->nyx", profile.reshape((-1, *(size_pixel, len(nodes)) * 2)), weights, weights)


@cache
def gauss_points(number: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return positions in a pixel, -0.5 to 0.5, and weights with a sum of 1, to integrate over it (Gauss-Legendre)."""
    nodes, weights = np.polynomial.legendre.leggauss(number)
    return nodes / 2.0, weights / 2.0


def moffat_alpha(fwhm_pixel: float, beta: float = 3.0) -> float:
    """Return the scale radius of a Moffat profile of a given FWHM, in pixels."""
    return float(fwhm_pixel / (2.0 * np.sqrt(2.0 ** (1.0 / beta) - 1.0)))
