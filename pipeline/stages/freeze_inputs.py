"""The frozen input of a night: a manifest of counts and digests of its rows and files, as of one moment."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.io.results.night_manifest import Manifest
from pipeline.io.results.provenance import finished
from pipeline.stages.empty_night import tell_if_empty
from pipeline.surveys.base import Source
from pipeline.surveys.label_tables import rows_and_images, with_label_tables


def freeze_inputs(
    path: Path,
    survey: Source[Any],
    *,
    name: str,
    night: str,
    snapshot: int,
    as_of: str,
    provenance: Mapping[str, Any],
    former: Manifest,
    labels_only: bool = False,
) -> None:
    """Write the manifest of a night, and warn where the night holds nothing.

    Parameters
    ----------
    path : Path
        JSON file to write.
    survey : Source
        Which is asked.
    name : str
        The survey's name, for messages.
    night : str
        The night, an ISO date.
    snapshot : int
        Which freezing of the night it is, from 1.
    as_of : str
        When it was frozen, ISO time in UTC.
    provenance : mapping
        What the manifest says about its making.
    former : Manifest
        The manifest of the snapshot before; empty where there is none.
    labels_only : bool
        Whether to take rows and images as they were frozen before, and look at label tables alone; of a survey
        without images everything is frozen anew.
    """
    follows = bool(former) and survey.has_images
    manifest = with_label_tables(survey, night, former) if labels_only and follows else survey.freeze(night)
    manifest |= {"night": night, "snapshot": snapshot, "as_of": as_of}
    if follows and rows_and_images(manifest) == rows_and_images(former):
        manifest["rows_of"] = former.get("rows_of", former["snapshot"])
    manifest["provenance"] = finished(provenance)
    tell_if_empty(survey, name, night, manifest)
    path.write_text(json.dumps(manifest, indent=1, sort_keys=True), encoding="utf-8")
