"""Typed columns made of a database driver's rows, block by block, the same for every server."""

import datetime
import decimal
import uuid
from collections.abc import Mapping, Sequence

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.errors import InputError
from pipeline.ids.text import id_text

_RANKS = (pa.null(), pa.int64(), pa.float64(), pa.large_string())
"""From narrow to wide: a column has the widest type that one of its blocks needs."""
_WHOLE, _REAL, _BYTES = {int, bool}, {int, bool, float, decimal.Decimal}, {bytes, bytearray, memoryview}


class TypedColumns:
    """Columns that grow by blocks of rows; a value takes the bytes of its type and no Python object.

    Parameters
    ----------
    names : sequence of str
        The columns.
    ids : sequence of str
        Those that are ids: text whatever the server's type, empty where absent.
    what : str
        Where the rows come from, for messages.
    """

    def __init__(self, names: Sequence[str], ids: Sequence[str], what: str) -> None:
        repeated = [name for index, name in enumerate(names) if name in names[:index]]
        if repeated:
            raise InputError(f"{what}: column {repeated[0]!r} appears twice")
        self.names = list(names)
        self._ids, self._what = set(ids), what
        self._blocks: dict[str, list[pa.Array]] = {name: [] for name in names}

    def append(self, rows: Sequence[Sequence[object]]) -> None:
        """Add a block of rows."""
        for name, values in zip(self._blocks, zip(*rows, strict=True), strict=False):
            what = f"{self._what}: column {name!r}"
            if name in self._ids:
                array = pa.array([id_text(value, what) for value in _texts(values, what)], pa.large_string())
            else:
                array = _array(values, what)
            self._blocks[name].append(array)

    def table(self) -> pa.Table:
        """Return all rows since the last call, and keep none of them."""
        return pa.table({name: self._joined(name) for name in self.names})

    def narrowest(self, name: str) -> pa.DataType:
        """Return the type of a column that has no rows."""
        return pa.large_string() if name in self._ids else pa.null()

    def _joined(self, name: str) -> pa.ChunkedArray:
        blocks, self._blocks[name] = self._blocks[name], []
        widest = widest_type([self.narrowest(name), *(block.type for block in blocks)])
        for number, block in enumerate(blocks):  # one at a time, so that few exist twice
            blocks[number] = block.cast(widest)
        return pa.chunked_array(blocks, widest)


def widest_type(types: Sequence[pa.DataType]) -> pa.DataType:
    """Return the type that holds the values of all of a column's blocks."""
    return max(types, key=_RANKS.index)


def _array(values: Sequence[object], what: str) -> pa.Array:
    """Return one column of a block as null, int64, float64 or text."""
    kinds = set(map(type, values)) - {type(None)}
    if not kinds:
        return pa.nulls(len(values))
    if kinds <= _WHOLE:
        try:
            return pa.array([None if value is None else int(value) for value in values], pa.int64())  # type: ignore[call-overload]
        except (OverflowError, pa.ArrowInvalid):
            kinds = {str}
    if kinds <= _REAL:
        return pa.array([None if value is None else float(value) for value in values], pa.float64())  # type: ignore[arg-type]
    if kinds == {str}:
        return pa.array([None if value is None else str(value) for value in values], pa.large_string())
    texts = [value if value is None else _text(value) for value in _texts(values, what)]
    return pa.array(texts, pa.large_string())


def _text(value: object) -> str:
    """Return a value as text: times in ISO form, the elements of an array joined by semicolons."""
    if isinstance(value, list):
        return ";".join(map(_text, value))
    return value.isoformat() if isinstance(value, datetime.date | datetime.time) else str(value)


def _texts(values: Sequence[object], what: str) -> Sequence[object]:
    """Return values with bytes decoded, and exact numbers and UUIDs as what they say."""
    kinds = set(map(type, values))
    if kinds & _BYTES:
        values = [_decoded(value, what) if type(value) in _BYTES else value for value in values]
    if kinds & {decimal.Decimal, uuid.UUID, bool}:
        values = [_exact(value) for value in values]
    return values


def _decoded(value: object, what: str) -> str:
    try:
        return bytes(value).decode("utf-8")  # type: ignore[call-overload]
    except UnicodeDecodeError as error:
        raise InputError(f"{what} holds bytes that are not UTF-8 text; allowed: numbers and text") from error


def _exact(value: object) -> object:
    if isinstance(value, decimal.Decimal) and value.is_finite() and value == value.to_integral_value():
        return int(value)
    return str(value) if isinstance(value, uuid.UUID) else value


def in_order(table: pa.Table, keys: Sequence[str] = ()) -> pa.Table:
    """Return rows sorted by some columns as text, byte by byte, and then by all others.

    Rows whose first key ascends already, each value above the one before, are returned as they are.
    """
    texts = {f"\0{key}": table[key].cast(pa.large_string()) for key in keys}
    for first in list(texts.values())[:1]:
        if len(first) < 2 or pc.all(pc.less(first.slice(0, len(first) - 1), first.slice(1))).as_py():
            return table
    names = [*texts, *(name for name in table.column_names if not pa.types.is_null(table[name].type))]
    if not names or len(table) < 2:
        return table
    for name, column in texts.items():
        table = table.append_column(name, column)
    return table.take(pc.sort_indices(table, [(name, "ascending") for name in names])).drop_columns(list(texts))


def to_frame(table: pa.Table) -> pd.DataFrame:
    """Return the columns for pandas: text as ``str``, whole numbers with gaps as floats; the table is used up."""
    return table.to_pandas(split_blocks=True, self_destruct=True)


def bound_values(parameters: Mapping[str, object], what: str) -> dict[str, object]:
    """Return parameters that every driver can bind.

    Raises
    ------
    InputError
        If a text holds what no database stores as text: NUL, or half a character.
    """
    for name, value in parameters.items():
        if isinstance(value, str):
            try:
                sound = "\0" not in value and bool(value.encode("utf-8") or True)
            except UnicodeEncodeError:
                sound = False
            if not sound:
                raise InputError(
                    f"{what}: parameter {name!r} is {value!r}; allowed: text without NUL and half characters"
                )
    return dict(parameters)
