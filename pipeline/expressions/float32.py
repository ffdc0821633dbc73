"""Numbers as float32, as files and classifiers take them; whole numbers that lose digits are told.

Tested by tests/pipeline/expressions/test_float32.py.
"""

import logging
from typing import Final

import numpy as np
from numpy.typing import NDArray

log = logging.getLogger(__name__)

EXACT: Final = 2**24
"""Largest whole number below which float32 holds all of them: an id above it may become that of another."""

_WARNED: Final[set[str]] = set()
"""Columns whose rounding this process has told."""


def as_written(values: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return float32 numbers as float64: the decimal of seven digits that each stands for, if there is one.

    A magnitude of 0.6 becomes 0.60000002 in float32, which a cut at 0.6 would let pass. Numbers that seven digits do
    not name, such as computed ones, stay as they are.

    Parameters
    ----------
    values : ndarray of float32, (n,)

    Examples
    --------
    >>> as_written(np.array([0.6, 1 / 3], dtype=np.float32)).tolist()
    [0.6, 0.3333333432674408]
    """
    exact = values.astype(np.float64)
    usable = np.isfinite(exact) & (exact != 0)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        digits = 6 - np.floor(np.log10(np.abs(np.where(usable, exact, 1.0)))).astype(np.int64)
        scale = 10.0 ** np.clip(np.abs(digits), 0, 22)
        short = np.where(digits >= 0, np.rint(exact * scale) / scale, np.rint(exact / scale) * scale)
        same = usable & (short.astype(np.float32) == values) & (np.abs(digits) <= 22)
    return np.where(same, short, exact)


def as_float32(values: NDArray[np.number | np.bool_], what: str, among: str) -> NDArray[np.float32]:
    """Return numbers as float32, ``(n,)``, NaN where they are missing, infinite or beyond float32.

    Whole numbers that lose digits are warned about, once for each name in a process: a night has a thousand batches.

    Parameters
    ----------
    values : ndarray, (n,)
        Numbers, or true and false.
    what : str
        What they are, with the name, for the warning.
    among : str
        Of what they are some, for the warning.

    Examples
    --------
    >>> as_float32(np.array([0.5, 1e300]), "feature 'g'", "features")
    array([0.5, nan], dtype=float32)
    """
    given = np.asarray(values, dtype=np.float64)
    with np.errstate(over="ignore"):
        kept = given.astype(np.float32)
    kept[np.isinf(kept)] = np.nan
    rounded = (np.abs(given) > EXACT) & (given == np.floor(given)) & np.isfinite(kept) & (kept != given)
    if rounded.any() and what not in _WARNED:
        _WARNED.add(what)
        log.warning(
            "%s: %d of %d values are whole numbers above %d that float32 rounds, %d to %d first; ids have no place "
            "among %s", what, rounded.sum(), len(given), EXACT, given[rounded][0], kept[rounded][0], among
        )  # fmt: skip
    return kept
