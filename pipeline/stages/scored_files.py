"""Scores with the rows that were scored, read side by side in blocks: any number of rows takes little memory.

Tested by tests/pipeline/stages/test_export_values.py.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.classes import PARTS
from pipeline.errors import InputError, SettingsError, UnknownNameError
from pipeline.io.results.cutout_file import open_cutouts
from pipeline.io.results.score_blocks import ROWS_AT_ONCE, score_blocks


@dataclass(frozen=True, kw_only=True)
class ScoredFiles:
    """Scores to write, with the rows that were scored.

    Attributes
    ----------
    scores : Path
        Scores file.
    rows : Path
        The cutout file or data set that was scored, in the order of the scores.
    id_column : str
        What the column of ids is called, such as ``DES_id``.
    """

    scores: Path
    rows: Path
    id_column: str

    def joined(self, columns: Collection[str], of_rows: str) -> Iterator[pd.DataFrame]:
        """Yield columns of the scores block by block, with a numeric column of the rows as float64.

        Parameters
        ----------
        columns : collection of str
            Columns of the scores, ``candidate_id`` among them.
        of_rows : str
            The column of the rows.

        Raises
        ------
        InputError
            If a scored row is not in the rows.
        """
        beside = _ColumnOfRows(self.rows, self.scores, of_rows)
        for block in score_blocks(self.scores, columns):
            yield block.assign(**{of_rows: beside.of(block["candidate_id"])})


def named(id_column: str, ids: pd.Series, columns: Mapping[str, object]) -> pd.DataFrame:
    """Return a table of ids and columns.

    Raises
    ------
    SettingsError
        If a column is called as that of the ids is.
    """
    if id_column in columns:
        raise SettingsError(f"id_column is {id_column!r}, which a column of the file is called; take another name")
    return pd.DataFrame({id_column: ids, **columns})


def of_part(block: pd.DataFrame, part: str) -> pd.DataFrame:
    """Return the rows of a part of a data set; all of them if ``part`` is empty.

    Raises
    ------
    UnknownNameError
        If there is no such part.
    """
    if part and part not in PARTS:
        raise UnknownNameError("part", part, PARTS)
    return block[block["split"] == PARTS[part]] if part else block


class _ColumnOfRows:
    """A column of rows in the order of their file, looked up block by block."""

    def __init__(self, rows: Path, scores: Path, column: str) -> None:
        self._rows, self._scores, self._column = rows, scores, column
        self._blocks = self._read()
        self._block = pd.Series(dtype="float64")

    def _read(self) -> Iterator[pd.Series]:
        with open_cutouts(self._rows) as file:
            for start in range(0, len(file), ROWS_AT_ONCE):
                block = file.candidates(slice(start, start + ROWS_AT_ONCE), ("candidate_id", self._column))
                yield block.drop_duplicates("candidate_id").set_index("candidate_id")[self._column]

    def of(self, ids: pd.Series) -> NDArray[np.float64]:
        """Return the values of rows that come after those of the last call, ``(n,)``."""
        found, missing = self._of_block(ids)
        while missing.any():
            block = next(self._blocks, None)
            if block is None:
                stranger = ids.iloc[int(missing.argmax())]
                raise InputError(
                    f"{self._rows} has no row {stranger!r}, which {self._scores} scores, in the order of the scores; "
                    "allowed: the file that was scored"
                )
            self._block = block
            here, absent = self._of_block(ids)
            found = np.where(missing & ~absent, here, found)
            missing &= absent
        return found

    def _of_block(self, ids: pd.Series) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return the values that the present block has, and which ids it lacks, each ``(n,)``."""
        places = self._block.index.get_indexer(ids)
        values = self._block.to_numpy(np.float64)
        known = np.full(len(ids), np.nan) if not len(values) else values[places]
        return known, places < 0
