"""What a package says of rows: probabilities, how sure they are, how far the rows lie from those that taught it.

Tested by tests/models/packages/test_outlier_limits.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.scoring.posterior import Posterior
from pipeline.errors import InputError
from pipeline.scores.outliers import MEASURE, OUTLIERS, OutlierMeasure


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What is said of n rows.

    Attributes
    ----------
    probabilities : ndarray of float32, shape (n, k)
        NaN in rows that cannot be scored.
    posterior : Posterior or None
        How sure they are, where the package can tell.
    unlikeness : ndarray of float32, shape (n,), or None
        Distance from the training rows in units of its limit, NaN in rows that cannot be scored; None without limit.
    reasons : ndarray of object, shape (n,), or None
        Why each row got its score; None unless that was asked for.
    """

    probabilities: NDArray[np.float32]
    posterior: Posterior | None
    unlikeness: NDArray[np.float32] | None = None
    reasons: NDArray[np.object_] | None = None


def measure_of(content: Mapping[str, Any], directory: Path) -> OutlierMeasure | None:
    """Return what a package measures distances by; None where it flags no outliers.

    Raises
    ------
    InputError
        If its file is damaged or none of such numbers.
    """
    if content.get(OUTLIERS, {}).get("limit") is None:
        return None
    return _read(directory / MEASURE, str(content["files"].get(MEASURE)))


@lru_cache(maxsize=16)
def _read(path: Path, _digest: str) -> OutlierMeasure:
    try:
        return OutlierMeasure.of_table(np.load(path, allow_pickle=False))
    except (OSError, ValueError) as fault:
        raise InputError(f"{path}: {fault}; restore the file or calibrate again") from None
