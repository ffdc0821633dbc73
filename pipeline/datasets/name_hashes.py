"""What the hash of a name decides: a number in [0, 1), a fold, a key; the same on every machine and in every order."""

import hashlib
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Column: TypeAlias = pd.Series | NDArray[np.generic]
"""One value per row."""


def hash_unit(names: Column, salt: str) -> NDArray[np.float64]:
    """Return a number in [0, 1) for each name, decided by the name and the salt alone."""
    numbers = ((int.from_bytes(_sha(f"{salt}:{name}")[:7]) >> 4) / 2**52 for name in names)
    return np.fromiter(numbers, dtype=np.float64, count=len(names))


def hash_fold(names: Column, salt: str, folds: int) -> NDArray[np.int64]:
    """Return the fold of each name: sha256 of ``salt:name`` modulo ``folds``."""
    numbers = (int.from_bytes(_sha(f"{salt}:{name}")) % folds for name in names)
    return np.fromiter(numbers, dtype=np.int64, count=len(names))


def key_of(names: Column) -> NDArray[np.float64]:
    """Return 52 bits of hash for each name, to compare in a tenth of its memory; NaN for an empty one."""
    return np.where(np.asarray(names) == "", np.nan, hash_unit(names, "key"))


def _sha(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
