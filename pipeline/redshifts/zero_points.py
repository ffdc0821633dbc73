"""Zero points of a catalogue relative to that which a regressor learned from, by galaxies of known redshift.

Other sky has other dust, and other nights another calibration: both add a constant to each band, nearly. Ilbert et al.
(2006) find such constants by templates; here they are those under which the distributions of a fitted regressor give
known redshifts the greatest likelihood, by the steps of Berndt, Hall, Hall & Hausman (1974).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.errors import InputError
from pipeline.redshifts.binned_pdfs import BinnedPdfs
from pipeline.redshifts.photometric_features import measurements

FEWEST_A_BAND: Final = 50
"""Galaxies of known redshift that each zero point needs."""

LEAST_DENSITY: Final = 0.01
"""Added to each density, so that single galaxies far off do not decide."""

_STEP_MAG: Final = 0.01
_STEPS: Final = 6
_SHARES: Final = (1.0, 0.5, 0.25)
_GAIN: Final = 1e-4

Array = NDArray[np.float64]

PredictFromMagnitudes = Callable[[Array, Array], BinnedPdfs]
"""Takes magnitudes and errors ``(n, f)``, NaN where not measured, and returns distributions of n rows."""


@dataclass(frozen=True, kw_only=True)
class ZeroPoints:
    """What is added to the magnitudes of a catalogue before a regressor sees them.

    Attributes
    ----------
    offset, deviation : ndarray of float64, (f,)
        In mag, and its standard deviation; 0 and NaN for a band on which the distributions do not depend.
    gain : float
        Mean logarithm of the density at the known redshifts, less that without offsets.
    """

    offset: Array
    deviation: Array
    gain: float

    def apply(self, magnitudes: ArrayLike, errors: ArrayLike) -> Array:
        """Return the magnitudes ``(n, f)`` with the offsets added, NaN where not measured."""
        values, _ = measurements(magnitudes, errors)
        if values.shape[1] != len(self.offset):
            raise InputError(f"{values.shape[1]} bands; allowed: the {len(self.offset)} that were fitted")
        return values + self.offset


def fit_zero_points(
    predict: PredictFromMagnitudes, magnitudes: ArrayLike, errors: ArrayLike, redshift: ArrayLike
) -> ZeroPoints:
    """Return the zero points under which known redshifts are most likely.

    Parameters
    ----------
    predict : callable
        A fitted regressor; it is asked about 40 times.
    magnitudes, errors : array_like, (n, f)
        In mag; missing as in :func:`measurements`.
    redshift : array_like, (n,)
        Spectroscopic; rows without a finite one are left out.

    Raises
    ------
    InputError
        If shapes do not match, or there are fewer than `FEWEST_A_BAND` redshifts a band.
    """
    values, sizes = measurements(magnitudes, errors)
    true = np.asarray(redshift, dtype=np.float64)
    if true.shape != (len(values),):
        raise InputError(f"{true.shape} redshifts for {len(values)} galaxies; allowed: one a galaxy")
    known = np.isfinite(true)
    bands = values.shape[1]
    if known.sum() < FEWEST_A_BAND * bands:
        raise InputError(
            f"{known.sum()} known redshifts for {bands} bands; allowed: at least {FEWEST_A_BAND} for each band"
        )

    def likelihood(offset: Array) -> Array:
        density = predict(values[known] + offset, sizes[known]).density_at(true[known])
        return np.log(np.nan_to_num(density) + LEAST_DENSITY)

    offset, now = np.zeros(bands), likelihood(np.zeros(bands))
    start = now.mean()
    for _ in range(_STEPS):
        information, score = _slopes(likelihood, offset)
        step = np.linalg.pinv(information, hermitian=True) @ score
        for share in _SHARES:
            tried = likelihood(offset + share * step)
            if tried.mean() > now.mean():
                break
        else:
            break
        offset, gain, now = offset + share * step, tried.mean() - now.mean(), tried
        if gain < _GAIN:
            break
    variance = np.diag(np.linalg.pinv(information, hermitian=True))
    deviation = np.sqrt(np.where(np.diag(information) > 0, variance, np.nan))
    return ZeroPoints(offset=offset, deviation=deviation, gain=float(now.mean() - start))


def _slopes(likelihood: Callable[[Array], Array], offset: Array) -> tuple[Array, Array]:
    """Return the sum of the products of the rows' slopes, ``(f, f)``, and their sum ``(f,)``."""
    shifts = _STEP_MAG * np.eye(len(offset))
    slopes = np.column_stack(
        [(likelihood(offset + one) - likelihood(offset - one)) / (2.0 * _STEP_MAG) for one in shifts]
    )
    return slopes.T @ slopes, slopes.sum(axis=0)
