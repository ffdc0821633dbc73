"""The folder of `SnapshotLabels`: labels that people agreed on until a moment, of detections and of objects.

Tested by tests/pipeline/stages/test_snapshot_labels.py.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipeline.errors import MissingInputError
from pipeline.io.files.csv_cells import write_csv
from pipeline.io.tables.label_file import read_labels
from pipeline.labels.references import DETECTION, OBJECT

if TYPE_CHECKING:
    import pandas as pd

FILES: Final = {DETECTION: "detections.csv", OBJECT: "objects.csv"}
"""The file of the labels of each: label files, which a provider ``list`` reads as well."""
ABOUT: Final = "people.json"
"""How well each person judges, and what was counted."""
IDS: Final = {DETECTION: "candidate_id", OBJECT: "object_id"}
COLUMNS: Final = ("label", "label_source", "probability", "votes", "agreeing", "state", "verdict_id")
"""What follows the id: ``label`` is empty if people do not agree; ``verdict_id`` is that of the last vote on it."""


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """Labels of people.

    Attributes
    ----------
    detections, objects : Series of int
        Codes of classes, by candidate id and by object id; items without a label are not there.
    """

    detections: "pd.Series"
    objects: "pd.Series"


def write_snapshot(directory: Path, tables: Mapping[str, "pd.DataFrame"], about: Mapping[str, object]) -> None:
    """Write the labels of detections and of objects, and what is known of the people, into a folder that exists."""
    for of, table in tables.items():
        named = table[[IDS[of], *COLUMNS]]
        write_csv(directory / FILES[of], named, float_format="%.6f", lineterminator="\n")
    (directory / ABOUT).write_text(json.dumps(about, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read_snapshot(directory: Path, class_names: Sequence[str]) -> Snapshot:
    """Return the labels of a folder that `write_snapshot` wrote.

    Parameters
    ----------
    directory : Path
        The folder.
    class_names : sequence of str
        The classes, at the index of their codes.

    Raises
    ------
    MissingInputError, InputError
        If a file is missing, or is no label file of these classes.
    """
    if not directory.is_dir():
        raise MissingInputError(f"no folder {directory}; allowed: one that SnapshotLabels made")
    return Snapshot(
        detections=_labels(directory, DETECTION, class_names), objects=_labels(directory, OBJECT, class_names)
    )


def _labels(directory: Path, of: str, class_names: Sequence[str]) -> "pd.Series":
    columns = {"candidate_id": IDS[of], "label": "label"}
    table = read_labels(str(directory.resolve() / FILES[of]), columns=columns, class_names=class_names)
    known = table[table["label"] >= 0]
    return known.set_index("candidate_id")["label"].astype("int8")
