"""Model packages that a report shows beside its classifiers; light to import, for planning asks it.

Tested by tests/pipeline/stages/test_scored_beside.py.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pipeline.classes import CLASS_NAMES, REGRESSOR, are_real_and_bogus
from pipeline.errors import SettingsError
from pipeline.io.packages.package_content import read_package

_TASK: Final = re.compile(r"^(CalibratePackage|ImportModel|TrainClassifier)-(?P<what>.+)-[0-9a-f]{12}$")
"""Names of folders that tasks gave packages: what reads well in a column is in the middle."""


@dataclass(frozen=True, kw_only=True)
class PackageBeside:
    """A package beside the classifiers of a report.

    Attributes
    ----------
    folder : Path
        The package.
    scores : Path
        Its scores of the judged rows.
    """

    folder: Path
    scores: Path


def columns_of(folders: Sequence[Path], taken: Collection[str]) -> dict[str, Path]:
    """Return packages by what their columns are called: the folder's name, without what tasks add to it.

    Parameters
    ----------
    folders : sequence of Path
        The packages.
    taken : collection of str
        What other columns of the report are called.

    Raises
    ------
    SettingsError
        If one has other classes than bogus and real, is named twice, or has no name of its own.
    MissingInputError, InputError, IncompatiblePackageError
        As raised by `read_package`.

    Examples
    --------
    >>> _name(Path("data/ztf/all/models/ImportModel-braai-0123456789ab"))
    'braai'
    """
    found: dict[str, Path] = {}
    short = [_name(folder) for folder in folders]
    for folder, name in zip(folders, short, strict=True):
        _require_scores(folder)
        column = folder.resolve().name if name in taken or short.count(name) > 1 else name
        if column in found or column in taken:
            raise SettingsError(
                f"--packages {folder}: another column of the report is called {column!r}; allowed: packages in folders "
                "of other names, each once"
            )
        found[column] = folder
    return found


def _name(folder: Path) -> str:
    name = folder.resolve().name
    matched = _TASK.match(name)
    return matched["what"] if matched else name


def _require_scores(folder: Path) -> None:
    values = read_package(folder).values
    classes = values.get("classes", ())
    if values.get("family") == REGRESSOR or not are_real_and_bogus(classes):
        given = "measures a number" if values.get("family") == REGRESSOR else f"tells apart {', '.join(classes)}"
        raise SettingsError(f"--packages {folder} {given}; allowed: packages that tell {' from '.join(CLASS_NAMES)}")
