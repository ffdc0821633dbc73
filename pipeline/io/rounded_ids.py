"""Ids that a spreadsheet has rounded: refused wherever a person's file brings ids."""

import re
from collections.abc import Iterable

from pipeline.errors import InputError

_ROUNDED = re.compile(r"[+-]?\d(\.\d+)?[eE]\+\d+", re.ASCII)
"""How a spreadsheet writes a long whole number; ``1E5`` and ``3e91`` may be names, and have no sign."""


def require_unrounded(ids: Iterable[object], where: str, first_row: int = 1) -> None:
    """Refuse ids in scientific notation: a spreadsheet has rounded them, and they match nothing.

    Parameters
    ----------
    ids : iterable
        Ids as the file has them, in its order.
    where : str
        File and column, for the message.
    first_row : int
        Number of the row of the first.

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
    """Raise `InputError` with one id if it is in scientific notation; ``where`` may name its row."""
    if "+" in name and _ROUNDED.fullmatch(name.strip()):
        raise InputError(
            f"{where}: the id {name!r} is in scientific notation: a spreadsheet has rounded it; "
            "allowed: all digits of the id, as text"
        )
