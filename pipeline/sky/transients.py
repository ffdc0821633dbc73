"""Transients of a field: which kinds, where, and when each is brightest.

Tested by tests/pipeline/sky/test_field.py.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from astropy.wcs import WCS
from numpy.typing import NDArray

from pipeline.sky.grid import GridSettings
from pipeline.sky.places import counted, put_beside, scattered
from pipeline.sky.ranges import SHARE, above, at_least
from pipeline.sky.transient_kinds import draw_kinds, faults_of_shares
from pipeline.sky.visible import visible_spans, within_spans
from pipeline.sky.visits import Visit

_SMALLEST_OFFSET = 0.05
"""Of transients in the light of a host, in half-light radii; those of nuclei have a kind of their own."""

_FLARE_STAR_MAGNITUDE = 17.0
"""Flares are drawn on constant stars fainter than this, as long as there are any."""


@dataclass(frozen=True, kw_only=True)
class TransientSettings(GridSettings):
    """How many transients a field has, of which kinds and how bright.

    Attributes
    ----------
    transients : int
        Transients of a field over all nights.
    transient_shares : mapping of str to float
        Weight of each kind, such as ``{supernova: 1, flare: 2}``; empty: the default shares of
        docs/synthetic.md#transients.
    transient_bright_magnitude : float, in mag
        Brightest, at maximum.
    transient_faint_magnitude : float, in mag
        Faintest, at maximum.
    transient_slope : float, in 1/mag
        Slope of log10 N with magnitude.
    hosted_share : float
        Of the transients of kinds that lie off the centre of a galaxy, the share that is put into one of the field's;
        the hosts of the others are too faint to be seen.
    """

    transients: int = field(default=56, metadata=at_least(0))
    transient_shares: Mapping[str, float] = field(default_factory=dict)
    transient_bright_magnitude: float = 16.5
    transient_faint_magnitude: float = 20.7
    transient_slope: float = field(default=0.15, metadata=above(0))
    hosted_share: float = field(default=0.8, metadata=SHARE)

    def faults(self) -> Iterator[str]:
        """Yield each fault, those of the shares among them."""
        yield from super().faults()
        yield from faults_of_shares(self.transient_shares)


def draw_transients(
    settings: TransientSettings,
    wcs: WCS,
    field: int,
    rng: np.random.Generator,
    galaxies: pd.DataFrame,
    stars: pd.DataFrame,
    visits: list[Visit],
) -> pd.DataFrame:
    """Return transients of all kinds: in galaxies, at their centres, on stars, and far from anything.

    Parameters
    ----------
    settings : TransientSettings
    wcs : WCS
        Of the field.
    field : int
    rng : Generator
    galaxies, stars : DataFrame
        Possible parents.
    visits : list of Visit
        Those in which the transients may be seen.

    Returns
    -------
    transients : DataFrame
        As :class:`~pipeline.sky.field.Field` describes it.
    """
    magnitudes = counted(
        rng,
        settings.transients,
        settings.transient_bright_magnitude,
        settings.transient_faint_magnitude,
        settings.transient_slope,
    )
    kinds = draw_kinds(settings.transients, settings.transient_shares, rng)
    table = pd.concat([scattered(settings, wcs, rng, f"transient-{field}", magnitudes), kinds], axis=1)
    table = table.assign(host_id="", host_offset_arcsec=np.nan, peak_mjd=_maxima(kinds, visits, rng))
    _put_into_hosts(table, galaxies, settings.hosted_share, rng)
    _put_onto_stars(table, stars, rng)
    return table


def _maxima(kinds: pd.DataFrame, visits: list[Visit], rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the MJD of each maximum, any time so near a night that the transient shows in it."""
    times = kinds[["rise_day", "decline_day"]].itertuples(index=False, name=None)
    shares = rng.random(len(kinds))
    spans = (visible_spans(visits, rise_day, decline_day) for rise_day, decline_day in times)
    return np.array([within_spans(span, share) for span, share in zip(spans, shares, strict=True)], dtype=np.float64)


def _put_into_hosts(table: pd.DataFrame, galaxies: pd.DataFrame, hosted_share: float, rng: np.random.Generator) -> None:
    """Put those that belong to galaxies into them, in place; the hosts of some are too faint to be seen."""
    is_nuclear = (table["place"] == "nucleus").to_numpy()
    rows = is_nuclear | ((table["place"] == "host") & (rng.random(len(table)) < hosted_share)).to_numpy()
    if not len(galaxies) or not rows.any():
        return
    hosts = galaxies.iloc[rng.integers(0, len(galaxies), rows.sum())]
    radii = np.where(is_nuclear[rows], 0.0, _SMALLEST_OFFSET + rng.gamma(2.0, 0.45, rows.sum()))
    offset = radii * hosts["half_light_arcsec"].to_numpy()
    put_beside(table, rows, hosts, offset, rng.uniform(0.0, 2.0 * np.pi, rows.sum()))
    table.loc[rows, "host_id"], table.loc[rows, "host_offset_arcsec"] = hosts["source_id"].to_numpy(), offset


def _put_onto_stars(table: pd.DataFrame, stars: pd.DataFrame, rng: np.random.Generator) -> None:
    """Put flares onto stars, in place."""
    rows = (table["place"] == "star").to_numpy()
    faint = stars[stars["magnitude"] > _FLARE_STAR_MAGNITUDE]
    parents = faint if len(faint) else stars
    if len(parents) and rows.any():
        chosen = parents.iloc[rng.integers(0, len(parents), rows.sum())]
        put_beside(table, rows, chosen, np.zeros(len(chosen)), np.zeros(len(chosen)))
