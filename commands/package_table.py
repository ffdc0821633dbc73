"""``nightsift table --packages``: model packages side by side, as Markdown."""

import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from commands.table import grid
from pipeline.classes import STACK
from pipeline.errors import MissingInputError, NightsiftError
from pipeline.io.packages.package_content import CONTENT, read_package
from pipeline.redaction import shown

log = logging.getLogger(__name__)

MERITS: Final = ("auc", "mdr_at_fpr_1pc", "fpr_at_mdr_1pc", "mcc", "ece")
"""Metrics on the validation rows that are shown; the best AUC comes first."""
HEAD: Final = ("package", "survey", "channels", "pixels", "normalisation", "weights", "threshold", *MERITS)


def package_table(places: Sequence[str]) -> int:
    """Print a table of the packages in folders; one that cannot be read is named and left out.

    Parameters
    ----------
    places : sequence of str
        Packages, or folders in which packages are looked for, at any depth.

    Raises
    ------
    MissingInputError
        If there is no package in one of them.
    """
    folders = [folder for place in places for folder in _packages(Path(place))]
    read = [values for folder in dict.fromkeys(folders) if (values := _values(folder)) is not None]
    rows = map(row_of, sorted(read, key=_order))
    sys.stdout.writelines(f"{shown(line)}\n" for line in grid(list(HEAD), rows))
    return 0 if len(read) == len(set(folders)) else 1


def row_of(values: Mapping[str, Any]) -> list[str]:
    """Return the cells of a package by what its ``package.json`` says; ``-`` where it says nothing."""
    contract, metrics = values["input"], values.get("metrics", {})
    threshold = values["thresholds"].get(values["threshold_rule"])
    weights = values.get("parameters")
    return [
        str(values["name"]),
        str(contract["survey"]),
        " ".join([*contract["channels"], *(values.get("metadata") or {}).get("columns", [])]),
        str(contract["size_pixel"]),
        _made_of(values),
        "-" if weights is None else f"{weights:,}",
        "-" if threshold is None else f"{values['threshold_rule']} {threshold:.3f}",
        *("-" if metrics.get(name) is None else f"{metrics[name]:.4f}" for name in MERITS),
    ]


def _made_of(values: Mapping[str, Any]) -> str:
    """Return the normalisation of a network, or what a package without one is made of."""
    if values.get("family") == STACK:
        return f"stack of {len(values['members'])}"
    return "features" if values["external_features"] else str(values.get("normalisation", {}).get("name", "-"))


def _packages(place: Path) -> Iterator[Path]:
    """Yield the packages of a place; a member within the package of a stack is none by itself."""
    found = sorted(file.parent for file in place.rglob(CONTENT)) if place.is_dir() else []
    if not found:
        raise MissingInputError(f"{place} holds no model package: no {CONTENT} in it or below")
    yield from (folder for folder in found if not set(found) & set(folder.parents))


def _values(folder: Path) -> Mapping[str, Any] | None:
    try:
        return read_package(folder).values
    except NightsiftError as error:
        log.error("%s", error)
        return None


def _order(values: Mapping[str, Any]) -> tuple[float, str]:
    auc = values.get("metrics", {}).get("auc")
    return (-auc if auc is not None else 1.0, str(values["name"]))
