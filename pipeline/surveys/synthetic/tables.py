"""Rows of the synthetic survey's database: exposures, objects, catalogues, and the verdicts of people.

Tested by tests/pipeline/surveys/synthetic/test_survey.py.
"""

import math

import numpy as np
import pandas as pd

from pipeline.conversions import ARCSEC_PER_DEG
from pipeline.crossmatch.friends import link_groups
from pipeline.night import night_name
from pipeline.rng import stream
from pipeline.sky import TRANSIENTS, Field, SkySettings, Visit, point_sources, tangent_wcs


def survey_tables(
    visits: list[Visit], fields: dict[int, Field], found: pd.DataFrame, settings: SkySettings, seed: int
) -> dict[str, pd.DataFrame]:
    """Return the rows of the database, by table.

    Parameters
    ----------
    visits : list of Visit
        The exposures.
    fields : dict of int to Field
        What is in each field of the sky.
    found : DataFrame
        The candidates of all exposures with their truth.
    settings : SkySettings
        The sky, the site, the detector.
    seed : int
        Decides the errors of the ephemeris and the verdicts.
    """
    groups = link_groups(found["ra_deg"], found["dec_deg"], settings.link_radius_arcsec)
    candidates = found.assign(object_id=[f"{group + 1:07d}" for group in groups])
    variables = pd.concat([field.variables for field in fields.values()], ignore_index=True)
    galaxies = pd.concat([field.galaxies for field in fields.values()], ignore_index=True)
    return {
        "exposures": pd.DataFrame([_exposure_row(visit, settings) for visit in visits]),
        "candidates": candidates,
        "movers": _ephemeris(visits, fields, settings, seed),
        "variables": variables[variables["catalogued"]].rename(columns={"source_id": "variable_id"}),
        "hosts": galaxies.rename(columns={"source_id": "host_id"}),
        "eyeballs": _eyeballs(candidates, settings, seed),
        "truth": candidates,
    }


def image_path(visit: Visit) -> str:
    """Return the path of an exposure's file, relative to the survey's folder."""
    return f"images/{visit.night}/{visit.exposure_id}.fits.fz"


def _exposure_row(visit: Visit, settings: SkySettings) -> dict[str, object]:
    """Return the row of one exposure."""
    path = image_path(visit)
    return {
        "exposure_id": visit.exposure_id,
        "night": visit.night,
        "telescope": settings.telescope,
        "detector": settings.detector,
        "band": settings.band,
        "time_mjd": visit.time_mjd,
        "exposure_s": settings.exposure_s,
        "zeropoint": visit.zeropoint,
        "gain": settings.gain,
        "read_noise": settings.read_noise,
        "saturation": settings.saturation,
        "fwhm_pixel": visit.fwhm_pixel,
        "pixel_scale_arcsec": settings.pixel_scale_arcsec,
        "science_path": path,
        "template_path": path,
        "difference_path": path,
    }


def _ephemeris(visits: list[Visit], fields: dict[int, Field], settings: SkySettings, seed: int) -> pd.DataFrame:
    """Return where each mover was predicted in each exposure that it lies in."""
    found = []
    for visit in visits:
        rng = stream(seed, "ephemeris", visit.exposure_id)
        sources = point_sources(fields[visit.field], visit.time_mjd, visit.night)
        movers = sources[sources["kind"] == "mover"]
        x, y = tangent_wcs(settings, visit.field, visit.x_dither, visit.y_dither).world_to_pixel_values(
            movers["ra_deg"], movers["dec_deg"]
        )
        inside = (np.minimum(x, y) > -0.5) & (np.maximum(x, y) < settings.size_pixel - 0.5)
        error = rng.normal(0.0, settings.ephemeris_error_arcsec / ARCSEC_PER_DEG, (2, len(movers)))
        table = pd.DataFrame(
            {
                "mover_id": movers["source_id"],
                "exposure_id": visit.exposure_id,
                "time_mjd": visit.time_mjd,
                "ra_deg": movers["ra_deg"] + error[0] / np.cos(np.radians(movers["dec_deg"])),
                "dec_deg": movers["dec_deg"] + error[1],
                "magnitude": -2.5 * np.log10(movers["flux_unit"]),
            }
        )
        found.append(table[inside])
    return pd.concat(found, ignore_index=True)


def _eyeballs(candidates: pd.DataFrame, settings: SkySettings, seed: int) -> pd.DataFrame:
    """Return the verdicts of people on a share of the candidates; of bright transients they judge more."""
    rng = stream(seed, "eyeballs")
    is_bright = candidates["kind"].isin(TRANSIENTS) & (candidates["magnitude"] < settings.eyeball_bright_magnitude)
    share = np.where(is_bright, settings.eyeball_bright_share, settings.eyeball_share)
    seen = rng.random(len(candidates)) < share
    wrong = rng.random(len(candidates)) < settings.eyeball_error_rate
    label = np.where(wrong, 1 - candidates["is_real"], candidates["is_real"])
    judged = [f"{night_name(math.floor(time) + 1)}T12:00:00Z" for time in candidates["time_mjd"]]
    return pd.DataFrame({"candidate_id": candidates["candidate_id"], "label": label, "judged_at": judged})[seen]
