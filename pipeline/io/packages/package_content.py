"""Opens a model package on disk, after every file is found as written and every value within its range."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pipeline.classes import REGRESSOR, STACK
from pipeline.errors import IncompatiblePackageError, InputError, MissingInputError
from pipeline.io.files.digests import is_there
from pipeline.io.packages.package_values import check_values
from pipeline.io.results.commit import verified_digests

SCHEMA: Final = 1
"""Version of ``package.json`` of a trained model; a reader refuses another one."""

STACK_SCHEMA: Final = 2
"""Version of ``package.json`` of a stack, which versions before stacks refuse by it."""

REGRESSOR_SCHEMA: Final = 3
"""Version of ``package.json`` of a regressor, which versions before regressors refuse by it."""

_SCHEMAS: Final[Mapping[object, int]] = {STACK: STACK_SCHEMA, REGRESSOR: REGRESSOR_SCHEMA}
"""By the family of the package; any other is a trained model."""

CONTENT: Final = "package.json"


@dataclass(frozen=True, kw_only=True)
class PackageContent:
    """A package's description of itself, and the digests of its files.

    Attributes
    ----------
    values : mapping
        Content of ``package.json``.
    digests : mapping of str to str
        The sha256 of each file by name, each as the manifest states it.
    """

    values: Mapping[str, Any]
    digests: Mapping[str, str]


def read_package(folder: Path) -> PackageContent:
    """Return what a package says, after all of its files and values were checked.

    Parameters
    ----------
    folder : Path
        The package, as ``TrainClassifier`` commits it.

    Raises
    ------
    MissingInputError
        If there is no package, or no manifest by which to check it, or a file of it is missing.
    InputError
        If a file was changed or added after the package was written, or a value is out of range; it is named.
    IncompatiblePackageError
        If the package is of another schema.
    """
    file = folder / CONTENT
    if not is_there(file):
        raise MissingInputError(f"no model package in {folder}: {_why_none(folder)}")
    digests = verified_digests(folder)
    values = _values(file)
    known = _SCHEMAS.get(str(values.get("family")), SCHEMA)
    if values.get("schema") != known:
        raise IncompatiblePackageError(
            f"{file} has schema {str(values.get('schema'))[:60]}; this version reads {known}"
        )
    check_values(values, str(file))
    _check_files(folder, values["files"], digests)
    return PackageContent(values=values, digests=digests)


def _why_none(folder: Path) -> str:
    """Return why there is no package: most often the path is mistyped, or leads to a file of the package."""
    if is_there(folder):
        return f"it is a file; allowed: the folder that holds {CONTENT}"
    try:
        return f"{CONTENT} is missing" if folder.is_dir() else "there is no such folder"
    except OSError as error:  # a name that is too long, above all
        return f"there is no such folder ({error.strerror})"


def _values(file: Path) -> dict[str, Any]:
    try:
        values = json.loads(file.read_bytes())
    except (ValueError, RecursionError) as error:
        raise InputError(f"{file} is not JSON: {error}; train again") from None
    if not isinstance(values, dict):
        raise InputError(f"{file} holds a {type(values).__name__}; allowed: an object; train again")
    return values


def _check_files(folder: Path, stated: Mapping[str, str], digests: Mapping[str, str]) -> None:
    """Refuse model files that are not those for which ``package.json`` was written, whatever the manifest says."""
    for name, digest in stated.items():
        found = digests.get(name)
        if found is None:
            raise MissingInputError(f"no model package in {folder}: {name} is missing")
        if found != digest:
            raise InputError(
                f"{folder / name} was changed after it was written: sha256 {found[:12]}, {CONTENT} says {digest[:12]}"
            )
