"""Recipe of one simulation: into images, into cutouts, or of movers.

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
        Into cutouts, for surveys without images.
    movers : MoverSimulation or None
        Cutouts of known movers added to galaxies.

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
        stated = self._stated_kinds()
        if len(stated) != 1:
            raise SettingsError(
                f"give exactly one of 'images', 'stamps' and 'movers', not {' and '.join(stated) or 'none'}"
            )

    @property
    def kind(self) -> str:
        """Which kind of simulation is given, a name in :data:`~pipeline.stages.simulate_transients.SIMULATIONS`."""
        return self._stated_kinds()[0]

    def _stated_kinds(self) -> list[str]:
        kinds = [field.name for field in fields(self) if field.name != "seed"]
        return [name for name in kinds if getattr(self, name) is not None]
