"""Recipe of one simulation: into images, into stamps, or of movers.

Tested by tests/pipeline/stages/test_simulate_movers.py.
"""

from dataclasses import dataclass, fields

from pipeline.errors import SettingsError
from pipeline.recipes.injection import ImageSimulation
from pipeline.recipes.movers import MoverSimulation
from pipeline.recipes.stamps import StampSimulation


@dataclass(frozen=True, kw_only=True)
class SimulationRecipe:
    """One simulation, as ``config/simulations/<name>.yaml`` states it: exactly one of its kinds.

    Attributes
    ----------
    seed : int
        Decides everything that is drawn.
    images : ImageSimulation or None
        Into copies of images.
    stamps : StampSimulation or None
        Into stamps, for surveys without images.
    movers : MoverSimulation or None
        Stamps of known movers added to galaxies.

    Raises
    ------
    SettingsError
        If none of the kinds is given, or several.
    """

    seed: int = 1
    images: ImageSimulation | None = None
    stamps: StampSimulation | None = None
    movers: MoverSimulation | None = None

    def __post_init__(self) -> None:
        if len(self._given()) != 1:
            raise SettingsError("give exactly one of 'images', 'stamps' and 'movers'")

    @property
    def kind(self) -> str:
        """Which kind of simulation is given, a name in :data:`~pipeline.stages.simulate_transients.SIMULATIONS`."""
        return self._given()[0]

    def _given(self) -> list[str]:
        kinds = [field.name for field in fields(self) if field.name != "seed"]
        return [name for name in kinds if getattr(self, name) is not None]
