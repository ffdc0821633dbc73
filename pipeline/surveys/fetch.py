"""One night from a survey into a cutout file: read, label, write, list what was lost."""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.errors import InputError, TooMuchLostError
from pipeline.io.content import frame_digest
from pipeline.io.cutout_file import CutoutHeader, CutoutWriter
from pipeline.io.label_file import read_labels
from pipeline.labels import ChainLink, apply_chain, parse_chain
from pipeline.surveys.base import Survey
from pipeline.surveys.settings import SurveySettings

log = logging.getLogger(__name__)


def header_of(name: str, settings: SurveySettings) -> CutoutHeader:
    """Return what the cutout files of a survey state."""
    return CutoutHeader(
        survey=name,
        channels=settings.channels,
        size_pixel=settings.cutout_size_pixel,
        pixel_scale_arcsec=settings.pixel_scale_arcsec,
        unit=settings.unit,
    )


def fetch_night(
    path: Path,
    survey: Survey,
    *,
    name: str,
    night: str,
    manifest: Mapping[str, Any],
    provenance: Mapping[str, Any],
    progress: Callable[[float, str], None],
) -> None:
    """Write the night's labelled cutouts, and fail when too many exposures are unusable.

    Raises
    ------
    TooMuchLostError
        If more than ``max_lost_fraction`` of the exposures were lost; the reasons are in the message.
    InputError
        If rows, files or label tables are no longer what was frozen.
    """
    chain = parse_chain(survey.settings.labels, f"surveys/{name}.yaml")
    tables = label_tables(survey, chain, night)
    _require_frozen(night, tables, manifest)
    total = lost = 0
    reasons: set[str] = set()
    with CutoutWriter(path, header_of(name, survey.settings), provenance) as writer:
        for batch in survey.read(night, manifest):
            total, lost = total + batch.exposures, lost + batch.lost
            reasons |= set(batch.dropped["reason"]) if batch.lost else set()
            if len(batch.candidates):
                writer.append(batch.cutouts, apply_chain(batch.candidates, chain, tables))
            writer.drop(batch.dropped)
            progress(-1, f"{writer.kept} cutouts of {total} exposures")
        writer.write_text("manifest", json.dumps({**manifest, "as_of": ""}, sort_keys=True))
        writer.provenance |= {"as_of": manifest.get("as_of", ""), "exposures": total, "exposures_lost": lost}
    log.info("night %s: kept %d cutouts, dropped %d, lost %d of %d exposures", night, writer.kept,
             sum(writer.dropped.values()), lost, total)  # fmt: skip
    require_enough(night, lost, total, survey.settings.max_lost_fraction, reasons)


def require_enough(night: str, lost: int, total: int, allowed: float, reasons: set[str]) -> None:
    """Raise `TooMuchLostError` when more than the allowed share of exposures was lost."""
    if total and lost / total > allowed:
        raise TooMuchLostError(
            f"night {night}: {lost} of {total} exposures are unusable; max_lost_fraction allows {allowed:g}. "
            + "; ".join(sorted(reasons)[:3])
        )


def label_tables(survey: Survey, chain: Sequence[ChainLink], night: str) -> dict[str, pd.DataFrame]:
    """Return the tables that a label chain reads, by `ChainLink.reads`, from the survey or from label files."""
    tables = {}
    for link in chain:
        if link.file:
            tables[link.reads] = read_labels(link.file)
        elif link.reads:
            tables[link.reads] = survey.reference(link.reads, night)
    return tables


def freeze_label_tables(survey: Survey, night: str) -> dict[str, dict[str, Any]]:
    """Return count and digest of each of the survey's own tables that its label chain reads."""
    chain = [link for link in parse_chain(survey.settings.labels, "the survey's labels") if not link.file]
    return {name: _frozen(table) for name, table in label_tables(survey, chain, night).items()}


def _frozen(table: pd.DataFrame) -> dict[str, Any]:
    return {"rows": len(table), "sha256": frame_digest(table)}


def _require_frozen(night: str, tables: Mapping[str, pd.DataFrame], manifest: Mapping[str, Any]) -> None:
    then = manifest.get("queries", {})
    for name in tables.keys() & then.keys():
        if _frozen(tables[name])["sha256"] != then[name]["sha256"]:
            raise InputError(
                f"night {night}: the label table {name!r} changed since the night was frozen "
                f"({then[name]['rows']} rows then, {len(tables[name])} now); use `nightsift refetch`"
            )
