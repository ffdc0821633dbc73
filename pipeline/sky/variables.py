"""Variables of the synthetic sky: stars of several types and the nuclei of active galaxies."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from astropy.wcs import WCS
from numpy.typing import NDArray

from pipeline.registry import Registry
from pipeline.sky.grid import GridSettings
from pipeline.sky.places import scattered
from pipeline.sky.ranges import SHARE, at_least

Shape = Callable[[NDArray[np.float64]], NDArray[np.float64]]

VARIABLE_TYPES: Registry[Shape] = Registry("type of variable")
"""Shapes ``phase -> change``, -1 to 1, of which the brightness is ``-amplitude * change`` magnitudes.

``phase`` counts periods and grows without end. Metadata: ``on`` is ``star`` or ``galaxy``; ``period_min_day`` and
``period_max_day``.
"""

_FAINTER_NUCLEUS = 2.0
"""Largest difference between a nucleus and its galaxy in magnitudes."""


@dataclass(frozen=True, kw_only=True)
class VariableSettings(GridSettings):
    """How many stars and nuclei of a field vary, by how much, and how many of them a catalogue lists.

    Attributes
    ----------
    variables : int
        Variable stars of a field.
    variable_bright_magnitude : float, in mag
        Brightest mean magnitude.
    variable_faint_magnitude : float, in mag
        Faintest mean magnitude.
    amplitude_min_magnitude : float, in mag
        Smallest half range of a variable.
    amplitude_max_magnitude : float, in mag
        Largest half range.
    agn : int
        Galaxies of a field whose nuclei vary.
    variable_catalogue_share : float
        Share of the variables that the catalogue knows.
    """

    variables: int = field(default=45, metadata=at_least(0))
    variable_bright_magnitude: float = 14.0
    variable_faint_magnitude: float = 20.0
    amplitude_min_magnitude: float = 0.1
    amplitude_max_magnitude: float = 1.2
    agn: int = field(default=10, metadata=at_least(0))
    variable_catalogue_share: float = field(default=0.9, metadata=SHARE)


@VARIABLE_TYPES.register("sine", on="star", period_min_day=0.3, period_max_day=10.0)
def sine(phase: NDArray[np.float64]) -> NDArray[np.float64]:
    """Pulsate evenly, as Cepheids and delta Scuti stars nearly do."""
    return np.sin(2.0 * np.pi * phase)


@VARIABLE_TYPES.register("eclipse", on="star", period_min_day=0.3, period_max_day=10.0)
def eclipse(phase: NDArray[np.float64]) -> NDArray[np.float64]:
    """Lose light for a tenth of the period, and a third of that half a period later."""
    turn = phase % 1.0
    first = np.exp(-0.5 * ((turn - 0.25) / 0.04) ** 2)
    second = 0.35 * np.exp(-0.5 * ((turn - 0.75) / 0.04) ** 2)
    return 0.1 - 1.1 * (first + second)


@VARIABLE_TYPES.register("sawtooth", on="star", period_min_day=0.3, period_max_day=0.9)
def sawtooth(phase: NDArray[np.float64]) -> NDArray[np.float64]:
    """Brighten fast and fade slowly, as RR Lyrae stars."""
    turn = phase % 1.0
    return 2.0 * np.minimum(turn / 0.15, (1.0 - turn) / 0.85) - 1.0


@VARIABLE_TYPES.register("irregular", on="star", period_min_day=5.0, period_max_day=40.0)
def irregular(phase: NDArray[np.float64]) -> NDArray[np.float64]:
    """Wander: waves without a common period, the longer the stronger."""
    waves = ((0.5, 1.0), (0.25, 2.618), (0.15, 6.854), (0.1, 17.944))
    return np.asarray(sum(height * np.sin(2.0 * np.pi * often * phase) for height, often in waves))


@VARIABLE_TYPES.register("agn", on="galaxy", period_min_day=8.0, period_max_day=60.0)
def agn(phase: NDArray[np.float64]) -> NDArray[np.float64]:
    """Wander as the nucleus of an active galaxy."""
    return irregular(phase)


def variation(variables: pd.DataFrame, time_mjd: float) -> NDArray[np.float64]:
    """Return the flux of each variable at a moment over that at its mean magnitude."""
    phase = variables["phase"].to_numpy() + time_mjd / variables["period_day"].to_numpy()
    change = np.zeros(len(variables))
    for name in VARIABLE_TYPES:
        rows = (variables["variable_type"] == name).to_numpy()
        change[rows] = VARIABLE_TYPES[name](phase[rows])
    return np.power(10.0, 0.4 * variables["amplitude"].to_numpy() * change)


def draw_variables(settings: VariableSettings, wcs: WCS, field: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return variable stars of several types, as :class:`~pipeline.sky.field.Field` describes them.

    Parameters
    ----------
    settings : VariableSettings
        How many variables, how bright, and how much they vary.
    wcs : WCS
        Projection of the field.
    field : int
        Number of the field, from 0; part of the ids.
    rng : Generator
        Draws places, magnitudes and light curves.
    """
    number = settings.variables
    magnitudes = rng.uniform(settings.variable_bright_magnitude, settings.variable_faint_magnitude, number)
    places = scattered(settings, wcs, rng, f"variable-{field}", magnitudes)
    return pd.concat([places, _draw_variation(settings, number, "star", rng)], axis=1)


def draw_agn(settings: VariableSettings, field: int, galaxies: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return the varying nuclei of some galaxies, up to two magnitudes fainter than these.

    Parameters
    ----------
    settings : VariableSettings
        How many nuclei vary, and how much.
    field : int
        Number of the field, from 0; part of the ids.
    galaxies : DataFrame
        The galaxies of the field, ``ra_deg dec_deg magnitude``.
    rng : Generator
        Draws which galaxies, their magnitudes and light curves.
    """
    number = min(settings.agn, len(galaxies))
    hosts = galaxies.iloc[rng.choice(len(galaxies), number, replace=False)].reset_index(drop=True)
    nuclei = hosts[["ra_deg", "dec_deg"]].assign(
        source_id=[f"agn-{field}-{row:05d}" for row in range(number)],
        magnitude=hosts["magnitude"] + rng.uniform(0.0, _FAINTER_NUCLEUS, number),
    )
    return pd.concat([nuclei, _draw_variation(settings, number, "galaxy", rng)], axis=1)


def _draw_variation(settings: VariableSettings, number: int, on: str, rng: np.random.Generator) -> pd.DataFrame:
    """Return ``variable_type period_day amplitude phase catalogued`` of ``number`` variables on stars or galaxies."""
    known = {name: VARIABLE_TYPES.metadata(name) for name in VARIABLE_TYPES}
    types = rng.choice([name for name, about in known.items() if about["on"] == on], number)
    low, high = (np.array([known[name][f"period_{end}_day"] for name in types]) for end in ("min", "max"))
    return pd.DataFrame(
        {
            "variable_type": types,
            "period_day": low * (high / low) ** rng.random(number) if number else np.zeros(0),
            "amplitude": rng.uniform(settings.amplitude_min_magnitude, settings.amplitude_max_magnitude, number),
            "phase": rng.random(number),
            "catalogued": rng.random(number) < settings.variable_catalogue_share,
        }
    )
