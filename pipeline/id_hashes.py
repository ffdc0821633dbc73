"""Which of millions of ids may stand twice, of which 8 bytes each are held."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

_TEXTS_AT_ONCE = 8192
"""As Python objects; each is several times as large as its bytes."""


def id_hashes(names: pd.Series) -> NDArray[np.uint64]:
    """Return 8 bytes of hash for each id, ``(n,)``; they are compared within a run and kept nowhere."""
    hashes = np.empty(len(names), dtype=np.uint64)
    for start in range(0, len(names), _TEXTS_AT_ONCE):
        block = slice(start, start + _TEXTS_AT_ONCE)
        hashes[block] = pd.util.hash_array(names.iloc[block].to_numpy(object), categorize=False)
    return hashes


def repeated_hashes(blocks: Sequence[NDArray[np.uint64]]) -> NDArray[np.uint64]:
    """Return the hashes that stand in blocks more than once, sorted: their ids are to be looked at.

    Examples
    --------
    >>> one, other = id_hashes(pd.Series(["a", "b"])), id_hashes(pd.Series(["c", "a"]))
    >>> repeated_hashes([one, other]) == id_hashes(pd.Series(["a"]))
    array([ True])
    """
    hashes = np.concatenate([np.zeros(0, np.uint64), *blocks])
    hashes.sort()
    return np.unique(hashes[1:][hashes[1:] == hashes[:-1]])
