"""The tables that label providers and cleaning filters read: read from the survey or from files, frozen, compared.

Tested by tests/pipeline/stages/test_relabelled_night.py.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

import pandas as pd

from pipeline.errors import InputError
from pipeline.io.results.night_manifest import Entry, Manifest
from pipeline.io.tables.catalogue_file import catalogue_path, read_columns
from pipeline.io.tables.label_file import read_labels
from pipeline.labels import EPHEMERIS, ChainLink, Reference, parse_chain
from pipeline.labels.cleaning import CleaningStep, parse_cleaning
from pipeline.surveys.manifests import entry, require_unchanged

if TYPE_CHECKING:  # which freezes its label tables with what is here
    from pipeline.surveys.base import AnySource

_ROWS: Final = ("exposures", "candidates")
"""What a manifest says of the rows of a survey with images; its other queries are label tables."""


def read_reference(survey: "AnySource", reference: Reference, night: str) -> pd.DataFrame:
    """Return the table that a reference names.

    Raises
    ------
    MissingInputError, InputError, SettingsError
        If the survey or the disk has no such table, or it lacks a column.
    """
    if reference.kind == "table":
        return survey.reference(reference.name, night)
    if reference.kind == "labels":
        columns, words = dict(reference.columns), dict(reference.words)
        return read_labels(reference.name, night, columns, words, survey.settings.class_names)
    path = catalogue_path(reference.name)
    if reference.kind == "exposures":
        return read_columns(path, dict(reference.columns), text=("exposure_id",))
    table = read_columns(path, dict(reference.columns), text=reference.texts, times=reference.times)
    missing = table[[name for name in table if name not in reference.texts + reference.times]].isna().any(axis=1)
    if missing.any():
        row = int(missing.to_numpy().argmax())
        raise InputError(f"{path}: row {row + 1}: a position is missing; allowed: a number")
    return table


def label_tables(
    survey: "AnySource",
    links: Sequence[ChainLink | CleaningStep],
    night: str,
    ephemeris: pd.DataFrame | None = None,
) -> dict[str, pd.DataFrame]:
    """Return what a label chain and cleaning read, by the key of each reference, from the survey or from files.

    Parameters
    ----------
    survey : Source
        The survey whose tables are read.
    links : sequence of ChainLink or CleaningStep
        The providers of the chain and the filters of cleaning.
    night : str
        The night, an ISO date.
    ephemeris : DataFrame, optional
        The table `EPHEMERIS`, which `FetchMovers` makes; the result lacks it if there is none.

    Raises
    ------
    MissingInputError, InputError, SettingsError
        As of `read_reference`.
    """
    tables = {} if ephemeris is None else {EPHEMERIS: ephemeris}
    for reference in _references(links):
        if reference.name != EPHEMERIS:
            tables[reference.key] = read_reference(survey, reference, night)
    return tables


def own_references(survey: "AnySource") -> list[Reference]:
    """Return the references to the survey's own tables."""
    links: list[ChainLink | CleaningStep] = [
        *parse_chain(survey.settings.labels, "the survey's labels", survey.settings.class_names),
        *parse_cleaning(survey.settings.cleaning, "the survey's cleaning"),
    ]
    return [reference for reference in _references(links) if reference.kind == "table" and reference.name != EPHEMERIS]


def freeze_label_tables(survey: "AnySource", night: str) -> dict[str, Entry]:
    """Return count and digest of each of the survey's own tables that its label chain and cleaning read."""
    return {reference.key: entry(read_reference(survey, reference, night)) for reference in own_references(survey)}


def with_label_tables(survey: "AnySource", night: str, manifest: Manifest) -> Manifest:
    """Return a manifest with the survey's own label tables as they are now, rows and images as they were frozen."""
    return {**manifest, "queries": {**manifest["queries"], **freeze_label_tables(survey, night)}}


def changed_label_tables(survey: "AnySource", night: str, manifest: Manifest) -> list[str]:
    """Return the names of the survey's own label tables that are no longer what a manifest froze."""
    then, now = manifest.get("queries", {}), freeze_label_tables(survey, night)
    return sorted(name for name in now if name in then and now[name]["sha256"] != then[name]["sha256"])


def changed_parts(survey: "AnySource", then: Manifest, now: Manifest) -> list[str]:
    """Return which of ``queries``, ``labels`` and ``files`` differ between two manifests of a night."""
    own = {reference.key for reference in own_references(survey)}
    both = (then["queries"], now["queries"])
    queries = [{name: stated for name, stated in entries.items() if name not in own} for entries in both]
    labels = [{name: stated for name, stated in entries.items() if name in own} for entries in both]
    parts = {"queries": queries, "labels": labels, "files": [then["files"], now["files"]]}
    return [name for name, (before, after) in parts.items() if before != after]


def require_frozen_tables(night: str, tables: Mapping[str, pd.DataFrame], manifest: Manifest) -> None:
    """Raise `ChangedInputError` if a label table is no longer what the manifest of the night froze."""
    then = manifest.get("queries", {})
    for name in tables.keys() & then.keys():
        require_unchanged(night, f"the label table {name!r}", then[name], entry(tables[name]))


def rows_and_images(manifest: Manifest) -> dict[str, object]:
    """Return what a manifest says of a night's rows and images, and nothing of label tables."""
    rows = {name: manifest["queries"].get(name) for name in _ROWS}
    return {"night": manifest["night"], "files": manifest["files"], "rows": rows}


@runtime_checkable
class KeepsTables(Protocol):
    """A survey whose reference tables are files."""

    def table_files(self, table: str, night: str) -> list[Path]:
        """Return the files that hold a reference table of a night."""


def label_files(survey: "AnySource", night: str) -> list[Path]:
    """Return the files that hold the survey's own tables that its label chain and cleaning read; a server has none."""
    if not isinstance(survey, KeepsTables):
        return []
    return [path for reference in own_references(survey) for path in survey.table_files(reference.name, night)]


def table_places(survey: "AnySource", links: Sequence[ChainLink | CleaningStep], night: str) -> dict[str, str]:
    """Return the files of the survey's own tables by the key of each reference, as messages name them."""
    if not isinstance(survey, KeepsTables):
        return {}
    own = [reference for reference in _references(links) if reference.kind == "table" and reference.name != EPHEMERIS]
    files = {reference: survey.table_files(reference.name, night) for reference in own}
    return {each.key: f"{each.name} in {', '.join(map(str, paths))}" for each, paths in files.items() if paths}


def _references(links: Sequence[ChainLink | CleaningStep]) -> list[Reference]:
    return list({reference.key: reference for link in links for reference in link.reads.values()}.values())
