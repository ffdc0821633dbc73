"""Values of a regressor as CSV, and their distributions as qp-prob reads them, written block by block.

Tested by tests/pipeline/stages/test_export_values.py.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pandas as pd

from pipeline.errors import InputError
from pipeline.io.files.csv_cells import write_csv
from pipeline.io.results.schema import TARGET
from pipeline.io.results.score_blocks import score_names
from pipeline.io.results.value_columns import distributions
from pipeline.io.tables.redshift_pdfs import RedshiftPdfsWriter
from pipeline.stages.scored_files import ScoredFiles, named, of_part

VALUES: Final = ("value", "value_std", "q05", "q50", "q95", "low", "high")
"""Columns of both formats, beside the id and the target."""


def export_values(path: Path, scored: ScoredFiles, *, part: str = "") -> int:
    """Write the values of scored rows beside their targets, and return the number of rows.

    Parameters
    ----------
    path : Path
        CSV file to write: ``id_column target`` and `VALUES`; empty where a target is not known or a row could not be
        scored.
    scored : ScoredFiles
        Scores of a regressor, and the rows.
    part : {"", "train", "validation", "test"}
        The only part of a data set that is written; empty: all rows.

    Raises
    ------
    UnknownNameError, SettingsError
        If there is no such part, or a column is called as that of the ids is.
    InputError
        If the scores are not those of a regressor, or a scored row is not in the rows.
    """
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        for number, block in enumerate(_blocks(scored, VALUES)):
            kept = of_part(block, part)
            table = named(scored.id_column, kept["candidate_id"], {name: kept[name] for name in (TARGET, *VALUES)})
            write_csv(file, table, header=number == 0)
            count += len(kept)
    return count


def export_qp(path: Path, scored: ScoredFiles, *, part: str = "") -> int:
    """Write the distributions of scored rows as `RedshiftPdfsWriter` does, and return the number of rows.

    Parameters
    ----------
    path : Path
        HDF5 file to write. Rows that could not be scored have no distribution and are left out.
    scored, part
        As `export_values`.

    Raises
    ------
    UnknownNameError, InputError
        As `export_values`, or if no row has a distribution.
    """
    bins = [name for name in score_names(scored.scores) if name.startswith("m_")]
    with RedshiftPdfsWriter(path) as writer:
        for block in _blocks(scored, (*VALUES, *bins)):
            kept = of_part(block, part)
            pdfs, _ = distributions(scored.scores, kept)
            beside = named(scored.id_column, kept["candidate_id"], {name: kept[name] for name in (TARGET, *VALUES)})
            writer.append(pdfs, {name: column.to_numpy() for name, column in beside.items()})
    return writer.written


def _blocks(scored: ScoredFiles, columns: tuple[str, ...]) -> Iterator[pd.DataFrame]:
    if "value" not in score_names(scored.scores):
        raise InputError(f"{scored.scores} has no 'value'; allowed: the scores of a regressor")
    return scored.joined(["candidate_id", "split", *columns], TARGET)
