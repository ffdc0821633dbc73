"""The constant stars of a field of the synthetic sky."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from astropy.wcs import WCS

from pipeline.sky.grid import GridSettings
from pipeline.sky.places import counted, scattered
from pipeline.sky.ranges import above, at_least


@dataclass(frozen=True, kw_only=True)
class StarSettings(GridSettings):
    """How many constant stars a field has, and how bright.

    Attributes
    ----------
    stars : int
        Stars of a field.
    star_bright_magnitude : float, in mag
        Brightest.
    star_faint_magnitude : float, in mag
        Faintest.
    star_slope : float, in 1/mag
        Slope of log10 N with magnitude.
    """

    stars: int = field(default=1000, metadata=at_least(0))
    star_bright_magnitude: float = 10.5
    star_faint_magnitude: float = 22.0
    star_slope: float = field(default=0.2, metadata=above(0))


def draw_stars(settings: StarSettings, wcs: WCS, field: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return the constant stars, as :class:`~pipeline.sky.field.Field` describes them.

    Parameters
    ----------
    settings : StarSettings
        How many stars, and how bright.
    wcs : WCS
        Projection of the field.
    field : int
        Number of the field, from 0; part of the ids.
    rng : Generator
        Draws places and magnitudes.
    """
    magnitudes = counted(
        rng, settings.stars, settings.star_bright_magnitude, settings.star_faint_magnitude, settings.star_slope
    )
    return scattered(settings, wcs, rng, f"star-{field}", magnitudes)
