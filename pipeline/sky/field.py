"""A field of the synthetic sky: its stars, galaxies, transients, variables and movers, and their light curves."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.conversions import ARCSEC_PER_DEG
from pipeline.rng import stream
from pipeline.sky.counts import CountSettings, at_rates
from pipeline.sky.galaxies import draw_galaxies
from pipeline.sky.movers import draw_movers
from pipeline.sky.places import flux_unit
from pipeline.sky.stars import draw_stars
from pipeline.sky.transient_kinds import light_curve
from pipeline.sky.transients import draw_transients
from pipeline.sky.variables import draw_agn, draw_variables, variation
from pipeline.sky.visits import Visit, tangent_wcs


@dataclass(frozen=True, kw_only=True)
class Field:
    """What lies in one field in all nights: one table per kind, positions in degrees.

    Attributes
    ----------
    stars : DataFrame
        ``source_id ra_deg dec_deg magnitude``.
    galaxies : DataFrame
        And ``half_light_arcsec axis_ratio angle_deg sersic``.
    transients : DataFrame
        And ``transient_kind place host_id host_offset_arcsec peak_mjd rise_day decline_day``; ``magnitude`` is at
        maximum.
    variables : DataFrame
        And ``variable_type period_day amplitude phase catalogued``; ``magnitude`` is the mean. Those of type
        ``agn`` lie in the centres of galaxies.
    movers : DataFrame
        And ``night rate_ra_arcsec_hour rate_dec_arcsec_hour start_mjd``; the position is at ``start_mjd``.
    """

    stars: pd.DataFrame
    galaxies: pd.DataFrame
    transients: pd.DataFrame
    variables: pd.DataFrame
    movers: pd.DataFrame


def draw_field(settings: CountSettings, field: int, visits: list[Visit], seed: int) -> Field:
    """Return what lies in a field; each kind has its own stream, so changing one leaves the others.

    Parameters
    ----------
    settings : CountSettings
        How much of each kind lies in a field.
    field : int
        Number of the field, from 0.
    visits : list of Visit
        All visits of the survey; those of this field decide which movers cross it, and when transients are seen.
    seed : int
        The survey's; with the kind and the number of the field it decides every draw.
    """
    wcs = tangent_wcs(settings, field)
    here = [visit for visit in visits if visit.field == field]

    def rng(kind: str) -> np.random.Generator:
        return stream(seed, kind, str(field))

    settings = at_rates(settings, here or visits, rng("rates"))
    galaxies = draw_galaxies(settings, wcs, field, rng("galaxies"))
    stars = draw_stars(settings, wcs, field, rng("stars"))
    variables = [
        draw_variables(settings, wcs, field, rng("variables")),
        draw_agn(settings, field, galaxies, rng("agn")),
    ]
    return Field(
        stars=stars,
        galaxies=galaxies,
        transients=draw_transients(settings, wcs, field, rng("transients"), galaxies, stars, here or visits),
        variables=pd.concat([table for table in variables if len(table)] or variables[:1], ignore_index=True),
        movers=draw_movers(settings, wcs, field, rng("movers"), here),
    )


def point_sources(objects: Field, time_mjd: float, night: str) -> pd.DataFrame:
    """Return all point sources of a field at one moment.

    Returns
    -------
    sources : DataFrame
        ``source_id kind ra_deg dec_deg flux_unit template_flux_unit``, fluxes in units of magnitude 0; those
        of transients and movers in the template are 0. ``kind`` is ``star variable agn mover`` or the kind of
        the transient.
    """
    movers = objects.movers[objects.movers["night"] == night]
    hours = (time_mjd - movers["start_mjd"]) * 24.0
    dec = movers["dec_deg"] + movers["rate_dec_arcsec_hour"] * hours / ARCSEC_PER_DEG
    ra = movers["ra_deg"] + movers["rate_ra_arcsec_hour"] * hours / ARCSEC_PER_DEG / np.cos(np.radians(dec))
    steady, mean = flux_unit(objects.stars["magnitude"]), flux_unit(objects.variables["magnitude"])
    new = flux_unit(objects.transients["magnitude"]) * light_curve(objects.transients, time_mjd)
    is_agn = objects.variables["variable_type"] == "agn"
    tables = [
        _as_sources(objects.stars, "star", steady, steady),
        _as_sources(
            objects.variables,
            np.where(is_agn, "agn", "variable"),
            mean * variation(objects.variables, time_mjd),
            mean,
        ),
        _as_sources(objects.transients, objects.transients["transient_kind"].to_numpy(), new, 0.0),
        _as_sources(movers.assign(ra_deg=ra, dec_deg=dec), "mover", flux_unit(movers["magnitude"]), 0.0),
    ]
    return pd.concat([table for table in tables if len(table)] or tables[:1], ignore_index=True)


def _as_sources(
    table: pd.DataFrame,
    kind: str | NDArray[np.str_],
    flux: NDArray[np.float64],
    template_flux: NDArray[np.float64] | float,
) -> pd.DataFrame:
    """Return a table of one kind in the form of :func:`point_sources`."""
    sources = table[["source_id", "ra_deg", "dec_deg"]].copy()
    return sources.assign(kind=kind, flux_unit=flux, template_flux_unit=template_flux)
