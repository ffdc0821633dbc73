"""How many sources of each kind lie in a field, if the settings give the rates of a real sky.

Tested by tests/pipeline/sky/test_rates.py.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from pipeline.sky.galaxies import GalaxySettings
from pipeline.sky.movers import MoverSettings
from pipeline.sky.places import area_deg2
from pipeline.sky.rates import SkyRates
from pipeline.sky.stars import StarSettings
from pipeline.sky.transient_kinds import TRANSIENTS
from pipeline.sky.transients import TransientSettings
from pipeline.sky.variables import VariableSettings
from pipeline.sky.visible import visible_spans
from pipeline.sky.visits import Visit

_YEAR_DAY = 365.25


@dataclass(frozen=True, kw_only=True)
class CountSettings(MoverSettings, VariableSettings, TransientSettings, GalaxySettings, StarSettings):
    """How much of each kind a field holds.

    Attributes
    ----------
    rates : SkyRates or None
        Numbers per square degree of a real sky, which take the place of ``stars``, ``galaxies``, ``transients``,
        ``transient_shares``, ``variables``, ``agn`` and ``movers``.
    """

    rates: SkyRates | None = None


def at_rates(settings: CountSettings, visits: Iterable[Visit], rng: np.random.Generator) -> CountSettings:
    """Return the settings of one field with numbers drawn from its rates, or as they are where it has none.

    Parameters
    ----------
    settings : CountSettings
    visits : iterable of Visit
        Those of the field, which decide for how long a transient of each kind can be seen at all.
    rng : Generator
    """
    rates = settings.rates
    if rates is None:
        return settings
    area = area_deg2(settings)
    yearly = rates.of_transients(settings.transient_bright_magnitude, settings.transient_faint_magnitude)
    nights = tuple(visits)
    expected = {kind: rate * area * _days_seen(kind, nights) / _YEAR_DAY for kind, rate in yearly.items()}
    total = sum(expected.values())
    return replace(
        settings,
        rates=None,
        stars=int(rng.poisson(rates.stars * area)),
        galaxies=int(rng.poisson(rates.galaxies * area)),
        variables=int(rng.poisson(rates.variables * area)),
        agn=int(rng.poisson(rates.agn * area)),
        movers=int(rng.poisson(rates.movers * area)),
        transients=int(rng.poisson(total)),
        transient_shares=expected if total else {},
    )


def _days_seen(kind: str, visits: tuple[Visit, ...]) -> float:
    """Return the number of days in which the maximum of a typical transient of a kind may fall."""
    known = TRANSIENTS.metadata(kind)
    return float(np.diff(visible_spans(visits, known["rise_day"], known["decline_day"])).sum())
