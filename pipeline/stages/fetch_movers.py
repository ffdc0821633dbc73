"""A night's ephemeris: which solar-system objects are in the field of each of its exposures, and where."""

import logging
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from pipeline.errors import InputError, SettingsError
from pipeline.io.results.night_manifest import Manifest
from pipeline.io.results.parquet_table import write_table
from pipeline.io.services.skybot import Skybot
from pipeline.solar_system.places import Site, predict
from pipeline.stages.night_job import NightJob
from pipeline.surveys.base import Source, StatesFolder
from pipeline.surveys.ephemeris_settings import EphemerisSettings

log = logging.getLogger(__name__)

POINTING_COLUMNS: Final = ("exposure_id", "time_mjd", "ra_deg", "dec_deg")


def fetch_movers(path: Path, job: NightJob, *, orbits: pd.DataFrame | None = None) -> None:
    """Write the ephemeris of a night as Parquet, with the number of its places in the provenance.

    Parameters
    ----------
    path : Path
        Parquet file to write.
    job : NightJob
        The night, and its frozen input.
    orbits : DataFrame, optional
        The orbits to propagate, for ``source: orbits``.

    Raises
    ------
    UnreachableError, SettingsError, InputError
        As raised by `night_ephemeris`.
    """
    movers = night_ephemeris(job, orbits)
    write_table(path, movers, {**job.provenance, "places": len(movers)})


def night_ephemeris(job: NightJob, orbits: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return ``mover_id exposure_id ra_deg dec_deg magnitude`` of a night, as the survey's ``ephemeris`` asks.

    Parameters
    ----------
    job : NightJob
        The night, and its frozen input.
    orbits : DataFrame, optional
        The orbits to propagate, for ``source: orbits``.

    Raises
    ------
    UnreachableError
        If SkyBoT fails, which never counts as "no objects".
    SettingsError, InputError
        If the survey's settings have no ``ephemeris``, or an exposure has no position or time.
    """
    settings = job.survey.settings.ephemeris
    if settings is None:
        raise SettingsError("the survey's settings have no `ephemeris`; required: the source of the movers' positions")
    fields = pointings(job.survey, job.night, job.manifest)
    if settings.source == "skybot":
        found = skybot_of(settings).objects(fields, job.progress)
    else:
        site = Site(
            longitude_deg=job.survey.settings.longitude_deg,
            latitude_deg=settings.latitude_deg,
            height_m=settings.height_m,
        )
        found = predict(
            pd.DataFrame() if orbits is None else orbits, fields, site, search_radius_deg=settings.search_radius_deg
        )
    if settings.max_magnitude is not None:
        found = found[~(found["magnitude"] > settings.max_magnitude)].reset_index(drop=True)
    movers = found["mover_id"].nunique()
    log.info("night %s: %d places of %d movers in %d exposures (%s)", job.night, len(found), movers, len(fields),
             settings.source)  # fmt: skip
    return found


def skybot_of(settings: EphemerisSettings) -> Skybot:
    """Return the client of SkyBoT that the settings describe."""
    return Skybot(
        observatory=settings.observatory,
        radius_deg=settings.search_radius_deg,
        max_error_arcsec=settings.max_error_arcsec,
        server=settings.server,
        timeout_s=settings.timeout_s,
        tries=settings.tries,
    )


def pointings(survey: Source[StatesFolder], night: str, manifest: Manifest) -> pd.DataFrame:
    """Return ``exposure_id time_mjd ra_deg dec_deg`` of those exposures of a night that have candidates.

    The position is the mean of the exposure's candidates; the search radius has to be larger than the field.

    Raises
    ------
    InputError
        If no candidate of an exposure has both a position and a time.
    """
    parts = [
        batch.candidates[list(POINTING_COLUMNS)] for batch in survey.read(night, manifest) if len(batch.candidates)
    ]
    if not parts:
        return pd.DataFrame({name: [] for name in POINTING_COLUMNS})
    rows = pd.concat(parts, ignore_index=True)
    placed = np.isfinite(rows[["time_mjd", "ra_deg", "dec_deg"]].to_numpy(float)).all(axis=1)
    lost = set(rows["exposure_id"]) - set(rows["exposure_id"][placed])
    if lost:
        raise InputError(f"night {night}: exposure {min(lost)!r} has no candidate with a position and a time")
    return centres(rows[placed])


def centres(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the mean position and time of each exposure's rows, sorted by ``exposure_id``."""
    ra, dec = np.radians(rows["ra_deg"].to_numpy(float)), np.radians(rows["dec_deg"].to_numpy(float))
    towards = pd.DataFrame({"x": np.cos(dec) * np.cos(ra), "y": np.cos(dec) * np.sin(ra), "z": np.sin(dec)})
    towards["time_mjd"] = rows["time_mjd"].to_numpy(float)
    mean = towards.groupby(rows["exposure_id"].to_numpy(object)).mean()
    return pd.DataFrame(
        {
            "exposure_id": mean.index.astype(str),
            "time_mjd": mean["time_mjd"].to_numpy(),
            "ra_deg": np.degrees(np.arctan2(mean["y"], mean["x"])).to_numpy() % 360.0,
            "dec_deg": np.degrees(np.arctan2(mean["z"], np.hypot(mean["x"], mean["y"]))).to_numpy(),
        }
    )
