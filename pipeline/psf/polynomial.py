"""A PSF that varies as a polynomial of the position: the model of PSFEx.

Tested by tests/pipeline/psf/test_sampled.py.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import InputError
from pipeline.psf.sampled import SampledPsf

_FAR = 1.0
"""Scaled coordinates reach from -0.5 to 0.5 over the stars that a model was fitted to; beyond this it runs away."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PolynomialPsf:
    """A PSFEx model: samples whose values are polynomials of x and y.

    Attributes
    ----------
    planes : ndarray of float64, (term, y, x)
        Coefficients, in the order 1, x, x^2 ... y, x y ... y^2 ...; (1, y, x) where nothing varies.
    sampling : float
        Step of the samples in pixels.
    degree : int
        Of the polynomial.
    zero, scale : tuple of float
        For x and y: the polynomial is a function of ``(x - zero) / scale``, with x in pixels counted from 1.
    first_pixel : tuple of float
        x and y, counted from 0, of the first pixel of our image in the model; not (0, 0) if the image was cut out of
        the detector.

    Raises
    ------
    InputError
        If the number of planes does not fit the degree, or the samples in the middle are not a PSF.

    Notes
    -----
    Bertin 2011, ASP Conf. Ser. 442, 435; section "psf file format" of the PSFEx manual.
    """

    planes: NDArray[np.float64]
    sampling: float
    degree: int = 0
    zero: tuple[float, float] = (0.0, 0.0)
    scale: tuple[float, float] = (1.0, 1.0)
    first_pixel: tuple[float, float] = (0.0, 0.0)
    kind: str = "psfex"

    def __post_init__(self) -> None:
        terms = (self.degree + 1) * (self.degree + 2) // 2
        if self.planes.ndim != 3 or len(self.planes) != terms:
            raise InputError(
                f"PSF model has shape {self.planes.shape}; a polynomial of degree {self.degree} has {terms} planes"
            )
        if not all(np.isfinite(value) and value != 0 for value in self.scale):
            raise InputError(f"PSF model scales positions by {self.scale}; allowed: finite, not 0")
        self._middle()  # refuses what is no PSF

    @property
    def fwhm_pixel(self) -> float:
        """Full width at half maximum in the middle of the model's range."""
        return self._middle().fwhm_pixel

    @property
    def wing_fraction(self) -> float:
        """Share of the light beyond the square in the middle of the model's range, an estimate."""
        return self._middle().wing_fraction

    def at(self, x_pixel: float, y_pixel: float) -> SampledPsf:
        """Return the PSF at a place, 0-based pixels.

        Raises
        ------
        InputError
            If the place is far from the stars that the model was fitted to.
        """
        place = np.array([x_pixel, y_pixel]) + self.first_pixel + 1.0
        scaled = (place - self.zero) / self.scale
        if self.degree and not (np.abs(scaled) <= _FAR).all():
            low, high = (np.array(self.zero) + side * _FAR * np.abs(self.scale) for side in (-1.0, 1.0))
            raise InputError(
                f"PSF model does not fit the image: it is asked for pixel ({place[0]:.0f}, {place[1]:.0f}) and "
                f"holds from ({low[0]:.0f}, {low[1]:.0f}) to ({high[0]:.0f}, {high[1]:.0f})"
            )
        return SampledPsf(
            samples=np.tensordot(self._terms(scaled), self.planes, axes=1), sampling=self.sampling, kind=self.kind
        )

    def _terms(self, scaled: NDArray[np.float64]) -> NDArray[np.float64]:
        x, y = scaled
        powers = [(i, j) for j in range(self.degree + 1) for i in range(self.degree + 1 - j)]
        return np.array([x**i * y**j for i, j in powers])

    def _middle(self) -> SampledPsf:
        samples = self.planes[0]
        return SampledPsf(samples=samples, sampling=self.sampling, kind=self.kind)
