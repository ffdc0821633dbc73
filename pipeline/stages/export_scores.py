"""Scores in the formats of other systems, written block by block.

Tested by tests/pipeline/stages/test_export_values.py.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from pipeline.stages.export_alerts import export_alerts
from pipeline.stages.export_candidates import export_csv, export_ecsv, export_gmadet, export_psat
from pipeline.stages.export_probabilities import ScoredRows, export_performances, export_probabilities
from pipeline.stages.export_values import export_qp, export_values
from pipeline.stages.scored_files import ScoredFiles

CLASS_WRITERS: Final[Mapping[str, Callable[..., int]]] = {
    "probabilities": export_probabilities,
    "performances": export_performances,
    "csv": export_csv,
    "ecsv": export_ecsv,
    "psat": export_psat,
    "gmadet": export_gmadet,
    "alerts": export_alerts,
    "alerts_with_stamps": partial(export_alerts, stamps=True),
}
"""What writes each format of classes. ``probabilities``: id, y_true, y_pred and a column for each class;
``performances``: a folder as MLP_4MOST_TargetSelection writes it; ``csv`` and ``ecsv``: the scores beside their
candidates; ``psat``: psat-ml's list without a head; ``gmadet``: ``infer_results.dat``; ``alerts``: Avro records."""

VALUE_WRITERS: Final[Mapping[str, Callable[..., int]]] = {"values": export_values, "qp": export_qp}
"""What writes each format of the values of a regressor. ``values``: id, target, value, interval; ``qp``: distributions
as qp-prob reads them."""


def export_scores(
    path: Path,
    *,
    form: str,
    scores: Path,
    rows: Path,
    class_names: Sequence[str],
    id_column: str,
    part: str = "",
) -> int:
    """Write scores beside what is known of their rows, and return the number of rows.

    Parameters
    ----------
    path : Path
        File to write, or an empty folder.
    form : str
        One of `CLASS_WRITERS` or `VALUE_WRITERS`.
    scores : Path
        Scores file.
    rows : Path
        The cutout file or data set that was scored, in the order of the scores.
    class_names : sequence of str
        Classes of the package that scored, the negative one first; a regressor has none.
    id_column : str
        What the column of ids is called, such as ``DES_id``.
    part : {"", "train", "validation", "test"}
        The only part of a data set that is written; empty: all rows.

    Raises
    ------
    UnknownNameError
        If there is no such part.
    InputError
        If the scores are of other classes, or of none; or a scored row is not in the rows.
    """
    only = {"part": part} if part else {}
    if form in VALUE_WRITERS:
        return VALUE_WRITERS[form](path, ScoredFiles(scores=scores, rows=rows, id_column=id_column), **only)
    scored = ScoredRows(scores=scores, rows=rows, id_column=id_column, class_names=class_names)
    return CLASS_WRITERS[form](path, scored, **only)
