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

CLASS_MERITS: Final = ("macro_f1", "accuracy", "macro_auc", "log_loss", "ece")
"""Metrics on the validation rows of packages of more than two classes; the best macro F1 comes first."""
CLASS_HEAD: Final = ("package", "survey", "classes", "channels", "pixels", "normalisation", "weights", *CLASS_MERITS)


def package_table(places: Sequence[str]) -> int:
    """Print a table of the packages in folders, and one of those of more than two classes.

    A package that cannot be read is named and left out.

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
    two = [values for values in read if not _has_many_classes(values)]
    many = [values for values in read if _has_many_classes(values)]
    if two or not many:
        sys.stdout.writelines(f"{shown(line)}\n" for line in grid(list(HEAD), map(row_of, sorted(two, key=_order))))
    if many:
        rows = map(class_row_of, sorted(many, key=_class_order))
        sys.stdout.writelines(f"{shown(line)}\n" for line in grid(list(CLASS_HEAD), rows))
    return 0 if len(read) == len(set(folders)) else 1


def row_of(values: Mapping[str, Any]) -> list[str]:
    """Return the cells of a package by what its ``package.json`` says; ``-`` where it says nothing."""
    contract, metrics = values["input"], values.get("metrics", {})
    threshold = values["thresholds"].get(values["threshold_rule"])
    return [
        str(values["name"]),
        str(contract["survey"]),
        *_input_and_weights(values),
        "-" if threshold is None else f"{values['threshold_rule']} {threshold:.3f}",
        *("-" if metrics.get(name) is None else f"{metrics[name]:.4f}" for name in MERITS),
    ]


def class_row_of(values: Mapping[str, Any]) -> list[str]:
    """Return the cells of a package of more than two classes by what its ``package.json`` says."""
    metrics = values.get("metrics", {})
    return [
        str(values["name"]),
        str(values["input"]["survey"]),
        " ".join(map(str, values["classes"])),
        *_input_and_weights(values),
        *("-" if metrics.get(name) is None else f"{metrics[name]:.4f}" for name in CLASS_MERITS),
    ]


def _input_and_weights(values: Mapping[str, Any]) -> list[str]:
    contract, weights = values["input"], values.get("parameters")
    return [
        " ".join([*contract["channels"], *(values.get("metadata") or {}).get("columns", [])]),
        str(contract["size_pixel"]),
        _made_of(values),
        "-" if weights is None else f"{weights:,}",
    ]


def _has_many_classes(values: Mapping[str, Any]) -> bool:
    return len(values.get("classes") or ()) > 2


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


def _class_order(values: Mapping[str, Any]) -> tuple[float, str]:
    macro_f1 = values.get("metrics", {}).get("macro_f1")
    return (-macro_f1 if macro_f1 is not None else 1.0, str(values["name"]))
