"""Numbers of a table that mean "not known", and columns that take the first known of several."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
from numpy.typing import NDArray


def with_missing(
    columns: Mapping[str, NDArray[Any]], sentinels: Mapping[str, tuple[float, ...]]
) -> dict[str, NDArray[Any]]:
    """Return columns in which the numbers that mean "not known" are NaN, or masked among whole numbers.

    Parameters
    ----------
    columns : mapping of str to NDArray, (n,)
        Columns of numbers; others are left alone.
    sentinels : mapping of str to tuple of float
        Column or pattern to such numbers; in a column of float32, 99.99 is the float32 next to it.

    Examples
    --------
    >>> with_missing({"g": np.array([20.0, 99.0])}, {"?": (99.0,)})["g"].tolist()
    [20.0, nan]
    """
    cleaned = {}
    for name, column in columns.items():
        numbers = [number for pattern, known in sentinels.items() if fnmatchcase(name, pattern) for number in known]
        cleaned[name] = _without(column, numbers) if numbers else column
    return cleaned


def first_known(columns: Mapping[str, NDArray[Any]], names: tuple[str, ...]) -> NDArray[np.float64]:
    """Return, row by row, the first finite value of several columns; NaN where there is none.

    Parameters
    ----------
    columns : mapping of str to NDArray, (n,)
        Columns of numbers.
    names : tuple of str
        Which of them, the best first.

    Examples
    --------
    >>> z = {"z_spec": np.array([0.5, np.nan]), "z_phot": np.array([0.6, 1.2])}
    >>> first_known(z, ("z_spec", "z_phot")).tolist()
    [0.5, 1.2]
    """
    values = np.full(len(columns[names[0]]), np.nan)
    for name in reversed(names):
        numbers = np.ma.filled(np.ma.asarray(columns[name]).astype(np.float64), np.nan)
        values = np.where(np.isfinite(numbers), numbers, values)
    return values


def unused_patterns(sentinels: Mapping[str, tuple[float, ...]], known: list[str]) -> list[str]:
    """Return the patterns that fit no column.

    Parameters
    ----------
    sentinels : mapping of str to tuple of float
        As for :func:`with_missing`.
    known : list of str
        The columns that there are.
    """
    return [pattern for pattern in sentinels if not any(fnmatchcase(name, pattern) for name in known)]


def _without(column: NDArray[Any], numbers: list[float]) -> NDArray[Any]:
    values = np.asanyarray(column)
    if values.dtype.kind not in "iuf":
        return values
    with np.errstate(all="ignore"):
        alike = [float(np.asarray(number).astype(values.dtype)) for number in numbers]
    cleaned = np.ma.getdata(values).astype(np.float64)
    meant = np.isin(cleaned, [same for same, number in zip(alike, numbers, strict=True) if np.isclose(same, number)])
    if not meant.any():
        return values
    if values.dtype.kind == "f" and not isinstance(values, np.ma.MaskedArray):
        return np.where(meant, values.dtype.type(np.nan), values)
    return np.ma.MaskedArray(np.ma.getdata(values), mask=np.ma.getmaskarray(values) | meant)
