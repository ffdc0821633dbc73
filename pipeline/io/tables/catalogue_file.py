"""Catalogue files: reads columns of a table and renames them to the names that you ask for."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.io.settings_files import config_folder, expand

if TYPE_CHECKING:
    import pandas as pd


def catalogue_path(text: str) -> Path:
    """Return the path of a catalogue; a relative one starts at the folder above the settings."""
    path = Path(expand(text, "a catalogue file"))
    return path if path.is_absolute() else config_folder().parent / path


def read_columns(
    path: Path, columns: Mapping[str, str], text: tuple[str, ...] = (), times: tuple[str, ...] = ()
) -> "pd.DataFrame":
    """Return columns of a table file, renamed.

    Parameters
    ----------
    path : Path
        The file, as :func:`pipeline.io.tables.table_file.read_table` reads it.
    columns : mapping
        What the file calls each column, by its new name.
    text : tuple of str
        New names of columns that are text, exactly as the file writes them; all others must be numbers.
    times : tuple of str
        New names of columns of times, which stay as the file holds them: numbers, dates and times, or text.

    Returns
    -------
    DataFrame
        Text as ``str``, numbers as float64, NaN where the file has a blank.

    Raises
    ------
    MissingInputError, InputError
        If the file or a column is missing, the file cannot be read, or a value is not a number; the row is named.
    """
    import pandas as pd

    from pipeline.io.tables.table_file import numbers_of, read_table, require_columns

    table = read_table(path, texts=[columns[name] for name in text], only=set(columns.values()))
    require_columns(table, columns.values(), str(path))
    return pd.DataFrame(
        {
            ours: table[theirs]
            if ours in times
            else table[theirs].astype("str").str.strip()
            if ours in text
            else numbers_of(table, theirs, str(path))
            for ours, theirs in columns.items()
        }
    )
