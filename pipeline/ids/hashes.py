"""Hashes of ids, 8 bytes each, to find which of millions appear twice or appeared in another file."""

import hashlib
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

_TEXTS_AT_ONCE = 8192
"""How many texts are Python objects at a time; each is several times as large as its bytes."""


def id_hashes(names: pd.Series) -> NDArray[np.uint64]:
    """Return 8 bytes of hash for each id, ``(n,)``; they are compared within a run and never stored."""
    hashes = np.empty(len(names), dtype=np.uint64)
    for start in range(0, len(names), _TEXTS_AT_ONCE):
        block = slice(start, start + _TEXTS_AT_ONCE)
        hashes[block] = pd.util.hash_array(names.iloc[block].to_numpy(object), categorize=False)
    return hashes


def lasting_hashes(names: pd.Series) -> NDArray[np.uint64]:
    """Return 8 bytes of BLAKE2b for each id as UTF-8, ``(n,)``, the same in every version, so that files may keep them.

    Examples
    --------
    >>> lasting_hashes(pd.Series(["2450001"])).tolist()
    [6995610983494525141]
    """
    digests = (hashlib.blake2b(name.encode(), digest_size=8).digest() for name in names.astype(str))
    return np.frombuffer(b"".join(digests), dtype="<u8").astype(np.uint64)


def repeated_hashes(blocks: Sequence[NDArray[np.uint64]]) -> NDArray[np.uint64]:
    """Return the hashes that appear more than once in blocks, sorted; their ids need a closer look.

    Examples
    --------
    >>> one, other = id_hashes(pd.Series(["a", "b"])), id_hashes(pd.Series(["c", "a"]))
    >>> repeated_hashes([one, other]) == id_hashes(pd.Series(["a"]))
    array([ True])
    """
    hashes = np.concatenate([np.zeros(0, np.uint64), *blocks])
    hashes.sort()
    return np.unique(hashes[1:][hashes[1:] == hashes[:-1]])
