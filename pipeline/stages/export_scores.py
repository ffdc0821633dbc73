"""Scores in the formats of other systems: a table of probabilities, as CSV.

Tested by tests/pipeline/stages/test_export_scores.py.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.classes import PARTS
from pipeline.errors import InputError, UnknownNameError
from pipeline.io.files.csv_cells import write_csv
from pipeline.io.results.cutout_file import open_cutouts
from pipeline.io.results.scores_file import read_scores

PROBABILITIES: Final = "probabilities"
FORMATS: Final = (PROBABILITIES,)
"""Formats that can be written; ``probabilities``: id, y_true, y_pred and a column for each class."""


def export_scores(
    path: Path, *, scores: Path, rows: Path, class_names: Sequence[str], id_column: str, part: str = ""
) -> int:
    """Write the probabilities of scored rows beside their classes, and return the number of rows.

    Parameters
    ----------
    path : Path
        CSV file to write: ``id_column y_true y_pred``, which name classes and are empty where there is none, then
        ``p_<class>`` for each class, empty where a row could not be scored.
    scores : Path
        Scores file.
    rows : Path
        The cutout file or data set that was scored, which has the labels.
    class_names : sequence of str
        Classes of the package that scored, the negative one first.
    id_column : str
        What the column of ids is called, such as ``DES_id``.
    part : {"", "train", "validation", "test"}
        The only part of a data set that is written; empty: all rows.

    Raises
    ------
    UnknownNameError
        If there is no such part.
    InputError
        If the scores are not of these classes, or a scored row is not in the rows.
    """
    if part and part not in PARTS:
        raise UnknownNameError("part", part, PARTS)
    scored = read_scores(scores)
    columns = [f"p_{code}" for code in range(len(class_names))]
    if [name for name in scored if name.startswith("p_")] != columns:
        there = ", ".join(name for name in scored if name.startswith("p_"))
        raise InputError(f"{scores} has {there}; the package has the classes {', '.join(class_names)}")
    if part:
        scored = scored[scored["split"] == PARTS[part]].reset_index(drop=True)
    with open_cutouts(rows) as file:
        known = file.candidates(columns=("candidate_id", "label"))
        theirs = file.header.class_names
    label = known.set_index("candidate_id")["label"].reindex(scored["candidate_id"]).to_numpy(float)
    if np.isnan(label).any():
        stranger = scored["candidate_id"].iloc[int(np.isnan(label).argmax())]
        raise InputError(f"{rows} has no row {stranger!r}, which {scores} scores; allowed: the file that was scored")
    table = {
        id_column: scored["candidate_id"],
        "y_true": _names(label.astype(int), theirs),
        "y_pred": _names(scored["label_predicted"].to_numpy(int), class_names),
    }
    table |= {f"p_{name}": scored[column] for name, column in zip(class_names, columns, strict=True)}
    write_csv(path, pd.DataFrame(table))
    return len(scored)


def _names(codes: NDArray[np.integer], names: Sequence[str]) -> NDArray[np.object_]:
    """Return the name of each class, empty for a code that is none."""
    return np.array([*names, ""], object)[np.where((codes >= 0) & (codes < len(names)), codes, len(names))]
