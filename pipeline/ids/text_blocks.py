"""Text columns that are read block by block whenever they are needed, so that millions are never held in memory."""

from collections.abc import Callable, Iterator
from typing import Protocol, TypeAlias, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

TEXTS_AT_ONCE = 8192
Decided = TypeVar("Decided", bound=np.generic)
Decide: TypeAlias = Callable[[NDArray[np.object_]], NDArray[Decided]]
"""A function that gives each text a value of its own, ``(n,)``."""


class RowTexts(Protocol):
    """A text column of which few values are in memory."""

    def __len__(self) -> int:
        """Return how many rows there are."""

    def spans(self) -> Iterator[slice]:
        """Yield the rows in order, in spans that are read together."""

    def read(self, rows: slice) -> pd.Series:
        """Return the texts of a span."""


class HeldTexts:
    """Texts that are already in memory."""

    def __init__(self, texts: object) -> None:
        self._texts = pd.Series(texts, dtype="str")

    def __len__(self) -> int:
        return len(self._texts)

    def spans(self) -> Iterator[slice]:
        """Yield the rows in order."""
        for start in range(0, len(self), TEXTS_AT_ONCE):
            yield slice(start, min(start + TEXTS_AT_ONCE, len(self)))

    def read(self, rows: slice) -> pd.Series:
        """Return the texts of a span."""
        return self._texts.iloc[rows]


class _OfColumns:
    """Texts made from several columns, which are read together."""

    def __init__(self, *columns: RowTexts) -> None:
        self._columns = columns

    def __len__(self) -> int:
        return len(self._columns[0])

    def spans(self) -> Iterator[slice]:
        """Yield the rows in order."""
        return self._columns[0].spans()


class FirstTexts(_OfColumns):
    """The first of several texts of each row that is not empty."""

    def read(self, rows: slice) -> pd.Series:
        """Return the texts of a span."""
        texts = self._columns[0].read(rows).reset_index(drop=True)
        for column in self._columns[1:]:
            silent = texts == ""
            if not silent.any():
                break
            texts = texts.mask(silent, column.read(rows).reset_index(drop=True))
        return texts


class JoinedTexts(_OfColumns):
    """The texts of several columns joined to one; empty if the first is empty."""

    def read(self, rows: slice) -> pd.Series:
        """Return the texts of a span."""
        first, *others = (column.read(rows).reset_index(drop=True) for column in self._columns)
        texts = first
        for other in others:
            texts = texts + "\n" + other
        return texts.mask(first == "", "")


class SomeTexts:
    """The texts of some of the rows; row numbers count only these.

    Parameters
    ----------
    texts : RowTexts
        Those of all rows.
    rows : ndarray of int, (n,)
        Which rows, ascending.
    """

    def __init__(self, texts: RowTexts, rows: NDArray[np.integer]) -> None:
        self._texts, self._rows = texts, rows

    def __len__(self) -> int:
        return len(self._rows)

    def spans(self) -> Iterator[slice]:
        """Yield the rows in order."""
        for span in self._texts.spans():
            start, stop = np.searchsorted(self._rows, (span.start, span.stop))
            if start < stop:
                yield slice(int(start), int(stop))

    def read(self, rows: slice) -> pd.Series:
        """Return the texts of a span."""
        wanted = self._rows[rows]
        first = int(wanted[0])
        return self._texts.read(slice(first, int(wanted[-1]) + 1)).iloc[wanted - first]


def decided(texts: RowTexts, decide: Decide[Decided], rows: NDArray[np.bool_] | None = None) -> NDArray[Decided]:
    """Return what the text of each row decides, ``(n,)``; 0 for rows that are not requested.

    Examples
    --------
    >>> decided(HeldTexts(["a", "bcd"]), lambda names: np.array([len(name) for name in names])).tolist()
    [1, 3]
    """
    found: NDArray[Decided] | None = None
    for span in texts.spans():
        wanted = np.arange(span.start, span.stop) if rows is None else span.start + np.flatnonzero(rows[span])
        if not len(wanted):
            continue
        values = decide(texts.read(span).to_numpy(object)[wanted - span.start])
        found = np.zeros(len(texts), values.dtype) if found is None else found
        found[wanted] = values
    return np.zeros(len(texts), decide(np.zeros(0, object)).dtype) if found is None else found


def texts_of(texts: RowTexts, rows: NDArray[np.bool_]) -> pd.Series:
    """Return the texts of some rows, in order, with the rows' numbers as index."""
    parts = []
    for span in texts.spans():
        wanted = np.flatnonzero(rows[span])
        if len(wanted):
            parts.append(texts.read(span).iloc[wanted].set_axis(wanted + span.start))
    return pd.concat(parts) if parts else pd.Series(dtype="str")
