"""The files that a simulation recipe names: their content is part of the identity of the result."""

import re
from pathlib import Path

from pipeline.io.tables.catalogue_file import catalogue_path
from pipeline.recipes.simulation import SimulationRecipe

PLACEHOLDER = re.compile(r"\{(\w+)\}")
"""The name of a column of the exposure, in the path of a file."""


def simulation_files(recipe: SimulationRecipe, night: str, folder: Path | None) -> dict[str, Path]:
    """Return the files that a simulation of a night may read, by the names that identify them.

    Parameters
    ----------
    recipe : SimulationRecipe
        The recipe that names the files.
    night : str
        The date that replaces ``{night}`` in the paths of PSF files; any other name in braces matches every file.
    folder : Path or None
        The folder that relative paths of PSF files start from; None if there is none.
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
