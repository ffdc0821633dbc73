"""Converts columns of foreign files to candidate columns: numbers and what marks a missing one, ids, file names."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.errors import InputError, NightsiftError
from pipeline.ids.rounded import require_unrounded
from pipeline.io.files.csv_cells import cells_as_written
from pipeline.io.files.inflating import open_packed
from pipeline.io.fits.file_names import stem_of
from pipeline.io.results.schema import CANDIDATE_COLUMNS, TEXT
from pipeline.times import column_mjd

_NAME = re.compile(r"[^/\\\x00-\x1f.][^/\\\x00-\x1f]{0,199}")


def numbers(values: Iterable[object], where: str, missing: tuple[float, ...] = ()) -> NDArray[np.float64]:
    """Return values as numbers; empty ones and those that mean "missing" are NaN.

    Parameters
    ----------
    values : iterable
        Numbers, or texts that hold numbers.
    where : str
        File and column, for the message.
    missing : tuple of float, optional
        Values that say "not known", such as -99.

    Raises
    ------
    InputError
        If a value is not a number; the row is named.

    Examples
    --------
    >>> numbers(["20.5", "", "-99.0"], "cube.npz: mags", (-99.0,))
    array([20.5,  nan,  nan])
    """
    result = np.array([_number(value, row, where) for row, value in enumerate(values)], dtype=np.float64)
    for value in missing:
        result[np.isclose(result, value, rtol=0, atol=1e-4)] = np.nan
    return result


def _number(value: object, row: int, where: str) -> float:
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    if text is None or (isinstance(text, str) and text.strip().lower() in ("", "nan", "none")):
        return float("nan")
    try:
        return float(text)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise InputError(f"{where}: row {row}: {str(text)[:40]!r} is not a number") from None


def labels(values: Iterable[object], where: str, n_classes: int = 2) -> NDArray[np.int8]:
    """Return class numbers, 0 to ``n_classes - 1``; anything else is an error that names the row."""
    found = numbers(values, where)
    bad = ~np.isin(found, np.arange(n_classes))
    if bad.any():
        row = int(np.argmax(bad))
        raise InputError(f"{where}: row {row}: label is {found[row]:g}; allowed: whole numbers 0 to {n_classes - 1}")
    return found.astype(np.int8)


def require_unique(ids: Sequence[str], where: str) -> None:
    """Raise `InputError` when an id is empty, in scientific notation, or appears twice; both rows are named."""
    series = pd.Series(ids, dtype="str")
    if (series == "").any():
        raise InputError(f"{where}: row {int((series == '').idxmax())}: the id is empty")
    require_unrounded(series, where, first_row=0)
    again = series.duplicated()
    if again.any():
        row = int(again.idxmax())
        first = int((series == series[row]).idxmax())
        raise InputError(f"{where}: id {series[row]!r} appears in row {first} and again in row {row}; allowed: once")


def numbered_again(ids: Sequence[str]) -> list[str]:
    """Return ids, with ``#1``, ``#2``, ... added to those that were there before: rotated copies of one stamp.

    Examples
    --------
    >>> numbered_again(["a", "a", "b", "a"])
    ['a', 'a#1', 'b', 'a#2']
    """
    counts: dict[str, int] = {}
    result = []
    for name in ids:
        number = counts.get(name, 0)
        counts[name] = number + 1
        result.append(f"{name}#{number}" if number else name)
    return result


def object_of(name: str) -> str:
    """Return the object of a psat-ml file: the last part of the path up to its first ``_``.

    Examples
    --------
    >>> object_of("/db/57000/1234_57000.5_77.fits")
    '1234'
    """
    return stem_of(name).partition("_")[0]


def file_names(candidate_ids: Iterable[str], object_ids: Iterable[str]) -> list[str]:
    """Return a FITS name for each row from which psat-ml reads the object: ``<object>_...``.

    Raises
    ------
    InputError
        If an id cannot be part of a file name.
    """
    names = []
    for candidate, thing in zip(candidate_ids, object_ids, strict=True):
        known = not thing or candidate == thing or candidate.startswith(f"{thing}_")
        name = candidate if known else f"{thing}_{candidate}"
        if not _NAME.fullmatch(name):
            raise InputError(f"candidate_id {name!r} cannot be a file name; allowed: up to 200 characters, no / or \\")
        names.append(f"{name}.fits")
    return names


def listed(names: Iterable[object]) -> str:
    """Return names out of a file as one line for a message, the first twenty.

    Examples
    --------
    >>> listed(["id", "two   words"]), listed([])
    ('id, two words', 'nothing')
    """
    shown = [" ".join(str(name).split())[:40] for name in names]
    return ", ".join(shown[:20]) + (" ..." if len(shown) > 20 else "") or "nothing"


def text_column(values: Iterable[object]) -> pd.Series:
    """Return values as a column of text; bytes are UTF-8."""
    texts = [value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value) for value in values]
    return pd.Series(texts, dtype="str")


def read_csv(path: Path) -> pd.DataFrame:
    """Return a CSV file with all columns as text, or one line that says why it cannot be read."""
    try:
        with open_packed(path) as stream:
            table = pd.read_csv(stream, dtype="str", keep_default_na=False, encoding="utf-8-sig")
            return cells_as_written(table)
    except NightsiftError:
        raise
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError, ValueError, OSError) as error:
        raise InputError(f"{path} is not a readable CSV file: {' '.join(str(error).split())}") from error


def typed(table: pd.DataFrame, where: str) -> pd.DataFrame:
    """Return the candidate columns of a table of texts in their types."""
    columns = {}
    for name in [column for column in table if column in CANDIDATE_COLUMNS]:
        kind = CANDIDATE_COLUMNS[name]
        values = table[name] if kind == TEXT else _READ.get(name, numbers)(table[name], f"{where}: {name}")
        columns[name] = values if kind.startswith("float") or kind == TEXT else np.nan_to_num(values)
    return pd.DataFrame(columns).astype({name: "str" if CANDIDATE_COLUMNS[name] == TEXT else CANDIDATE_COLUMNS[name]
                                         for name in columns})  # fmt: skip


_READ = {"time_mjd": column_mjd}
"""Columns that are not read as plain numbers, and what reads them."""
