"""Label files: CSV with ``candidate_id,label`` and, if known, ``kind,label_source``; joined by id."""

from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import InputError, MissingInputError
from pipeline.io.settings_files import config_folder, expand

if TYPE_CHECKING:
    import pandas as pd


def label_path(text: str) -> Path:
    """Return the path of a label file; a relative one starts at the folder above the settings."""
    path = Path(expand(text, "a CSV file of labels"))
    return path if path.is_absolute() else config_folder().parent / path


def read_labels(text: str) -> "pd.DataFrame":
    """Return the labels of a file, ids as text.

    Raises
    ------
    MissingInputError, InputError
        If the file or a column is missing, or a label is no whole number; the row is named.
    """
    import pandas as pd

    path = label_path(text)
    if not path.is_file():
        raise MissingInputError(f"no label file {path}")
    try:
        table = pd.read_csv(path, dtype="str", keep_default_na=False, encoding="utf-8-sig")
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is no readable CSV file: {' '.join(str(error).split())}") from error
    for column in ("candidate_id", "label"):
        if column not in table:
            raise InputError(f"{path}: column {column!r} is missing; there: {', '.join(table)}")
    bad = ~table["label"].isin(["-1", "0", "1"])
    if bad.any():
        line = int(bad.idxmax())
        raise InputError(f"{path}: row {line + 2}: label is {table['label'][line]!r}; allowed: 1, 0, -1")
    return table.assign(label=table["label"].astype(int))
