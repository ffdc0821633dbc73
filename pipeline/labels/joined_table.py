"""A table in which providers look up ids: it finds the rows of some candidates without reading the others."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from pipeline.ids.hashes import id_hashes

PIECE_ROWS = 65_536


class JoinedTable:
    """A table whose rows are found by the ids in one of its columns, with an index of 16 bytes per row.

    Parameters
    ----------
    table : DataFrame
        The rows, in any order.
    column : str
        Which column holds the ids.
    """

    def __init__(self, table: pd.DataFrame, column: str) -> None:
        self.table = table
        hashes = id_hashes(table[column])
        self._order = np.argsort(hashes, kind="stable")
        self._sorted = hashes[self._order]

    def rows_of(self, names: pd.Series) -> pd.DataFrame:
        """Return the rows of some ids in the table's order; in rare cases also others whose hashes are equal.

        Examples
        --------
        >>> table = JoinedTable(pd.DataFrame({"id": ["b", "a", "b"], "label": [1, 0, 1]}), "id")
        >>> table.rows_of(pd.Series(["b", "c"]))["label"].tolist()
        [1, 1]
        """
        wanted = np.unique(id_hashes(names))
        first = np.searchsorted(self._sorted, wanted, side="left")
        last = np.searchsorted(self._sorted, wanted, side="right")
        places = np.repeat(first, last - first) + _counting(last - first)
        return self.table.iloc[np.sort(self._order[places])]

    def pieces(self) -> Iterator[pd.DataFrame]:
        """Yield all rows in pieces, keeping those of one id together, to find ids whose rows contradict each other."""
        start = 0
        while start < len(self._sorted):
            last = self._sorted[min(start + PIECE_ROWS, len(self._sorted)) - 1]
            stop = int(np.searchsorted(self._sorted, last, side="right"))
            yield self.table.iloc[np.sort(self._order[start:stop])]
            start = stop


def _counting(lengths: np.ndarray) -> np.ndarray:
    """Return 0 ... n - 1 for each length n, one after the other."""
    return np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
