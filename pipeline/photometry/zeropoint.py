"""Photometric zeropoint: the magnitude of 1 ADU, from stars matched with a catalogue."""

import logging
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from pipeline.conversions import SIGMA_PER_MAD
from pipeline.crossmatch.match import match_one_to_one
from pipeline.errors import InputError
from pipeline.photometry.magnitudes import known_magnitudes

log = logging.getLogger(__name__)

_CLIP = 3.0
_ROUNDS = 8
_MEDIAN_ERROR = 1.2533
"""Standard error of a median over that of a mean."""


@dataclass(frozen=True, kw_only=True)
class Zeropoint:
    """A zeropoint and how well it is known.

    Attributes
    ----------
    zeropoint, error : float
        Magnitude of a source of 1 ADU, and its standard error.
    scatter : float
        Robust standard deviation of a single star, in magnitudes.
    n_stars, n_matched : int
        Stars that were used, and stars for which a catalogue row was found.
    """

    zeropoint: float
    error: float
    scatter: float
    n_stars: int
    n_matched: int


def fit_zeropoint(
    ra_deg: ArrayLike,
    dec_deg: ArrayLike,
    flux: ArrayLike,
    *,
    catalogue_ra_deg: ArrayLike,
    catalogue_dec_deg: ArrayLike,
    catalogue_magnitude: ArrayLike,
    radius_arcsec: float = 2.0,
    min_stars: int = 3,
) -> Zeropoint:
    """Return the median of catalogue magnitude + 2.5 log10(flux) over matched stars, leaving out outliers.

    Parameters
    ----------
    ra_deg, dec_deg, flux : array-like, (n,)
        Unsaturated stars of the image, with flux in ADU; stars whose flux is not above 0 are not used.
    catalogue_ra_deg, catalogue_dec_deg, catalogue_magnitude : array-like, (m,)
        The catalogue; magnitudes that are not finite, or not magnitudes, such as -999, are not used.
    radius_arcsec : float
        Largest separation of a match; one to one.
    min_stars : int
        Fewer matched stars than this are an error.

    Raises
    ------
    InputError
        If too few stars match; the message gives both numbers.
    """
    fluxes = np.asarray(flux, np.float64)
    magnitudes = known_magnitudes(catalogue_magnitude)
    stars = np.flatnonzero(np.isfinite(fluxes) & (fluxes > 0))
    known = np.flatnonzero(np.isfinite(magnitudes))
    first, second, _ = match_one_to_one(
        np.asarray(ra_deg)[stars],
        np.asarray(dec_deg)[stars],
        np.asarray(catalogue_ra_deg)[known],
        np.asarray(catalogue_dec_deg)[known],
        radius_arcsec,
    )
    if len(first) < min_stars:
        raise InputError(
            f"{len(first)} of {len(stars)} stars match one of {len(known)} catalogue rows within {radius_arcsec} "
            f"arcsec, a zeropoint needs {min_stars}"
        )
    values = magnitudes[known[second]] + 2.5 * np.log10(fluxes[stars[first]])
    used = np.ones(len(values), dtype=bool)
    for _ in range(_ROUNDS):
        middle = float(np.median(values[used]))
        scatter = SIGMA_PER_MAD * float(np.median(np.abs(values[used] - middle)))
        kept = np.abs(values - middle) <= max(_CLIP * scatter, 1e-6)
        if np.array_equal(kept, used):
            break
        used = kept
    found = Zeropoint(
        zeropoint=middle,
        error=_MEDIAN_ERROR * scatter / float(np.sqrt(used.sum())),
        scatter=scatter,
        n_stars=int(used.sum()),
        n_matched=len(values),
    )
    log.info("zeropoint %.3f +- %.3f from %d of %d stars", middle, found.error, found.n_stars, len(values))
    return found
