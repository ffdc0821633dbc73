"""Converts ids to text as a file or database holds them, so that no float rounds them."""

import math

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.errors import InputError
from pipeline.ids.rounded import MAY_BE_ROUNDED, refuse_rounded, require_unrounded

_EXACT = 2.0**53
"""Whole numbers below this are exact in a float; from here on a float may be another id, rounded."""


def id_texts(column: pa.ChunkedArray, what: str) -> pd.Series:
    """Return an Arrow column of ids as text without trailing blanks; a missing id is empty.

    Parameters
    ----------
    column : ChunkedArray
        Whole numbers or text, as read from Parquet.
    what : str
        File and column, for the message.

    Raises
    ------
    InputError
        If the column holds floats that are not whole numbers below 2^53, or texts of numbers that were rounded.
    """
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_floating(column.type):
        return pd.Series([id_text(value, what) for value in column.to_pylist()], dtype="str")
    texts = column.cast(pa.large_string()).fill_null("")
    if pc.any(pc.match_substring_regex(texts, MAY_BE_ROUNDED)).as_py():
        require_unrounded(texts.to_pylist(), what)
    return pd.Series(pc.utf8_rtrim(texts, " ").to_pandas(), dtype="str")


def id_text(value: object, what: str) -> str:
    """Return one id as text; a missing one is empty, and one that may have been rounded is an error.

    Trailing blanks are not part of it: some servers, and files made from them, pad CHAR(n) with them, others do not.

    Examples
    --------
    >>> id_text(2**53 + 1, "candid"), id_text("0017", "candid"), id_text(17.0, "candid"), id_text(None, "candid")
    ('9007199254740993', '0017', '17', '')
    >>> id_text(2.0**53, "candid")
    Traceback (most recent call last):
    ...
    pipeline.errors.InputError: candid holds the float 9007199254740992.0, which may be another id rounded; \
allowed: text or whole numbers
    """
    if isinstance(value, str):
        refuse_rounded(value, what)
        return value.rstrip(" ")
    if not isinstance(value, float):
        return "" if value is None else str(value)
    if math.isnan(value):
        return ""
    if not value.is_integer() or abs(value) >= _EXACT:
        raise InputError(f"{what} holds the float {value!r}, which may be another id rounded; "
                         "allowed: text or whole numbers")  # fmt: skip
    return str(int(value))
