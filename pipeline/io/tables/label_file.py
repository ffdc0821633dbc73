"""Label files: CSV with an id and a label and, if known, ``kind,label_source``; joined by id, never by position."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.classes import CLASS_NAMES, allowed_labels, label_values
from pipeline.errors import InputError, MissingInputError, NightsiftError
from pipeline.ids.rounded import require_unrounded
from pipeline.io.files.csv_cells import cells_as_written
from pipeline.io.files.digests import file_digest
from pipeline.io.files.inflating import open_packed
from pipeline.io.settings_files import config_folder, expand

if TYPE_CHECKING:
    import pandas as pd

_FILE_KEYS = ("file", "catalogue", "variable_catalogue")


def label_path(text: str, night: str = "") -> Path:
    """Return the path of a label file; a relative one starts at the folder above the settings.

    ``{night}`` in the name is replaced by the night.
    """
    path = Path(expand(text.replace("{night}", night), "a file of labels"))
    return path if path.is_absolute() else config_folder().parent / path


def named_files(entries: Iterable[Mapping[str, object]], night: str) -> dict[str, str]:
    """Return the digest of each file that entries of ``labels`` and ``cleaning`` name, by its name there."""
    files = [str(entry[key]) for entry in entries for key in _FILE_KEYS if entry.get(key)]
    return {file: file_digest(label_path(file, night)) for file in files}


def read_labels(
    text: str,
    night: str = "",
    columns: Mapping[str, str] | None = None,
    words: Mapping[str, str] | None = None,
    class_names: Sequence[str] = CLASS_NAMES,
) -> "pd.DataFrame":
    """Return the labels of a file, ids as text.

    Parameters
    ----------
    text : str
        Path of the file, see `label_path`.
    night : str
        What replaces ``{night}`` in the path.
    columns : mapping, optional
        What the file calls ``candidate_id`` and ``label``; an empty name for ``label`` means that it has no labels.
    words : mapping, optional
        What else the file writes for a class or ``none``, beside their names in any case, their codes, and nothing
        (none).
    class_names : sequence of str
        The classes, at the index of their codes.

    Returns
    -------
    DataFrame
        ``candidate_id``, ``label`` (the code, -1 for none), ``word`` (the label as the file writes it), ``row`` (the
        line of the file; the head is line 1), and the file's other columns as text, without the blanks around them.

    Raises
    ------
    MissingInputError, InputError
        If the file or a column is missing, an id is empty, was rounded by a spreadsheet or appears twice, or a label
        is not one of those allowed; the row is named.
    """
    path = label_path(text, night)
    table = _read(path)
    names = {"candidate_id": "candidate_id", "label": "label"} | dict(columns or {})
    for column in filter(None, names.values()):
        if column not in table:
            raise InputError(f"{path}: column {column!r} is missing; there: {', '.join(table)}")
    clash = [ours for ours, theirs in names.items() if theirs and theirs != ours and ours in table]
    table = table.drop(columns=clash).rename(columns={theirs: ours for ours, theirs in names.items() if theirs})
    table["row"] = table.index + 2
    _require_ids(path, table)
    if not names["label"]:
        return table.drop(columns="label", errors="ignore")
    return _valued(path, table, words or {}, class_names)


def _read(path: Path) -> "pd.DataFrame":
    import pandas as pd

    if not path.is_file():
        raise MissingInputError(f"no label file {path}")
    try:
        with open_packed(path) as stream:
            table = pd.read_csv(stream, dtype="str", keep_default_na=False, encoding="utf-8-sig", index_col=False)
            table = cells_as_written(table)
    except NightsiftError:
        raise
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError, ValueError, OSError) as error:
        raise InputError(f"{path} is not a readable CSV file: {' '.join(str(error).split())}") from error
    table.columns = table.columns.str.strip()
    return table.apply(lambda column: column.str.strip()).reset_index(drop=True)


def _require_ids(path: Path, table: "pd.DataFrame") -> None:
    ids = table["candidate_id"]
    if (ids == "").any():
        raise InputError(f"{path}: row {table['row'][int((ids == '').idxmax())]}: candidate_id is empty")
    require_unrounded(ids, str(path), first_row=2)
    repeated = ids.duplicated()
    if repeated.any():
        second = int(repeated.idxmax())
        first = int((ids == ids[second]).idxmax())
        raise InputError(
            f"{path}: row {table['row'][second]}: candidate_id {ids[second]!r} already appears in row "
            f"{table['row'][first]}; allowed: once"
        )


def _valued(path: Path, table: "pd.DataFrame", words: Mapping[str, str], class_names: Sequence[str]) -> "pd.DataFrame":
    values = label_values(class_names)
    meant = {word: values[meaning.lower()] for word, meaning in words.items()}
    numbers = [meant.get(word, values.get(word.lower())) for word in table["label"]]
    if None in numbers:
        place = numbers.index(None)
        raise InputError(
            f"{path}: row {table['row'][place]}: label is {table['label'][place]!r}; allowed: "
            f"{', '.join([allowed_labels(class_names), *words])}; `words` says what others mean"
        )
    return table.assign(word=table["label"], label=numbers).astype({"label": int})
