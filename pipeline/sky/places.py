"""Random places, magnitudes and fluxes of the sources in a field of the synthetic sky.

Tested by tests/pipeline/sky/test_rates.py.
"""

import numpy as np
import pandas as pd
from astropy.wcs import WCS
from numpy.typing import NDArray

from pipeline.conversions import ARCSEC_PER_DEG
from pipeline.sky.grid import GridSettings

_MARGIN_PIXEL = 40.0
"""Things are drawn this far beyond the border of the image, so that their light reaches into it."""


def scattered(
    settings: GridSettings, wcs: WCS, rng: np.random.Generator, prefix: str, magnitudes: NDArray[np.float64]
) -> pd.DataFrame:
    """Return ``source_id ra_deg dec_deg magnitude`` of things at random places of a field.

    Parameters
    ----------
    settings : GridSettings
        The pixels of an image; places reach a little beyond its border.
    wcs : WCS
        Projection of the field.
    rng : Generator
        Draws the places.
    prefix : str
        What the ids begin with.
    magnitudes : ndarray of float64, (n,)
        One per place.
    """
    number = len(magnitudes)
    low, high = -_MARGIN_PIXEL - 0.5, settings.size_pixel + _MARGIN_PIXEL - 0.5
    ra, dec = wcs.pixel_to_world_values(rng.uniform(low, high, number), rng.uniform(low, high, number))
    names = [f"{prefix}-{row:05d}" for row in range(number)]
    return pd.DataFrame({"source_id": names, "ra_deg": ra, "dec_deg": dec, "magnitude": magnitudes})


def area_deg2(settings: GridSettings) -> float:
    """Return the area on which things of a field are drawn, in square degrees: the image and its margin."""
    return ((settings.size_pixel + 2.0 * _MARGIN_PIXEL) * settings.pixel_scale_arcsec / ARCSEC_PER_DEG) ** 2


def counted(rng: np.random.Generator, number: int, bright: float, faint: float, slope: float) -> NDArray[np.float64]:
    """Return magnitudes, (n,), whose number per magnitude rises as 10^(slope m).

    Parameters
    ----------
    rng : Generator
        Draws them.
    number : int
        How many.
    bright, faint : float
        Limits in magnitudes.
    slope : float
        Slope of the logarithm of the number, per magnitude; not 0.
    """
    share = rng.random(number)
    low, high = 10.0 ** (slope * bright), 10.0 ** (slope * faint)
    return np.log10(low + share * (high - low)) / slope


def put_beside(
    table: pd.DataFrame,
    rows: NDArray[np.bool_],
    parents: pd.DataFrame,
    offset_arcsec: NDArray[np.float64],
    angle: NDArray[np.float64],
) -> None:
    """Put rows of a table at an offset from their parents, in place.

    Parameters
    ----------
    table : DataFrame
        With ``ra_deg dec_deg``; changed.
    rows : ndarray of bool, (n,)
        Which rows are moved.
    parents : DataFrame
        ``ra_deg dec_deg`` of the parent of each row that is moved.
    offset_arcsec, angle : ndarray of float64
        Distance from the parent, and direction in radians from east to north, of each row that is moved.
    """
    dec = parents["dec_deg"].to_numpy() + offset_arcsec * np.sin(angle) / ARCSEC_PER_DEG
    east = offset_arcsec * np.cos(angle) / ARCSEC_PER_DEG / np.cos(np.radians(dec))
    table.loc[rows, "ra_deg"], table.loc[rows, "dec_deg"] = parents["ra_deg"].to_numpy() + east, dec


def flux_unit(magnitude: pd.Series) -> NDArray[np.float64]:
    """Return fluxes in units of a source of magnitude 0."""
    return np.power(10.0, -0.4 * magnitude.to_numpy(dtype=np.float64))
