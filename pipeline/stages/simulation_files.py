"""The files that a simulation recipe names: what they hold is part of what the result is."""

import re
from pathlib import Path

from pipeline.io.tables.catalogue_file import catalogue_path
from pipeline.recipes.simulation import SimulationRecipe

PLACEHOLDER = re.compile(r"\{(\w+)\}")
"""A column of the exposure in the path of a file."""


def simulation_files(recipe: SimulationRecipe, night: str, folder: Path | None) -> dict[str, Path]:
    """Return the files that a simulation of a night may read, by the names under which they are known.

    Parameters
    ----------
    recipe : SimulationRecipe
    night : str
        Its date, which fills ``{night}`` in the paths of PSF files; any other name in braces stands for all
        that is there.
    folder : Path or None
        Where relative paths of PSF files start; None where there are none.
    """
    images, movers = recipe.images, recipe.movers
    named = [images.magnitude_file if images else ""]
    named += [part.hosts.file for part in (images, movers) if part and part.hosts]
    found = {text: catalogue_path(text) for text in named if text}
    if images and "file" in images.psf.sources:
        for text in (images.psf.file, images.psf.template_file):
            found |= {str(path): path for path in _matching(text.replace("{night}", night), folder)}
    return found


def _matching(text: str, folder: Path | None) -> list[Path]:
    pattern = Path(PLACEHOLDER.sub("*", text))
    start = Path(pattern.anchor) if pattern.is_absolute() else folder
    if not text or start is None:
        return []
    relative = pattern.relative_to(start) if pattern.is_absolute() else pattern
    return sorted(path for path in start.glob(str(relative)) if path.is_file())
