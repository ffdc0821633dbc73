"""Veto: detections that lie on an object of a given catalogue."""

import logging
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.crossmatch.match import nearest
from pipeline.errors import InputError

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Veto:
    """Which detections a catalogue explains.

    Attributes
    ----------
    vetoed : ndarray of bool, (n,)
    row : ndarray of int, (n,)
        The nearest catalogue row within the radius, -1 where there is none.
    separation_arcsec : ndarray of float64, (n,)
        Its distance, infinite where there is none.
    """

    vetoed: NDArray[np.bool_]
    row: NDArray[np.intp]
    separation_arcsec: NDArray[np.float64]


def veto_known(
    ra_deg: ArrayLike,
    dec_deg: ArrayLike,
    *,
    catalogue_ra_deg: ArrayLike,
    catalogue_dec_deg: ArrayLike,
    radius_arcsec: float,
) -> Veto:
    """Return which positions lie within a radius of any catalogue object; several may share one.

    Parameters
    ----------
    ra_deg, dec_deg : array-like, (n,)
        Detections; a position that is not finite is never vetoed.
    catalogue_ra_deg, catalogue_dec_deg : array-like, (m,)
        Known objects; an empty catalogue vetoes nothing, and that is logged.
    radius_arcsec : float
        At least 0, inclusive.

    Examples
    --------
    >>> veto_known([10.0, 20.0], [0.0, 0.0], catalogue_ra_deg=[10.0], catalogue_dec_deg=[0.0002],
    ...            radius_arcsec=1.0).vetoed.tolist()
    [True, False]
    """
    if not radius_arcsec >= 0.0:
        raise InputError(f"veto radius is {radius_arcsec} arcsec, must be at least 0")
    if not np.size(catalogue_ra_deg):
        log.warning("the catalogue is empty: nothing is vetoed")
    row, separation = nearest(ra_deg, dec_deg, catalogue_ra_deg, catalogue_dec_deg)
    # as match_one_to_one: a chord's rounding must not decide at the edge
    vetoed = separation <= radius_arcsec * (1.0 + 1e-9)
    log.info("vetoed %d of %d detections within %g arcsec", int(vetoed.sum()), len(vetoed), radius_arcsec)
    return Veto(vetoed=vetoed, row=np.where(vetoed, row, -1), separation_arcsec=np.where(vetoed, separation, np.inf))
