"""CSV that is safe in a spreadsheet: no text is run as a formula, and our readers give back what was written.

A cell that begins with ``= + - @``, a tab or a line break is a formula to most spreadsheets, and a formula can ask
servers and start programs. Such a text gets an apostrophe in front, by which a spreadsheet knows a text, and so does
one that begins with an apostrophe itself; a reader takes one away where such a character follows. Numbers stay as they
are, those in a column of text too.
"""

import re
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

if TYPE_CHECKING:
    import pandas as pd

_NUMBER: Final = r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|\d+:\d+(?::\d+\.?\d*)?)"
"""A number, or an angle in sexagesimal form."""
_FORMULA: Final = re.compile(rf"(?!(?:{_NUMBER})\Z)[=+\-@\t\r\n']")
_NEUTRAL: Final = re.compile(r"'(?=[=+\-@\t\r\n'])")


def neutral(cell: object) -> object:
    """Return a cell as it is written.

    Examples
    --------
    >>> neutral("=HYPERLINK(0)"), neutral("-12:30:05.1"), neutral("-a"), neutral("'x"), neutral("ZTF18abc"), neutral(-1)
    ("'=HYPERLINK(0)", '-12:30:05.1', "'-a", "''x", 'ZTF18abc', -1)
    """
    return f"'{cell}" if isinstance(cell, str) and _FORMULA.match(cell) else cell


def as_written(cell: str) -> str:
    """Return what a cell was before `neutral`.

    Examples
    --------
    >>> as_written("'=HYPERLINK(0)"), as_written("''x"), as_written("'x"), as_written("-a")
    ('=HYPERLINK(0)', "'x", "'x", '-a')
    """
    return _NEUTRAL.sub("", cell, count=1) if cell.startswith("'") else cell


def write_csv(target: Path | IO[str], table: "pd.DataFrame", **options: object) -> None:
    """Write a table with a head line and without its index.

    Parameters
    ----------
    target : Path or text file
        The file to write.
    table : DataFrame
        Texts in it, and the names of its columns, are written as `neutral` gives them.
    options
        Further arguments of `pandas.DataFrame.to_csv`.
    """
    texts = {name: column.map(neutral) for name, column in table.items() if column.dtype.kind not in "iufb"}
    table.assign(**texts).rename(columns=neutral).to_csv(target, index=False, **options)


def cells_as_written(table: "pd.DataFrame") -> "pd.DataFrame":
    """Return a table, as a reader of CSV gave it, with its texts and names of columns as they were before."""
    texts = {}
    for name, column in table.items():
        if column.dtype.kind in "iufb":
            continue
        marked = column.astype("str").str.startswith("'").to_numpy()
        if marked.any():
            changed = column.copy()
            changed[marked] = column[marked].map(as_written)
            texts[name] = changed
    return table.assign(**texts).rename(columns=lambda name: as_written(name) if isinstance(name, str) else name)
