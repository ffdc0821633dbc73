"""Kinds of transients of the synthetic sky: their light curves, places, shares and time scales."""

from collections.abc import Callable, Iterator, Mapping
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.registry import Registry
from pipeline.sky.populations import Population

Times = NDArray[np.float64]
LightCurve = Callable[[Times, Times, Times], Times]
Place = Literal["host", "nucleus", "star", "field"]

TRANSIENTS: Registry[LightCurve] = Registry("kind of transient")
"""Light curves ``(days since maximum, rise, decline) -> flux over that at maximum``, all (n,).

Metadata: ``share`` of all transients where the settings say nothing; ``place``, one of ``host`` (in the light of a
galaxy), ``nucleus`` (at its centre), ``star`` (on a constant star) and ``field`` (anywhere); ``rise_day`` and
``decline_day``, the typical times; and how many there are on a real sky, as ``populations`` in the universe or, for
those of the Milky Way, ``per_deg2_year``.
"""

_SUPERNOVAE = (
    Population(per_mpc3_year=2.3e-5, absolute_magnitude=-19.1, scatter=0.5),  # type Ia, Desai et al. 2024
    Population(per_mpc3_year=9.1e-5, absolute_magnitude=-17.0, scatter=1.1),  # core collapse, Frohmaier et al. 2021
)
_FAST = (Population(per_mpc3_year=6.4e-6, absolute_magnitude=-18.3, scatter=0.8),)  # Drout et al. 2014
_DISRUPTIONS = (Population(per_mpc3_year=3.1e-7, absolute_magnitude=-19.3, scatter=0.8),)  # Yao et al. 2023

_DWARF_NOVAE = 0.05
"""Outbursts a square degree and year: 329 stars over some 25,000 square degrees (Szkody et al. 2020), a few each."""

_FLARES = 50.0
"""Flares of a magnitude or more in red light a square degree and year; uncertain by a factor of some."""

_TIME_SPREAD = 0.3
"""Scatter of the logarithm of the times of one kind."""


@TRANSIENTS.register("supernova", share=0.42, place="host", rise_day=17.0, decline_day=28.0, populations=_SUPERNOVAE)
def supernova(since_day: Times, rise_day: Times, decline_day: Times) -> Times:
    """Grow as an expanding ball, flux with the square of time (Riess et al. 1999), then fade exponentially."""
    grown = np.clip(1.0 + since_day / rise_day, 0.0, 1.0) ** 2
    return np.where(since_day < 0, grown, np.exp(-np.maximum(since_day, 0.0) / decline_day))


@TRANSIENTS.register("fast_transient", share=0.16, place="host", rise_day=0.8, decline_day=3.0, populations=_FAST)
def fast_transient(since_day: Times, rise_day: Times, decline_day: Times) -> Times:
    """Rise and fade exponentially within days, as kilonovae and the fast blue transients (Drout et al. 2014)."""
    return np.exp(-np.abs(since_day) / np.where(since_day < 0, rise_day, decline_day))


@TRANSIENTS.register(
    "tidal_disruption", share=0.08, place="nucleus", rise_day=15.0, decline_day=40.0, populations=_DISRUPTIONS
)
def tidal_disruption(since_day: Times, rise_day: Times, decline_day: Times) -> Times:
    """Rise as a Gaussian, then fade as the stellar debris falls back, time to the power -5/3 (Rees 1988)."""
    fallback = (1.0 + np.maximum(since_day, 0.0) / decline_day) ** (-5.0 / 3.0)
    return np.where(since_day < 0, np.exp(-0.5 * (since_day / rise_day) ** 2), fallback)


@TRANSIENTS.register("nova", share=0.14, place="field", rise_day=0.5, decline_day=6.0, per_deg2_year=_DWARF_NOVAE)
def nova(since_day: Times, rise_day: Times, decline_day: Times) -> Times:
    """Rise within a day and fade linearly in magnitude, as novae and dwarf novae, far from any galaxy."""
    return np.exp(-np.abs(since_day) / np.where(since_day < 0, rise_day, decline_day))


@TRANSIENTS.register("flare", share=0.20, place="star", rise_day=0.004, decline_day=0.05, per_deg2_year=_FLARES)
def flare(since_day: Times, rise_day: Times, decline_day: Times) -> Times:
    """Flare of a cool star: up within minutes, down in a fast and a slow part (Davenport et al. 2014)."""
    after = np.maximum(since_day, 0.0) / decline_day
    fading = 0.7 * np.exp(-1.6 * after) + 0.3 * np.exp(-0.28 * after)
    return np.where(since_day < 0, np.clip(1.0 + since_day / rise_day, 0.0, 1.0), fading)


def light_curve(transients: pd.DataFrame, time_mjd: float) -> Times:
    """Return the flux of each transient at a moment over its flux at maximum."""
    since = time_mjd - transients["peak_mjd"].to_numpy(dtype=np.float64)
    rise, decline = (transients[name].to_numpy(dtype=np.float64) for name in ("rise_day", "decline_day"))
    flux = np.zeros(len(transients))
    for kind in TRANSIENTS:
        rows = (transients["transient_kind"] == kind).to_numpy()
        flux[rows] = TRANSIENTS[kind](since[rows], rise[rows], decline[rows])
    return flux


def draw_kinds(number: int, shares: Mapping[str, float], rng: np.random.Generator) -> pd.DataFrame:
    """Return ``transient_kind place rise_day decline_day`` of ``number`` transients.

    Parameters
    ----------
    number : int
    shares : mapping
        Kind to its weight; empty takes the shares of the registry.
    rng : Generator
    """
    used = dict(shares) or {kind: TRANSIENTS.metadata(kind)["share"] for kind in TRANSIENTS}
    weights = np.array(list(used.values()), dtype=np.float64)
    kinds = rng.choice(list(used), number, p=weights / weights.sum())
    known = {kind: TRANSIENTS.metadata(kind) for kind in used}
    scatter = np.exp(rng.normal(0.0, _TIME_SPREAD, (2, number)))
    return pd.DataFrame(
        {
            "transient_kind": kinds,
            "place": [known[kind]["place"] for kind in kinds],
            "rise_day": [known[kind]["rise_day"] for kind in kinds] * scatter[0],
            "decline_day": [known[kind]["decline_day"] for kind in kinds] * scatter[1],
        }
    )


def faults_of_shares(shares: Mapping[str, float]) -> Iterator[str]:
    """Yield a fault for each share of an unknown kind, or that cannot be a share."""
    for kind, share in shares.items():
        if kind not in TRANSIENTS:
            yield f"transient_shares names {kind!r}; allowed: {', '.join(TRANSIENTS)}"
        elif share < 0:
            yield f"transient_shares.{kind} is {share}, must be at least 0"
    if shares and not sum(shares.values()) > 0:
        yield "transient_shares are all 0, one must be above 0"
