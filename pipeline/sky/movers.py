"""The solar-system objects that cross a field of the synthetic sky."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from astropy.wcs import WCS

from pipeline.sky.grid import GridSettings
from pipeline.sky.places import scattered
from pipeline.sky.ranges import at_least
from pipeline.sky.visits import Visit


@dataclass(frozen=True, kw_only=True)
class MoverSettings(GridSettings):
    """How many solar-system objects a field has, how bright and how fast, and how well they are predicted.

    Attributes
    ----------
    movers : int
        Solar-system objects of a field in one night.
    mover_bright_magnitude : float, in mag
        Brightest.
    mover_faint_magnitude : float, in mag
        Faintest.
    mover_rate_min_arcsec_hour : float, in arcsec/h
        Slowest.
    mover_rate_max_arcsec_hour : float, in arcsec/h
        Fastest.
    ephemeris_error_arcsec : float, in arcsec
        Error of the ephemeris in each coordinate, rms.
    """

    movers: int = field(default=14, metadata=at_least(0))
    mover_bright_magnitude: float = 16.5
    mover_faint_magnitude: float = 20.8
    mover_rate_min_arcsec_hour: float = 10.0
    mover_rate_max_arcsec_hour: float = 60.0
    ephemeris_error_arcsec: float = 0.2


def draw_movers(
    settings: MoverSettings, wcs: WCS, field: int, rng: np.random.Generator, visits: list[Visit]
) -> pd.DataFrame:
    """Return the solar-system objects of each night that the field is visited; none is seen twice.

    Parameters
    ----------
    settings : MoverSettings
        How many movers a night, how bright and how fast.
    wcs : WCS
        Projection of the field.
    field : int
        Number of the field, from 0; part of the ids.
    rng : Generator
        Draws places, magnitudes and motions.
    visits : list of Visit
        Visits of this field, in order of time.

    Returns
    -------
    movers : DataFrame
        As :class:`~pipeline.sky.field.Field` describes them.
    """
    nights = {visit.night: visit.time_mjd for visit in reversed(visits)}
    number = settings.movers * len(nights)
    magnitudes = rng.uniform(settings.mover_bright_magnitude, settings.mover_faint_magnitude, number)
    rate = rng.uniform(settings.mover_rate_min_arcsec_hour, settings.mover_rate_max_arcsec_hour, number)
    angle = rng.uniform(0.0, 2.0 * np.pi, number)
    return scattered(settings, wcs, rng, f"mover-{field}", magnitudes).assign(
        night=np.repeat(sorted(nights), settings.movers),
        start_mjd=np.repeat([nights[night] for night in sorted(nights)], settings.movers),
        rate_ra_arcsec_hour=rate * np.cos(angle),
        rate_dec_arcsec_hour=rate * np.sin(angle),
    )
