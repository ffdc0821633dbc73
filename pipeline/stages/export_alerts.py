"""Scored alert packets: an Avro file of what is known of each candidate and of what a model said of it."""

import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.io.results.cutout_file import CutoutFile, open_cutouts
from pipeline.io.results.score_blocks import score_names
from pipeline.io.results.scores_file import scores_provenance
from pipeline.scores.ranking import flag_names
from pipeline.stages.export_probabilities import ScoredRows
from pipeline.stages.scored_files import ROW, of_part

SCHEMA_VERSION: Final = "1"
_TEXTS: Final = ("telescope", "detector", "band")
_NUMBERS: Final = (
    "time_mjd", "ra_deg", "dec_deg", "x_pixel", "y_pixel", "magnitude", "magnitude_error", "fwhm_pixel", "snr",
)  # fmt: skip
_SYNC: Final = b"nightsift-scored"


def export_alerts(path: Path, scored: ScoredRows, *, part: str = "", stamps: bool = False) -> int:
    """Write one Avro record for each scored row, and return the number of records.

    Parameters
    ----------
    path : Path
        Avro file to write.
    scored : ScoredRows
        What is written.
    part : {"", "train", "validation", "test"}
        The only part of a data set that is written; empty: all rows.
    stamps : bool
        Whether each record has its cutouts, as gzipped FITS.

    Raises
    ------
    UnknownNameError
        If there is no such part.
    InputError
        If a scored row is not in the rows.
    """
    from fastavro import parse_schema, writer

    with open_cutouts(scored.rows) as file, path.open("wb") as stream:
        channels = file.header.channels if stamps and not file.header.is_table else ()
        counted = _Counted(_records(scored, file, channels, part))
        schema = parse_schema(_schema(channels, has_metadata=bool(file.header.metadata)))
        writer(stream, schema, counted, codec="deflate", sync_marker=_SYNC)
    return counted.count


class _Counted:
    """Records on their way, counted."""

    def __init__(self, records: Iterator[dict[str, object]]) -> None:
        self._records, self.count = records, 0

    def __iter__(self) -> Iterator[dict[str, object]]:
        for record in self._records:
            self.count += 1
            yield record


def _schema(channels: tuple[str, ...], *, has_metadata: bool) -> dict[str, object]:
    """Return the Avro schema of the records; fields that not all rows files can fill are there where this one can."""
    text, number = "string", ["null", "double"]
    fields: list[tuple[str, object]] = [("schema_version", text), ("survey", text)]
    fields += [(name, text) for name in ("candidate_id", "object_id", "exposure_id", "night", *_TEXTS)]
    fields += [(name, number) for name in _NUMBERS]
    fields += [("flux_sign", ["null", "int"]), ("score", number), ("class_predicted", text)]
    fields += [("probabilities", {"type": "map", "values": "double"}), ("flags", {"type": "array", "items": text})]
    fields += [(name, text) for name in ("model", "model_version", "release", "scored_at", "nightsift_version")]
    fields += [("metadata", {"type": "map", "values": "double"})] if has_metadata else []
    fields += [(f"cutout_{name}", ["null", "bytes"]) for name in channels]
    return {
        "type": "record",
        "name": "scored_alert",
        "namespace": "nightsift",
        "fields": [{"name": name, "type": kind} for name, kind in fields],
    }


def _records(scored: ScoredRows, file: CutoutFile, channels: tuple[str, ...], part: str) -> Iterator[dict[str, object]]:
    there = score_names(scored.scores)
    known = set(file.candidates(slice(0, 0)))
    kept = file.header.metadata
    of_rows = [name for name in (*_TEXTS, *_NUMBERS, "flux_sign", *kept) if name in known]
    same = {"schema_version": SCHEMA_VERSION, "survey": file.header.survey, **_about(scored.scores)}
    for block in scored.beside(there, of_rows):
        for row in of_part(block, part).to_dict("records"):
            images = file.pixels(slice(row[ROW], row[ROW] + 1))[0] if channels else None
            yield {**same, **_record(row, scored), **_metadata(row, kept), **_cutouts(channels, images)}


def _about(scores: Path) -> dict[str, str]:
    """Return what all records share: when and by which version of which model."""
    said = scores_provenance(scores)
    identity: Mapping[str, Any] = said.get("identity", {})
    decided, upstream = identity.get("decides", {}), identity.get("upstream", {})
    version = decided.get("package") or upstream.get("package", "")
    text = version if isinstance(version, str) else json.dumps(version, sort_keys=True)
    return {
        "model_version": text,
        "scored_at": str(said.get("ended", "")),
        "nightsift_version": str(said.get("code", {}).get("version", "")),
    }


def _record(row: Mapping[str, Any], scored: ScoredRows) -> dict[str, object]:
    names, code = scored.class_names, int(row["label_predicted"])
    texts = ("candidate_id", "object_id", "exposure_id", "night", *_TEXTS, "model", "release")
    chances = {name: row[column] for name, column in zip(names, scored.columns, strict=True)}
    return {
        **{name: str(row.get(name, "")) for name in texts},
        **{name: _number(row.get(name)) for name in (*_NUMBERS, "score")},
        "flux_sign": None if row.get("flux_sign") is None else int(row["flux_sign"]),
        "class_predicted": names[code] if 0 <= code < len(names) else "",
        "probabilities": {name: float(value) for name, value in chances.items() if np.isfinite(value)},
        "flags": flag_names(int(row["flags"])),
    }


def _metadata(row: Mapping[str, Any], names: Collection[str]) -> dict[str, object]:
    """Return what the survey keeps of each packet beside the columns that all surveys have; nothing that is missing."""
    found = {name: _number(row.get(name)) for name in names}
    return {"metadata": {name: value for name, value in found.items() if value is not None}} if names else {}


def _number(value: object) -> float | None:
    return None if value is None or pd.isna(value) else float(value)  # type: ignore[arg-type]


def _cutouts(channels: tuple[str, ...], images: NDArray[np.float32] | None) -> dict[str, bytes]:
    from pipeline.io.alerts.packet_writer import fits_bytes

    if images is None:
        return {}
    return {f"cutout_{name}": fits_bytes(images[..., place]) for place, name in enumerate(channels)}
