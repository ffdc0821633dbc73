"""Scores with the rows that were scored, read side by side in blocks: any number of rows takes little memory.

Tested by tests/pipeline/stages/test_export_values.py.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.classes import PARTS
from pipeline.errors import InputError, SettingsError, UnknownNameError
from pipeline.io.results.cutout_file import open_cutouts
from pipeline.io.results.score_blocks import ROWS_AT_ONCE, score_blocks

ROW = "row"
"""A column for the place of each row in the file of the rows."""


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
        for block in self.beside(columns, [of_rows]):
            yield block.assign(**{of_rows: block[of_rows].to_numpy(np.float64)}).drop(columns=ROW)

    def beside(self, columns: Collection[str], of_rows: Sequence[str]) -> Iterator[pd.DataFrame]:
        """Yield columns of the scores block by block, with columns of the rows as they are, and `ROW`.

        Parameters
        ----------
        columns : collection of str
            Columns of the scores, ``candidate_id`` among them.
        of_rows : sequence of str
            Columns of the rows that the scores do not have.

        Raises
        ------
        InputError
            If a scored row is not in the rows.
        """
        beside = _ColumnsOfRows(self.rows, self.scores, of_rows)
        for block in score_blocks(self.scores, columns):
            found = beside.of(block["candidate_id"])
            yield block.assign(**{name: column.array for name, column in found.items()})


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


class _ColumnsOfRows:
    """Columns of rows in the order of their file, looked up block by block."""

    def __init__(self, rows: Path, scores: Path, columns: Sequence[str]) -> None:
        self._rows, self._scores, self._columns = rows, scores, columns
        self._blocks = self._read()
        self._block: pd.DataFrame | None = None

    def _read(self) -> Iterator[pd.DataFrame]:
        with open_cutouts(self._rows) as file:
            for start in range(0, len(file), ROWS_AT_ONCE):
                block = file.candidates(slice(start, start + ROWS_AT_ONCE), ("candidate_id", *self._columns))
                block = block.assign(**{ROW: np.arange(start, start + len(block))})
                yield block.drop_duplicates("candidate_id").set_index("candidate_id")

    def of(self, ids: pd.Series) -> pd.DataFrame:
        """Return the columns, and `ROW`, of rows that come after those of the last call, in the order of the ids."""
        missing, found = np.ones(len(ids), bool), []
        while True:
            if self._block is not None:
                asked = np.flatnonzero(missing)
                places = self._block.index.get_indexer(ids.iloc[asked])
                taken = self._block.iloc[places[places >= 0]]
                found.append(taken.set_index(asked[places >= 0]))
                missing[asked[places >= 0]] = False
            if self._block is not None and not missing.any():
                return pd.concat(found).sort_index()
            self._block = self._next(str(ids.iloc[int(missing.argmax())]))

    def _next(self, stranger: str) -> pd.DataFrame:
        block = next(self._blocks, None)
        if block is None:
            raise InputError(
                f"{self._rows} has no row {stranger!r}, which {self._scores} scores, in the order of the scores; "
                "allowed: the file that was scored"
            )
        return block
