"""A table that providers look up by id: the rows of some candidates, without going through the others."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from pipeline.ids.hashes import id_hashes

PIECE_ROWS = 65_536


class JoinedTable:
    """A table whose rows are found by the ids in one of its columns; 16 bytes are held of each row beside it.

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
        """Return the rows of some ids in the table's order; rare others whose hashes agree may be among them.

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
        """Yield all rows, some at a time, those of one id together: enough to find ids that contradict themselves."""
        start = 0
        while start < len(self._sorted):
            last = self._sorted[min(start + PIECE_ROWS, len(self._sorted)) - 1]
            stop = int(np.searchsorted(self._sorted, last, side="right"))
            yield self.table.iloc[np.sort(self._order[start:stop])]
            start = stop


def _counting(lengths: np.ndarray) -> np.ndarray:
    """Return 0 ... n - 1 for each length n, one after the other."""
    return np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
