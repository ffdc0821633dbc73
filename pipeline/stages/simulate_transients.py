"""Simulation of one night, of the kind that its recipe asks for: in images, in cutouts, or of movers on galaxies.

Tested by tests/pipeline/stages/test_simulate_image_pairs.py.
"""

from pathlib import Path
from typing import Protocol

from pipeline.recipes.simulation import SimulationRecipe
from pipeline.registry import Registry
from pipeline.stages.night_job import NightJob


class Simulation(Protocol):
    """A kind of simulation: it writes a cutout file of the simulated rows, with their truth."""

    def __call__(self, path: Path, job: NightJob, *, recipe: SimulationRecipe, cutouts: Path) -> None:
        """Simulate a night that has been cut already."""


SIMULATIONS: Registry[Simulation] = Registry(
    "kind of simulation",
    homes={
        "images": "pipeline.stages.simulate_images",
        "movers": "pipeline.stages.simulate_movers",
        "stamps": "pipeline.stages.simulate_stamps",
    },
)
"""The kinds of simulation, by the key of their settings in a recipe; each is imported when it is asked for."""


def simulate_transients(path: Path, job: NightJob, *, recipe: SimulationRecipe, cutouts: Path) -> None:
    """Write the night's simulated rows as a cutout file with its truth table.

    Parameters
    ----------
    path : Path
        Cutout file to write.
    job : NightJob
        The night, and its frozen input.
    recipe : SimulationRecipe
        What is simulated.
    cutouts : Path
        The night's own cutout file.

    Raises
    ------
    SettingsError
        If the survey lacks what the kind of simulation needs.
    TooMuchLostError
        If more exposures are unusable than the survey allows.
    """
    SIMULATIONS[recipe.kind](path, job, recipe=recipe, cutouts=cutouts)
