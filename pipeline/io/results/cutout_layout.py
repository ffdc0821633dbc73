"""Checks that an HDF5 file is laid out as a cutout file or data set: attributes, shapes and types.

Tested by tests/pipeline/io/results/test_malformed_cutouts.py.
"""

import json
import math
from typing import Final

import h5py
import numpy as np
from numpy.typing import NDArray

from pipeline.classes import PARTS
from pipeline.errors import InputError
from pipeline.io.results import schema

LONGEST_TEXT: Final = 1000
"""Characters of a text among the attributes, at most."""
_SPLIT: Final = "split"
_NUMBERS: Final = (int, float, np.integer, np.floating)
_KINDS: Final = {"f": "fiu", "i": "iub", "u": "iub", "b": "iub"}
"""Kinds of numbers in which a column of a kind may be stored."""


def read_text(file: h5py.File, name: str, *, may_be_empty: bool = False) -> str:
    """Return an attribute that is a text."""
    value = _attribute(file, name)
    if not isinstance(value, str) or len(value) > LONGEST_TEXT or not (value or may_be_empty):
        raise _wrong_attribute(file, name, value, f"a text of {0 if may_be_empty else 1} to {LONGEST_TEXT} characters")
    return value


def read_names(file: h5py.File, name: str) -> tuple[str, ...]:
    """Return an attribute that is a JSON list of different names."""
    value = _attribute(file, name)
    try:
        found = json.loads(value) if isinstance(value, str) else None
    except (ValueError, RecursionError):
        found = None
    found = found if isinstance(found, list) else []
    names = [one for one in found if isinstance(one, str) and one]
    if not names or len(set(names)) < len(found):
        raise _wrong_attribute(file, name, value, 'a JSON list of different names, such as ["science", "difference"]')
    return tuple(names)


def read_number(file: h5py.File, name: str) -> float:
    """Return an attribute that is a number above 0, or NaN if it is not known."""
    value = _attribute(file, name)
    if isinstance(value, _NUMBERS) and (math.isnan(value) or 0 < value < math.inf):
        return float(value)
    raise _wrong_attribute(file, name, value, "a number above 0")


def read_count(file: h5py.File, name: str) -> int:
    """Return an attribute that is a whole number above 0."""
    value = _attribute(file, name)
    if isinstance(value, _NUMBERS) and 0 < value < math.inf and value == int(value):
        return int(value)
    raise _wrong_attribute(file, name, value, "a whole number above 0")


def metadata_columns(file: h5py.File) -> tuple[str, ...]:
    """Return the columns of numbers in ``/candidates`` that the schema does not name, sorted."""
    table = file.get("candidates")
    others = sorted(set(table) - set(schema.CANDIDATE_COLUMNS)) if isinstance(table, h5py.Group) else []
    return tuple(name for name in others if isinstance(table[name], h5py.Dataset) and table[name].dtype.kind == "f")


def require_layout(file: h5py.File, name: str, row_shape: tuple[int, ...]) -> None:
    """Refuse a file whose data sets are not those of a cutout file with rows of this shape.

    Parameters
    ----------
    file : h5py.File
        Opened to read; no pixel of it is read.
    name : str
        The data set that holds the rows: ``cutouts`` or ``features``.
    row_shape : tuple of int
        Pixels and channels of a cutout, ``(y, x, channel)``, or ``(feature,)``, as its attributes say.

    Raises
    ------
    InputError
        If a data set is missing or of another type or shape; node, what it is and what is allowed are named.
    """
    pixels, where = _data(file, name), file.filename
    if pixels.dtype.kind != "f" or pixels.ndim != 1 + len(row_shape) or pixels.shape[1:] != row_shape:
        said = ", ".join(map(str, row_shape))
        raise _wrong(pixels, f"float32 of shape (n, {said}), as its attributes say")
    rows = pixels.shape[0]
    digests = _data(file, schema.PIXEL_DIGEST)
    if digests.dtype != np.uint64 or digests.shape != (rows,):
        raise _wrong(digests, f"uint64 of shape ({rows},)")
    table = file.get("candidates")
    if not isinstance(table, h5py.Group) or "candidate_id" not in table:
        raise InputError(f"{where}: there is no table 'candidates' with a column 'candidate_id'")
    for column in table:
        _require_column(_data(table, column), schema.CANDIDATE_COLUMNS.get(column, ""), rows)
    dropped = file.get("dropped")
    if not isinstance(dropped, h5py.Group):
        raise InputError(f"{where}: there is no table 'dropped'")
    lost = len(_data(dropped, "candidate_id"))
    for column in dropped:
        _require_column(_data(dropped, column), schema.DROPPED_COLUMNS.get(column, ""), lost)
    if file.attrs["schema"] == schema.SCHEMA_OF_KINDS:
        _require_row_columns(file, rows)
    if _SPLIT in file:
        _require_split(_data(file, _SPLIT), rows)


def _require_row_columns(file: h5py.File, rows: int) -> None:
    for column in [column for column in schema.ROW_COLUMNS if column in file]:
        _require_column(_data(file, column), schema.ROW_COLUMNS[column], rows)
    if schema.WEIGHT in file:
        require_weights(file[schema.WEIGHT][:], file.filename)


def require_weights(weights: NDArray[np.number], where: str) -> None:
    """Refuse weights of rows, ``(n,)``, of which one is no finite number of at least 0.

    Raises
    ------
    InputError
        With the row, counted from 0, and its weight.
    """
    wrong = np.flatnonzero(~(np.isfinite(weights) & (weights >= 0)))
    if len(wrong):
        raise InputError(f"{where}: the weight of row {wrong[0]} is {weights[wrong[0]]}; allowed: 0 and above, finite")


def _require_column(data: h5py.Dataset, kind: str, rows: int) -> None:
    """Refuse a column of another length or kind; one that the schema does not know may be of any kind."""
    stored = "text" if h5py.check_string_dtype(data.dtype) else data.dtype.kind
    allowed = (stored,) if not kind else (kind,) if kind == schema.TEXT else tuple(_KINDS[np.dtype(kind).kind])
    if data.shape != (rows,) or stored not in allowed:
        raise _wrong(data, f"{kind or 'one value per row'} of shape ({rows},)")


def _require_split(data: h5py.Dataset, rows: int) -> None:
    if data.shape != (rows,) or data.dtype.kind not in "iu":
        raise _wrong(data, f"int8 of shape ({rows},)")
    parts = data[:]
    if len(parts) and (parts.min() < 0 or parts.max() >= len(PARTS) or (np.diff(parts.astype(int)) < 0).any()):
        known = ", ".join(f"{code} {name}" for name, code in PARTS.items())
        raise InputError(f"{data.file.filename}: 'split' is not sorted or holds other parts; allowed: {known}")


def _data(group: h5py.Group, name: str) -> h5py.Dataset:
    found = group.get(name)
    if not isinstance(found, h5py.Dataset):
        held = "nothing" if found is None else "a group"
        raise InputError(f"{group.file.filename}: {name!r} in {group.name} is {held}; allowed: a data set")
    return found


def _wrong(data: h5py.Dataset, allowed: str) -> InputError:
    what = f"{str(data.dtype)[:60]} of shape {data.shape}"
    return InputError(f"{data.file.filename}: data set {data.name!r} is {what}; allowed: {allowed}")


def _attribute(file: h5py.File, name: str) -> object:
    if name not in file.attrs:
        there = ", ".join(list(file.attrs)[:20])
        raise InputError(f"{file.filename} has no attribute {name!r}; there: {there}")
    return file.attrs[name]


def _wrong_attribute(file: h5py.File, name: str, value: object, allowed: str) -> InputError:
    shown = " ".join(repr(value)[:60].split())
    return InputError(f"{file.filename}: attribute {name!r} is {shown}; allowed: {allowed}")
