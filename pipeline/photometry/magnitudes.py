"""Magnitudes as tables give them, and the numbers among them that mean "not known"."""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

BRIGHTEST, FAINTEST = -40.0, 60.0
"""No magnitude lies outside this range, including instrumental ones without a zeropoint and those of a flux near 0;
-999, -99, 99 and 99.99 do."""
LARGEST_ERROR: Final = 60.0


def known_magnitudes(magnitude: ArrayLike) -> NDArray[np.float64]:
    """Return magnitudes with NaN in place of finite numbers that no source has, by which tables mean "not known".

    Examples
    --------
    >>> known_magnitudes([20.5, -999.0, 99.0]).tolist()
    [20.5, nan, nan]
    """
    values = np.asarray(magnitude, dtype=np.float64)
    known = ((values >= BRIGHTEST) & (values <= FAINTEST)) | np.isinf(values)
    return np.where(known, values, np.nan)


def known_errors(magnitude: ArrayLike, error: ArrayLike) -> NDArray[np.float64]:
    """Return errors of magnitudes with NaN where the number only means that the error is not known.

    Examples
    --------
    >>> known_errors([20.5, 20.5, -999.0, float("nan")], [0.1, -99.0, 0.1, 0.1]).tolist()
    [0.1, nan, nan, 0.1]
    """
    magnitudes, errors = np.asarray(magnitude, dtype=np.float64), np.asarray(error, dtype=np.float64)
    is_sentinel = np.isfinite(magnitudes) & np.isnan(known_magnitudes(magnitudes))
    return np.where((errors >= 0.0) & (errors <= LARGEST_ERROR) & ~is_sentinel, errors, np.nan)
