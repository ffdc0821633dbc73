"""The frozen input of a night: a manifest of counts and digests of its rows and files, as of one moment."""

import json
from collections.abc import Mapping
from pathlib import Path

from pipeline.io.results.night_manifest import Manifest
from pipeline.io.results.provenance import finished
from pipeline.stages.empty_night import warn_if_empty
from pipeline.surveys.base import Source, StatesFolder
from pipeline.surveys.label_tables import rows_and_images, with_label_tables


def freeze_inputs(
    path: Path,
    survey: Source[StatesFolder],
    *,
    name: str,
    night: str,
    snapshot: int,
    as_of: str,
    provenance: Mapping[str, object],
    former: Manifest,
    labels_only: bool = False,
) -> None:
    """Write the manifest of a night, and warn if the night has no rows.

    Parameters
    ----------
    path : Path
        JSON file to write.
    survey : Source
        The survey that the night belongs to.
    name : str
        The survey's name, for messages.
    night : str
        The night, an ISO date.
    snapshot : int
        How often the night has been frozen, this time included.
    as_of : str
        When the night was frozen: ISO time in UTC.
    provenance : mapping
        How the manifest came about, which is written into it.
    former : mapping
        The manifest of the previous snapshot; empty if there is none.
    labels_only : bool
        Whether to keep rows and images as they were frozen before and freeze only the label tables anew. If the survey
        has no images, everything is frozen anew.
    """
    follows = bool(former) and survey.has_images
    manifest = with_label_tables(survey, night, former) if labels_only and follows else survey.freeze(night)
    manifest |= {"night": night, "snapshot": snapshot, "as_of": as_of}
    if follows and rows_and_images(manifest) == rows_and_images(former):
        manifest["rows_of"] = former.get("rows_of", former["snapshot"])
    manifest["provenance"] = finished(provenance)
    warn_if_empty(survey, name, night, manifest)
    path.write_text(json.dumps(manifest, indent=1, sort_keys=True), encoding="utf-8")
