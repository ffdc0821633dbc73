"""Writes the tables of settings in ``docs``: every key of a settings file, from the class that declares it.

Run ``python -m tests.configuration_page`` after changing a field of a settings class or its Attributes section. Key,
type, default and range are those of the dataclass; unit and meaning stand in the docstring as numpydoc has them::

    exposure_s : float, in s
        Exposure time.

A table lies between ``<!-- settings: Name -->`` and ``<!-- end -->`` in a page; the text around it is written by
hand. A class of settings shows the keys that it declares itself, not those of its bases.
"""

import dataclasses
import inspect
import re
import textwrap
import types
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from models.recipes.classifier import ClassifierRecipe
from models.recipes.regressor import RegressorRecipe
from models.recipes.search_spaces import SearchSpace
from models.recipes.stack import StackRecipe
from pipeline.features.cuts import FeatureCut
from pipeline.fingerprint import results_of
from pipeline.io.legacy.load import STAMP_SETS
from pipeline.labels import LABEL_PROVIDERS
from pipeline.labels.cleaning import CLEANERS
from pipeline.recipes.dataset import DatasetRecipe
from pipeline.recipes.draws import DrawSettings, allowed_draw
from pipeline.recipes.report import ReportRecipe
from pipeline.recipes.simulation import SimulationRecipe
from pipeline.report.binary.gate_rules import GateRules
from pipeline.sky.grid import GridSettings
from pipeline.sky.ranges import upper_of
from pipeline.surveys.load import SURVEYS
from pipeline.surveys.settings import SurveySettings
from pipeline.triplets.artefacts import ARTEFACTS

PAGES = [Path(__file__).resolve().parents[1] / "docs" / name for name in ("configuration.md", "artefacts.md")]
FILES = (
    SurveySettings,
    DatasetRecipe,
    SimulationRecipe,
    ClassifierRecipe,
    StackRecipe,
    RegressorRecipe,
    SearchSpace,
    GateRules,
    ReportRecipe,
)
"""What a whole file of ``config`` is parsed into."""
OF_CLASSIFIERS = (FeatureCut,)
"""What the ``settings`` of classifiers are parsed into."""
REGISTRIES = (SURVEYS, LABEL_PROVIDERS, CLEANERS, STAMP_SETS, ARTEFACTS)
"""Whose entries say what the mappings in such a file are parsed into."""
RANGE = (float, float)
WIDTH = 120
"""Of the lines of a page, but for its tables."""
HEAD = "| key | type | unit | default | meaning |\n|---|---|---|---|---|\n"
WORDS = {str: "text", int: "whole number", float: "number", bool: "true or false", object: "value"}
DECISIONS = {
    "choice of recipes": "no result by itself: the recipes that it names do",
    "labelling": (
        "which label tables are frozen, labels, groups, the flag `BORDERLINE_LABEL` and which rows stay, and so every "
        "result from `FetchCutouts` on; pixels are taken from an earlier cutout file if the survey cuts images and "
        "no row is dropped by its labels"
    ),
    "report": "only the report",
    "packages for it": "packages whose recipe names them, by `calibrated_to` or the threshold rule `budget`",
    "scores": (
        "the column `release` of scores, and the identity and the folder of what `Infer`, `ScoreFolds`, "
        "`ScoreObjects` and `PlotResults` make; it changes no number"
    ),
    "classes after the classifier": (
        "the class that `Infer` decides on, and what is made of its scores; nothing is trained anew"
    ),
    "write-back": "only what `WriteBackScores` writes",
    "scores by features": "the scores of packages that measure features; nothing is trained anew",
    "ephemeris of skybot": "results only with `source: skybot`",
    "ephemeris of orbits": "results only with `source: orbits`",
    "catalogue of orbits": "results only with `source: orbits`, from the catalogue of `FetchOrbitCatalogue` on",
}
"""What follows "decides" where a field names this as the only result that it decides."""


def settings_classes() -> dict[str, type]:
    """Return each class with keys that a settings file can reach, by its name."""
    entries = [registry.metadata(name)["settings"] for registry in REGISTRIES for name in registry]
    found: dict[str, type] = {}
    for kind in (*FILES, *OF_CLASSIFIERS, *entries):
        _collect(kind, found)
    return found


def own_fields(kind: type) -> "list[dataclasses.Field[Any]]":
    """Return the fields that a dataclass declares itself."""
    return [field for field in dataclasses.fields(kind) if field.name in vars(kind).get("__annotations__", {})]


def attributes(kind: type) -> dict[str, tuple[str, str]]:
    """Return unit and meaning of each key in a class's own Attributes section; of several in one entry, the same."""
    doc = inspect.cleandoc(kind.__doc__ or "")
    section = re.search(r"^Attributes\n-+\n(.*?)(?=\n\n\w+\n-+\n|\Z)", doc, re.S | re.M)
    entries = re.findall(r"^(\w[\w, ]*?) : (.+)\n((?:    .*(?:\n|\Z)|\n)*)", section[1] if section else "", re.M)
    return {
        name: (type_and_unit.partition(", in ")[2], " ".join(meaning.split()))
        for names, type_and_unit, meaning in entries
        for name in names.split(", ")
    }


def table(kind: type) -> str:
    """Return the table of the keys that a class declares, and what of them decides no result."""
    told, hints = attributes(kind), typing.get_type_hints(kind)
    rows = []
    for field in own_fields(kind):
        unit, meaning = told[field.name]
        if allowed := allowed_of(kind, field):
            meaning = f"{meaning.removesuffix('.')}; {allowed}."
        hint = hints[field.name]
        cells = [f"`{field.name}`", _words(hint), unit, shown_default(field, hint), _markdown(meaning)]
        rows.append(f"| {' | '.join(cells)} |\n".replace("|  |", "| |"))
    return HEAD + "".join(rows) + "".join(f"\n{line}\n" for line in _what_they_decide(kind))


def allowed_of(kind: type, field: "dataclasses.Field[Any]") -> str:
    """Return what a key may be, as its class states it for more than one key; empty where the docstring says it."""
    said = [str(field.metadata["allowed"])] if "allowed" in field.metadata else []
    if issubclass(kind, DrawSettings) and not said:
        said.append(allowed_draw(field.name, field.default))
    if issubclass(kind, GridSettings):
        names = [other.name for other in dataclasses.fields(kind)]
        said += [f"not below `{low}`" for low in names if upper_of(low) == field.name != low]
    return ", ".join(said)


def shown_default(field: "dataclasses.Field[Any]", hint: Any) -> str:
    """Return a default as a settings file would state it, ``required``, ``none`` or ``empty``."""
    if field.default_factory is not dataclasses.MISSING:
        value = field.default_factory()
    elif field.default is dataclasses.MISSING:
        return "required"
    else:
        value = field.default
    if dataclasses.is_dataclass(value):
        return "its defaults"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return f"{value:g}"
    if isinstance(value, tuple):
        parts = [f"{part:g}" if isinstance(part, float) else str(part) for part in value]
        return (" to " if typing.get_args(hint) == RANGE else ", ").join(parts) or "empty"
    return "none" if value is None else "empty" if value in ("", {}) else str(value)


def page(text: str) -> str:
    """Return a page with its tables made anew.

    Raises
    ------
    KeyError
        If it names no class of settings, or the docstring of one lacks a key.
    """
    classes = settings_classes()
    return re.sub(
        r"<!-- settings: (\w+) -->\n.*?<!-- end -->",
        lambda found: f"<!-- settings: {found[1]} -->\n{table(classes[found[1]])}<!-- end -->",
        text,
        flags=re.S,
    )


def classes_without_table(*texts: str) -> list[str]:
    """Return the names of the classes of settings that have no table in any of the pages."""
    shown = {name for text in texts for name in re.findall(r"<!-- settings: (\w+) -->", text)}
    return [name for name in settings_classes() if name not in shown]


def _collect(hint: Any, found: dict[str, type]) -> None:
    """Put a class of settings, its bases and the classes of its fields into ``found``."""
    if not (isinstance(hint, type) and dataclasses.is_dataclass(hint)):
        for argument in typing.get_args(hint):
            _collect(argument, found)
        return
    if hint.__name__ in found:
        return
    for kind in reversed(hint.__mro__):
        if dataclasses.is_dataclass(kind) and own_fields(kind):
            found[kind.__name__] = kind
    for field_hint in typing.get_type_hints(hint).values():
        _collect(field_hint, found)


def _words(hint: Any, plural: str = "") -> str:
    """Return in words what a type allows."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal:
        return _listed([f"`{choice}`" if choice != "" else "empty" for choice in arguments], "or")
    if origin in (typing.Union, types.UnionType):
        choices = [
            choice for choice in arguments if choice is not type(None) and (choice is not int or float not in arguments)
        ]
        return " or ".join(_words(choice, plural) for choice in choices)
    if origin is tuple:
        return "range" if arguments == RANGE else f"list{plural} of {_words(arguments[0], 's')}"
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return f"mapping{plural}" + ("" if arguments[1] in (object, Any) else f" to {_words(arguments[1], 's')}")
    if dataclasses.is_dataclass(hint):
        return f"[{hint.__name__}](#{hint.__name__.lower()})"
    return WORDS[hint] + plural


def _markdown(text: str) -> str:
    """Return the text of a docstring as the page has it: code, and links to pages and classes."""
    text = re.sub(r"(?<!`)`([A-Z]\w+)`(?!`)", _reference, text).replace("``", "`")
    text = re.sub(r"docs/configuration\.md#([\w-]+)", r"[\1](#\1)", text)
    return re.sub(r"docs/(\w+\.md)(#[\w-]+)?", lambda found: f"[{found[1]}]({found[1]}{found[2] or ''})", text)


def _reference(found: "re.Match[str]") -> str:
    return f"[{found[1]}](#{found[1].lower()})" if found[1] in settings_classes() else found[0]


def _what_they_decide(kind: type) -> Iterator[str]:
    """Yield a line for the keys of a class that decide no result, and one for those that decide only some."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for field in own_fields(kind):
        results = results_of(field)
        if results is not None:
            groups.setdefault(results, []).append(f"`{field.name}`")
    for results, names in groups.items():
        verb = "decides" if len(names) == 1 else "decide"
        line = f"{_listed(names, 'and')} {verb} {'; '.join(DECISIONS[name] for name in results) or 'no result'}."
        yield textwrap.fill(line, WIDTH, break_long_words=False, break_on_hyphens=False)


def _listed(names: list[str], word: str) -> str:
    """Return ``a, b and c``."""
    return f" {word} ".join([*([", ".join(names[:-1])] if names[1:] else []), names[-1]])


if __name__ == "__main__":
    for path in PAGES:
        path.write_text(page(path.read_text(encoding="utf-8")), encoding="utf-8")
