"""``nightsift import galaxy_config``: recipes out of the ``config.yaml`` of the galaxy-classification project.

Tested by tests/pipeline/io/legacy/test_galaxy_config.py.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import yaml

from pipeline.errors import InputError
from pipeline.io.legacy.base import one_path
from pipeline.io.legacy.galaxy_config import GalaxySettings, galaxy_settings
from pipeline.io.results.commit import commit
from pipeline.recipes.dataset import DatasetRecipe
from pipeline.settings import parse

GALAXY_CONFIG: Final = "galaxy_config"
"""The format's name on the command line."""
NIGHT: Final = "2000-01-01"
"""The night that a survey of images states, for they have no dates."""


def import_galaxy_config(paths: Sequence[Path], out: Path, survey: str) -> int:
    """Write ``datasets/SURVEY.yaml`` and ``classifiers/SURVEY.yaml`` into a new folder.

    Every key that has no counterpart stands as a comment, with the reason, at the top of the second.

    Parameters
    ----------
    paths : sequence of Path
        The one ``config.yaml``.
    out : Path
        The folder to make.
    survey : str
        Name of the survey, and of both recipes.

    Raises
    ------
    InputError
        If the folder is there already, or the file is none of that project.
    SettingsError
        If a value of the file is not allowed here.
    """
    from models.recipes.classifier import ClassifierRecipe

    path = one_path(paths, "a config.yaml")
    if out.exists():
        raise InputError(f"{out} exists; remove it or name another folder")
    found = galaxy_settings(path)
    dataset = {"survey": survey, "nights": [NIGHT], **found.dataset}
    parse(DatasetRecipe, dataset, str(path))
    ClassifierRecipe.from_mapping(found.classifier, str(path))

    def write(scratch: Path) -> None:
        _write(scratch / "datasets" / f"{survey}.yaml", f"The data set of {path.name}.", dataset)
        _write(scratch / "classifiers" / f"{survey}.yaml", _remarks(path, found), found.classifier)

    commit(out, write, directory=True)
    sys.stdout.write(f"{out}: datasets/{survey}.yaml, classifiers/{survey}.yaml; copy them below config\n")
    for key, why in found.not_mapped.items():
        sys.stdout.write(f"  {key}: {why}\n")
    return 0


def _remarks(path: Path, found: GalaxySettings) -> str:
    left_out = [f"{key}: {why}" for key, why in found.not_mapped.items()]
    return "\n".join([f"The network of {path.name}. Keys that were left out:", *left_out] if left_out else [path.name])


def _write(path: Path, remarks: str, content: Mapping[str, object]) -> None:
    """Write settings below comments."""
    path.parent.mkdir()
    comments = "".join(f"# {line}\n" for line in remarks.splitlines())
    path.write_text(comments + yaml.safe_dump(dict(content), sort_keys=False, allow_unicode=True), encoding="utf-8")
