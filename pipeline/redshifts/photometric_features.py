"""Features of a photometric redshift: one asinh magnitude, colours, and the logarithms of the errors.

Asinh magnitudes (Lupton, Gunn & Szalay 1999) stay finite and keep their order where the flux is lost in the noise; a
colour of ordinary magnitudes runs away there.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.conversions import MAGNITUDE_PER_LN
from pipeline.errors import InputError
from pipeline.photometry.magnitudes import known_magnitudes

ZEROPOINT_MAG: Final = 22.5
"""Magnitude of unit flux; only ratios of fluxes matter."""

ERROR_RANGE: Final = (1e-3, 10.0)
"""Errors beyond these, in mag, count as these."""

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class PhotometricFeatures:
    """How magnitudes ``(n, f)`` and their errors become features; fitted on the rows that a regressor learns from.

    Attributes
    ----------
    softening : ndarray of float64, (f,)
        Flux of each band at which asinh magnitudes turn linear: the median error of the flux.
    reference : int
        Index of the band whose magnitude is a feature itself.
    """

    softening: Array
    reference: int

    @classmethod
    def fit(cls, magnitudes: ArrayLike, errors: ArrayLike, reference: int) -> "PhotometricFeatures":
        """Return the features of some bands.

        Parameters
        ----------
        magnitudes, errors : array_like, (n, f)
            In mag; missing are NaN, marks such as 99 and -99, and errors that are not above 0.
        reference : int
            Index of the band whose magnitude is a feature.

        Raises
        ------
        InputError
            If shapes differ, the reference is no band, or a band has not one measurement.
        """
        values, sizes = measurements(magnitudes, errors)
        if not 0 <= reference < values.shape[1]:
            raise InputError(f"reference band {reference}; allowed: 0 to {values.shape[1] - 1}")
        with np.errstate(all="ignore"):
            noise = _flux(values) * sizes / MAGNITUDE_PER_LN
        for band in np.flatnonzero(~np.isfinite(noise).any(axis=0)):
            raise InputError(f"band {band} has not one measured magnitude with an error; leave it out")
        return cls(softening=np.nanmedian(noise, axis=0), reference=reference)

    def apply(self, magnitudes: ArrayLike, errors: ArrayLike) -> Array:
        """Return the features, ``(n, 2 f)``: the reference magnitude, f - 1 colours, f logarithms of errors.

        Parameters
        ----------
        magnitudes, errors : array_like, (n, f)
            As for :meth:`fit`; a missing one makes the features that need it NaN.
        """
        values, sizes = measurements(magnitudes, errors)
        if values.shape[1] != len(self.softening):
            raise InputError(f"{values.shape[1]} bands; allowed: the {len(self.softening)} that were fitted")
        asinh = -MAGNITUDE_PER_LN * (np.arcsinh(_flux(values) / (2.0 * self.softening)) + np.log(self.softening))
        colours = asinh[:, :-1] - asinh[:, 1:]
        return np.column_stack([asinh[:, self.reference], colours, np.log10(np.clip(sizes, *ERROR_RANGE))])


def measurements(magnitudes: ArrayLike, errors: ArrayLike) -> tuple[Array, Array]:
    """Return magnitudes and errors with NaN for what was not measured; one without the other is not.

    Parameters
    ----------
    magnitudes, errors : array_like, (n, f)
        In mag.

    Raises
    ------
    InputError
        If the shapes differ or are not two-dimensional.
    """
    values, sizes = np.array(magnitudes, dtype=np.float64), np.array(errors, dtype=np.float64)
    if values.shape != sizes.shape or values.ndim != 2:
        raise InputError(f"magnitudes {values.shape} and errors {sizes.shape}; allowed: both of one shape (n, f)")
    known = np.isfinite(known_magnitudes(values)) & (sizes > 0) & np.isfinite(sizes)
    return np.where(known, values, np.nan), np.where(known, sizes, np.nan)


def _flux(magnitudes: Array) -> Array:
    return np.power(10.0, -0.4 * (magnitudes - ZEROPOINT_MAG))
