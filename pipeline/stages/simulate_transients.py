"""Simulation of one night, as the recipe says: into images, into stamps, or of movers and galaxies.

Tested by tests/pipeline/stages/test_simulate_image_pairs.py.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pipeline.errors import SettingsError
from pipeline.recipes.simulation import SimulationRecipe
from pipeline.stages.simulate_images import simulate_images
from pipeline.stages.simulate_movers import simulate_movers
from pipeline.stages.simulate_stamps import simulate_stamps
from pipeline.surveys.base import Survey


def simulate_night(
    path: Path,
    survey: Survey,
    *,
    name: str,
    night: str,
    recipe: SimulationRecipe,
    cutouts: Path,
    manifest: Mapping[str, Any],
    provenance: Mapping[str, Any],
    progress: Callable[[float, str], None],
    processes: int = 1,
) -> None:
    """Write the night's simulated rows as a cutout file with its truth table."""
    if recipe.stamps:
        simulate_stamps(path, recipe=recipe, night=night, cutouts=cutouts, provenance=provenance, progress=progress)
        return
    if recipe.movers:
        simulate_movers(
            path,
            survey,
            name=name,
            night=night,
            recipe=recipe,
            cutouts=cutouts,
            manifest=manifest,
            provenance=provenance,
            progress=progress,
        )
        return
    if not survey.has_images:
        raise SettingsError(f"survey {name!r} has no images: choose a simulation recipe with 'stamps'")
    simulate_images(
        path,
        survey,
        name=name,
        night=night,
        recipe=recipe,
        cutouts=cutouts,
        manifest=manifest,
        provenance=provenance,
        progress=progress,
        processes=processes,
    )
