"""The zeropoint of an exposure, from its stars and a catalogue's.

Tested by tests/pipeline/surveys/exposures/test_magnitudes.py.
"""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
from astropy.wcs import WCS

from pipeline.astrometry.projection import pixel_to_sky
from pipeline.errors import InputError
from pipeline.imaging.frame import Frame
from pipeline.imaging.sources import remove_sky
from pipeline.io.tables.catalogue_file import catalogue_path, read_columns
from pipeline.photometry.measurement import centroids, psf_flux
from pipeline.photometry.zeropoint import Zeropoint, fit_zeropoint
from pipeline.psf import LightProfile
from pipeline.subtraction.registration import star_positions
from pipeline.surveys.candidate_columns import as_text
from pipeline.surveys.difference_settings import ZeropointSettings
from pipeline.surveys.exposures.settings import fill_columns


def catalogue_zeropoint(
    science: Frame, wcs: WCS | None, settings: ZeropointSettings, exposure: Mapping[str, object], profile: LightProfile
) -> Zeropoint:
    """Return the zeropoint of a science image for fluxes measured as those of candidates are.

    Parameters
    ----------
    science : Frame
        The science image.
    wcs : WCS or None
        Its projection.
    settings : ZeropointSettings
        The catalogue, and what counts as a match.
    exposure : mapping
        The exposure's row, which fills the braces of the catalogue's column.
    profile : LightProfile
        How the light of a point source lies on the image's pixels.

    Raises
    ------
    InputError
        If the image has no projection or no sky, the catalogue cannot be read, or too few stars match.
    """
    if wcs is None:
        raise InputError("the science image holds no WCS to match a catalogue with")
    single = {name: value for name, value in exposure.items() if not isinstance(value, list | tuple | np.ndarray)}
    texts = {name: as_text([value])[0] for name, value in single.items()}
    column = fill_columns(settings.magnitude, texts)
    if not column:
        raise InputError(
            f"magnitude is {settings.magnitude!r}, and the exposure lacks a column that is named in braces"
        )
    stars = known_places(settings.catalogue, settings.ra_deg, settings.dec_deg, column)
    flat = remove_sky(science.pixels)
    x, y = star_positions(science, flat).T
    pixels = np.where(flat.missing, np.float32(np.nan), flat.pixels)
    x, y = centroids(flat.pixels, x, y, science.fwhm_pixel, flat.missing)
    flux, _ = psf_flux(pixels, np.sqrt(science.variance(flat.sky_level)), x, y, profile)
    ra, dec = pixel_to_sky(wcs, x, y)
    return fit_zeropoint(
        ra,
        dec,
        flux,
        catalogue_ra_deg=stars["ra_deg"],
        catalogue_dec_deg=stars["dec_deg"],
        catalogue_magnitude=stars["magnitude"],
        radius_arcsec=settings.radius_arcsec,
        min_stars=settings.min_stars,
    )


def known_places(catalogue: str, ra_deg: str, dec_deg: str, magnitude: str = "") -> pd.DataFrame:
    """Return a catalogue's columns ``ra_deg dec_deg``, and ``magnitude`` where one is named; read once per process.

    Parameters
    ----------
    catalogue : str
        Table file; a relative path starts at the folder above the settings.
    ra_deg, dec_deg, magnitude : str
        Its columns of positions, in degrees, and of magnitudes; empty: no magnitudes.
    """
    path = catalogue_path(catalogue)
    status = path.stat() if path.is_file() else None
    return _read(path, ra_deg, dec_deg, magnitude, status and (status.st_size, status.st_mtime_ns))


@lru_cache(maxsize=8)
def _read(path: Path, ra_deg: str, dec_deg: str, magnitude: str, state: object) -> pd.DataFrame:  # noqa: ARG001 (key)
    columns = {"ra_deg": ra_deg, "dec_deg": dec_deg} | ({"magnitude": magnitude} if magnitude else {})
    return read_columns(path, columns)
