"""A field of the synthetic sky: its stars, galaxies, transients, variables and movers, and their light curves."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from astropy.wcs import WCS
from numpy.typing import NDArray

from pipeline.rng import stream
from pipeline.sky import SkySettings
from pipeline.visits import Visit, tangent_wcs

_MARGIN_PIXEL = 40.0
"""Things are drawn this far beyond the border of the image, so that their light reaches into it."""

VARIABLE_TYPES = ("sine", "eclipse", "sawtooth")


@dataclass(frozen=True, kw_only=True)
class Field:
    """What lies in one field, all nights: one table a kind, positions in degrees.

    Attributes
    ----------
    stars : DataFrame
        ``source_id ra_deg dec_deg magnitude``.
    galaxies : DataFrame
        And ``half_light_arcsec axis_ratio angle_deg sersic``.
    transients : DataFrame
        And ``host_id host_offset_arcsec peak_mjd rise_day decline_day``; ``magnitude`` is at maximum.
    variables : DataFrame
        And ``variable_type period_day amplitude phase catalogued``; ``magnitude`` is the mean.
    movers : DataFrame
        And ``night rate_ra_arcsec_hour rate_dec_arcsec_hour start_mjd``; the position is at ``start_mjd``.
    """

    stars: pd.DataFrame
    galaxies: pd.DataFrame
    transients: pd.DataFrame
    variables: pd.DataFrame
    movers: pd.DataFrame


def draw_field(settings: SkySettings, field: int, visits: list[Visit], seed: int) -> Field:
    """Return what lies in a field; each kind has its own stream, so changing one leaves the others."""
    wcs = tangent_wcs(settings, field)
    span = visits[0].time_mjd, visits[-1].time_mjd
    here = [visit for visit in visits if visit.field == field]

    def rng(kind: str) -> np.random.Generator:
        return stream(seed, kind, str(field))

    galaxies = _galaxies(settings, wcs, field, rng("galaxies"))
    return Field(
        stars=_stars(settings, wcs, field, rng("stars")),
        galaxies=galaxies,
        transients=_transients(settings, wcs, field, rng("transients"), galaxies, span),
        variables=_variables(settings, wcs, field, rng("variables")),
        movers=_movers(settings, wcs, field, rng("movers"), here),
    )


def point_sources(objects: Field, time_mjd: float, night: str) -> pd.DataFrame:
    """Return all point sources of a field at one moment.

    Returns
    -------
    sources : DataFrame
        ``source_id kind ra_deg dec_deg flux_unit template_flux_unit``, fluxes in units of magnitude 0; those
        of transients and movers in the template are 0. ``kind`` is ``star transient variable mover``.
    """
    movers = objects.movers[objects.movers["night"] == night]
    hours = (time_mjd - movers["start_mjd"]) * 24.0
    dec = movers["dec_deg"] + movers["rate_dec_arcsec_hour"] * hours / 3600.0
    ra = movers["ra_deg"] + movers["rate_ra_arcsec_hour"] * hours / 3600.0 / np.cos(np.radians(dec))
    steady, mean = flux_unit(objects.stars["magnitude"]), flux_unit(objects.variables["magnitude"])
    tables = [
        _as_sources(objects.stars, "star", steady, steady),
        _as_sources(objects.variables, "variable", mean * _variation(objects.variables, time_mjd), mean),
        _as_sources(objects.transients, "transient", _light_curve(objects.transients, time_mjd), 0.0),
        _as_sources(movers.assign(ra_deg=ra, dec_deg=dec), "mover", flux_unit(movers["magnitude"]), 0.0),
    ]
    return pd.concat([table for table in tables if len(table)] or tables[:1], ignore_index=True)


def flux_unit(magnitude: pd.Series) -> NDArray[np.float64]:
    """Return fluxes in units of a source of magnitude 0."""
    return np.power(10.0, -0.4 * magnitude.to_numpy(dtype=np.float64))


def _as_sources(
    table: pd.DataFrame, kind: str, flux: NDArray[np.float64], template_flux: NDArray[np.float64] | float
) -> pd.DataFrame:
    """Return a table of one kind in the form of :func:`point_sources`."""
    sources = table[["source_id", "ra_deg", "dec_deg"]].copy()
    return sources.assign(kind=kind, flux_unit=flux, template_flux_unit=template_flux)


def _light_curve(transients: pd.DataFrame, time_mjd: float) -> NDArray[np.float64]:
    """Return the fluxes of transients: an exponential rise to the maximum and a slower decline."""
    since = time_mjd - transients["peak_mjd"].to_numpy()
    scale = np.where(since < 0, transients["rise_day"], transients["decline_day"])
    return flux_unit(transients["magnitude"]) * np.exp(-np.abs(since) / scale)


def _variation(variables: pd.DataFrame, time_mjd: float) -> NDArray[np.float64]:
    """Return the flux of variables over that at mean magnitude: a sine, an eclipse or a sawtooth."""
    phase = (variables["phase"].to_numpy() + time_mjd / variables["period_day"].to_numpy()) % 1.0
    shapes = (
        np.sin(2.0 * np.pi * phase),
        np.where(np.abs(phase - 0.5) < 0.1, 1.0, -0.1),
        2.0 * np.minimum(phase / 0.85, (1.0 - phase) / 0.15) - 1.0,
    )
    shape = np.select([variables["variable_type"] == name for name in VARIABLE_TYPES], shapes, 0.0)
    return np.power(10.0, -0.4 * variables["amplitude"].to_numpy() * shape)


def _things(
    settings: SkySettings,
    wcs: WCS,
    rng: np.random.Generator,
    prefix: str,
    number: int,
    magnitudes: NDArray[np.float64],
) -> pd.DataFrame:
    """Return ``number`` things at random places with ids that begin with ``prefix``."""
    low, high = -_MARGIN_PIXEL - 0.5, settings.size_pixel + _MARGIN_PIXEL - 0.5
    ra, dec = wcs.pixel_to_world_values(rng.uniform(low, high, number), rng.uniform(low, high, number))
    names = [f"{prefix}-{row:05d}" for row in range(number)]
    return pd.DataFrame({"source_id": names, "ra_deg": ra, "dec_deg": dec, "magnitude": magnitudes})


def _counts(rng: np.random.Generator, number: int, bright: float, faint: float, slope: float) -> NDArray[np.float64]:
    """Return magnitudes whose number rises as 10^(slope m)."""
    share = rng.random(number)
    low, high = 10.0 ** (slope * bright), 10.0 ** (slope * faint)
    return np.log10(low + share * (high - low)) / slope


def _stars(settings: SkySettings, wcs: WCS, field: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return the constant stars."""
    magnitudes = _counts(
        rng, settings.stars, settings.star_bright_magnitude, settings.star_faint_magnitude, settings.star_slope
    )
    return _things(settings, wcs, rng, f"star-{field}", settings.stars, magnitudes)


def _galaxies(settings: SkySettings, wcs: WCS, field: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return the galaxies: bright ones larger, discs and spheroids."""
    number = settings.galaxies
    magnitudes = _counts(
        rng, number, settings.galaxy_bright_magnitude, settings.galaxy_faint_magnitude, settings.galaxy_slope
    )
    typical_arcsec = 1.2 * 10.0 ** (0.13 * (20.0 - magnitudes))
    return _things(settings, wcs, rng, f"galaxy-{field}", number, magnitudes).assign(
        half_light_arcsec=typical_arcsec * np.exp(rng.normal(0.0, 0.25, number)),
        axis_ratio=rng.uniform(0.3, 1.0, number),
        angle_deg=rng.uniform(0.0, 180.0, number),
        sersic=np.where(rng.random(number) < 0.7, 1.0, 2.5),
    )


def _transients(
    settings: SkySettings,
    wcs: WCS,
    field: int,
    rng: np.random.Generator,
    galaxies: pd.DataFrame,
    span_mjd: tuple[float, float],
) -> pd.DataFrame:
    """Return transients, most of them on galaxies, within about two half-light radii of the centre."""
    number = settings.transients
    magnitudes = rng.uniform(settings.transient_bright_magnitude, settings.transient_faint_magnitude, number)
    table = _things(settings, wcs, rng, f"transient-{field}", number, magnitudes)
    hosted = (rng.random(number) < settings.hosted_share) & (len(galaxies) > 0)
    hosts = galaxies.iloc[rng.integers(0, max(len(galaxies), 1), number)[hosted]]
    offset = hosts["half_light_arcsec"].to_numpy() * rng.gamma(2.0, 0.45, hosted.sum())
    angle = rng.uniform(0.0, 2.0 * np.pi, hosted.sum())
    dec = hosts["dec_deg"].to_numpy() + offset * np.sin(angle) / 3600.0
    ra = hosts["ra_deg"].to_numpy() + offset * np.cos(angle) / 3600.0 / np.cos(np.radians(dec))
    table.loc[hosted, "ra_deg"], table.loc[hosted, "dec_deg"] = ra, dec
    table["host_id"], table["host_offset_arcsec"] = "", np.nan
    table.loc[hosted, "host_id"], table.loc[hosted, "host_offset_arcsec"] = hosts["source_id"].to_numpy(), offset
    return table.assign(
        peak_mjd=rng.uniform(span_mjd[0] - 2.0, span_mjd[1] + 1.0, number),
        rise_day=settings.rise_day * np.exp(rng.normal(0.0, 0.3, number)),
        decline_day=settings.decline_day * np.exp(rng.normal(0.0, 0.3, number)),
    )


def _variables(settings: SkySettings, wcs: WCS, field: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return variable stars of several types."""
    number = settings.variables
    magnitudes = rng.uniform(settings.variable_bright_magnitude, settings.variable_faint_magnitude, number)
    return _things(settings, wcs, rng, f"variable-{field}", number, magnitudes).assign(
        variable_type=rng.choice(VARIABLE_TYPES, number),
        period_day=10.0 ** rng.uniform(-0.5, 1.0, number),
        amplitude=rng.uniform(settings.amplitude_min_magnitude, settings.amplitude_max_magnitude, number),
        phase=rng.random(number),
        catalogued=rng.random(number) < settings.variable_catalogue_share,
    )


def _movers(settings: SkySettings, wcs: WCS, field: int, rng: np.random.Generator, visits: list[Visit]) -> pd.DataFrame:
    """Return the solar-system objects of each night that the field is visited; none is seen twice."""
    nights = {visit.night: visit.time_mjd for visit in reversed(visits)}
    number = settings.movers * len(nights)
    magnitudes = rng.uniform(settings.mover_bright_magnitude, settings.mover_faint_magnitude, number)
    rate = rng.uniform(settings.mover_rate_min_arcsec_hour, settings.mover_rate_max_arcsec_hour, number)
    angle = rng.uniform(0.0, 2.0 * np.pi, number)
    return _things(settings, wcs, rng, f"mover-{field}", number, magnitudes).assign(
        night=np.repeat(sorted(nights), settings.movers),
        start_mjd=np.repeat([nights[night] for night in sorted(nights)], settings.movers),
        rate_ra_arcsec_hour=rate * np.cos(angle),
        rate_dec_arcsec_hour=rate * np.sin(angle),
    )
