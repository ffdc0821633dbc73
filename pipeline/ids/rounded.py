"""Refuses ids that a spreadsheet or a column of floats has rounded, in every file of ids."""

import re
from collections.abc import Iterable

from pipeline.errors import InputError

_ROUNDED = re.compile(r"[+-]?\d(\.\d+)?[eE]\+\d+", re.ASCII)
"""How a spreadsheet writes a long whole number; ``1E5`` and ``3e91`` may be names, and have no sign."""
_FLOAT = re.compile(r"[+-]?\d{16,}\.0*", re.ASCII)
"""How a table of floats writes one, such as a column of ids in which one is missing: floats have 15 digits."""
MAY_BE_ROUNDED = r"\+|\d{16}.*\."
"""What every such id contains, for a quick look at many."""


def require_unrounded(ids: Iterable[object], where: str, first_row: int = 1) -> None:
    """Refuse ids in scientific notation and long ones written as floats: they were rounded and match nothing.

    Parameters
    ----------
    ids : iterable
        Ids as the file has them, in its order.
    where : str
        File and column, for the message.
    first_row : int
        Number of the row of the first id.

    Raises
    ------
    InputError
        With the row and the value of the first such id.

    Examples
    --------
    >>> require_unrounded(["39089837499752901", "1E5"], "labels.csv")
    >>> require_unrounded(["0017", "3.91E+16"], "labels.csv", first_row=2)
    Traceback (most recent call last):
    ...
    pipeline.errors.InputError: labels.csv: row 3: the id '3.91E+16' is in scientific notation: a spreadsheet has \
rounded it; allowed: all digits of the id, as text
    """
    for row, name in enumerate(ids, first_row):
        if isinstance(name, str):
            refuse_rounded(name, f"{where}: row {row}")


def refuse_rounded(name: str, where: str) -> None:
    """Raise `InputError` with one id if it has been rounded; ``where`` may name its row."""
    text = name.strip()
    if "+" in text and _ROUNDED.fullmatch(text):
        raise InputError(
            f"{where}: the id {name!r} is in scientific notation: a spreadsheet has rounded it; "
            "allowed: all digits of the id, as text"
        )
    if "." in text and _FLOAT.fullmatch(text):
        raise InputError(
            f"{where}: the id {name!r} is written as a float, which has rounded it; "
            "allowed: all digits of the id, as text"
        )
