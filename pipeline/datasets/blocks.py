"""Blocks of rows of one size from pieces of any: what reads a data set shuffles within a block.

Tested by tests/pipeline/datasets/test_blocks.py.
"""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray


def refilled(pieces: Iterable[NDArray[np.float32]], size: int) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    """Yield ``(rows, cutouts)`` in blocks of ``size`` rows, the last with what is left.

    Parameters
    ----------
    pieces : iterable of ndarray of float32, (n, y, x, channel)
        The rows in their order, any number of them at a time.
    size : int
        Rows per block, at least 1.

    Examples
    --------
    >>> pieces = [np.zeros((rows, 1, 1, 1), np.float32) for rows in (3, 0, 4)]
    >>> [(rows.start, rows.stop) for rows, _ in refilled(pieces, 5)]
    [(0, 5), (5, 7)]
    """
    start, waiting, count = 0, list[NDArray[np.float32]](), 0
    for piece in pieces:
        waiting.append(piece)
        count += len(piece)
        while count >= size:
            joined = np.concatenate(waiting)
            yield slice(start, start + size), joined[:size]
            start, waiting, count = start + size, [joined[size:]], count - size
    if count:
        yield slice(start, start + count), np.concatenate(waiting)
