"""``nightsift table --packages``: model packages side by side, as Markdown; a table for each of `KINDS`."""

import logging
import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from commands.table import grid
from pipeline.classes import REGRESSOR, STACK
from pipeline.errors import MissingInputError, NightsiftError
from pipeline.io.packages.named_packages import package_folder
from pipeline.io.packages.package_content import CONTENT, read_package
from pipeline.redaction import shown

log = logging.getLogger(__name__)

MERITS: Final = ("auc", "mdr_at_fpr_1pc", "fpr_at_mdr_1pc", "mcc", "plain_ece")
CLASS_MERITS: Final = ("macro_f1", "accuracy", "macro_recall", "log_loss", "plain_ece")
VALUE_MERITS: Final = ("sigma_nmad", "bias", "outliers", "crps", "cde_loss", "pit_ks")
"""Metrics of validation rows that are shown, of two classes, of more, of a regressor; the best of the first leads."""

FORMER_NAMES: Final = {"plain_ece": "ece"}
"""What metrics were called in packages of before."""


@dataclass(frozen=True, kw_only=True)
class PackageKind:
    """Packages that have a table of their own.

    Attributes
    ----------
    holds : callable
        Whether a package is one of them, by its ``package.json``.
    own : dict of str to callable
        What stands between the input and the metrics, by its heading: the text of a package.
    merits : tuple of str
        The metrics that are shown; the package with the largest value of the first comes first.
    least_first : bool
        Whether, on the contrary, that with the smallest comes first.
    """

    holds: Callable[[Mapping[str, Any]], bool]
    own: Mapping[str, Callable[[Mapping[str, Any]], str]]
    merits: tuple[str, ...]
    least_first: bool = False

    @property
    def head(self) -> list[str]:
        """The headings of the table."""
        return ["package", "survey", *INPUT, *self.own, *self.merits]

    def row(self, values: Mapping[str, Any]) -> list[str]:
        """Return the cells of a package by what its ``package.json`` says; ``-`` where it says nothing."""
        named = [str(values["name"]), str(values["input"]["survey"])]
        merits = (_merit(values, name) for name in self.merits)
        cells = ["-" if value is None else f"{value:.4f}" for value in merits]
        return [*named, *_input_and_weights(values), *(words(values) for words in self.own.values()), *cells]

    def order(self, values: Mapping[str, Any]) -> tuple[float, str]:
        """Return by what the packages are sorted."""
        first = _merit(values, self.merits[0])
        sign = 1.0 if self.least_first else -1.0
        return (math.inf if first is None else sign * first, str(values["name"]))


def package_table(places: Sequence[str]) -> int:
    """Print the packages in folders, those of each of `KINDS` in a table of their own.

    A package that cannot be read is named and left out.

    Parameters
    ----------
    places : sequence of str
        Packages by folder or name, or folders in which packages are looked for, at any depth.

    Raises
    ------
    MissingInputError
        If there is no package in one of them.
    """
    folders = [folder for place in places for folder in _packages(package_folder(place))]
    read = [values for folder in dict.fromkeys(folders) if (values := _values(folder)) is not None]
    for kind in KINDS:
        found = sorted(filter(kind.holds, read), key=kind.order)
        if found:
            sys.stdout.writelines(f"{shown(line)}\n" for line in grid(kind.head, map(kind.row, found)))
    return 0 if len(read) == len(set(folders)) else 1


def _input_and_weights(values: Mapping[str, Any]) -> list[str]:
    contract, weights = values["input"], values.get("parameters")
    return [
        " ".join([*contract["channels"], *(values.get("metadata") or {}).get("columns", [])]),
        str(contract["size_pixel"]),
        _made_of(values),
        "-" if weights is None else f"{weights:,}",
    ]


def _threshold(values: Mapping[str, Any]) -> str:
    threshold = values["thresholds"].get(values["threshold_rule"])
    return "-" if threshold is None else f"{values['threshold_rule']} {threshold:.3f}"


def _merit(values: Mapping[str, Any], name: str) -> float | None:
    metrics = values.get("metrics", {})
    found = metrics.get(name, metrics.get(FORMER_NAMES.get(name, name)))
    return None if found is None else float(found)


def _made_of(values: Mapping[str, Any]) -> str:
    """Return the normalisation of a network, or what a package without one is made of."""
    if values.get("family") == STACK:
        return f"stack of {len(values['members'])}"
    if values.get("family") == REGRESSOR:
        return str(values["regressor"])
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


INPUT: Final = ("channels", "pixels", "normalisation", "weights")
KINDS: Final = (
    PackageKind(
        holds=lambda values: len(values.get("classes") or ()) <= 2 and values.get("family") != REGRESSOR,
        own={"threshold": _threshold},
        merits=MERITS,
    ),
    PackageKind(
        holds=lambda values: len(values.get("classes") or ()) > 2,
        own={"classes": lambda values: " ".join(map(str, values["classes"]))},
        merits=CLASS_MERITS,
    ),
    PackageKind(
        holds=lambda values: values.get("family") == REGRESSOR,
        own={"bins": lambda values: str(len(values["edges"]) - 1)},
        merits=VALUE_MERITS,
        least_first=True,
    ),
)
"""The tables in their order."""
