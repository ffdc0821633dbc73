"""Corrected labels: a CSV list of ids with new labels, which a data set takes over by id."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipeline.classes import CLASS_NAMES
from pipeline.errors import InputError, MissingInputError, NightsiftError
from pipeline.ids.rounded import require_unrounded
from pipeline.io.files.csv_cells import cells_as_written
from pipeline.io.files.inflating import open_packed
from pipeline.io.fits.file_names import is_fits, stem_of
from pipeline.io.tables.label_file import label_path

if TYPE_CHECKING:
    import pandas as pd

_IDS = ("candidate_id", "id", "file")


def read_relabels(text: str, class_names: Sequence[str] = CLASS_NAMES) -> "pd.Series":
    """Return new labels by candidate id.

    Parameters
    ----------
    text : str
        Path of a CSV file with two columns, the id and the label, with or without a head
        (``candidate_id,label``, ``id,label`` or ``file,label``). A relative path starts at the folder above the
        settings. Names of FITS files are taken without their ending.
    class_names : sequence of str
        The classes, at the index of their codes; a label is a name, in any case, or a code.

    Returns
    -------
    Series of int
        The code of the class, such as 1 real, 0 bogus, with the ids as index.

    Raises
    ------
    MissingInputError, InputError
        If the file is missing or is not such a CSV, an id appears twice, or a label is not allowed; the row is named.
    """
    import pandas as pd

    path = label_path(text)
    if not path.is_file():
        raise MissingInputError(f"no label file {path}")
    try:
        with open_packed(path) as stream:
            table = pd.read_csv(stream, dtype="str", header=None, keep_default_na=False, encoding="utf-8-sig")
            table = cells_as_written(table)
    except NightsiftError:
        raise
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError, ValueError) as error:
        raise InputError(f"{path} is not a readable CSV file: {' '.join(str(error).split())}") from error
    if len(table.columns) < 2:
        raise InputError(f"{path} has one column; allowed: an id and a label")
    head = int(table.iloc[0, 0].strip().lower() in _IDS)
    label_column = (
        [str(name).strip().lower() for name in table.iloc[0]].index("label") if _has_label(table, head) else 1
    )
    ids = table.iloc[head:, 0].str.strip()
    ids = ids.where(~ids.map(is_fits), ids.map(stem_of))
    require_unrounded(ids, str(path), first_row=head + 1)
    words = table.iloc[head:, label_column].str.strip().str.lower()
    labels = {
        spelling: code for code, name in enumerate(class_names) for spelling in (str(code), f"{code:.1f}", name.lower())
    }
    if (~words.isin(labels)).any():
        row = (~words.isin(labels)).idxmax()
        codes = ", ".join(map(str, reversed(range(len(class_names)))))
        allowed = f"{codes}, {', '.join(reversed(class_names))}"
        raise InputError(f"{path}: row {row + 1}: label is {words[row]!r}; allowed: {allowed}")
    for bad, fault in ((ids == "", "is empty"), (ids.duplicated(), "appears twice")):
        if bad.any():
            row = bad.idxmax()
            raise InputError(f"{path}: row {row + 1}: id {ids[row]!r} {fault}")
    return pd.Series([labels[word] for word in words], index=ids.tolist(), dtype="int8")


def _has_label(table: "pd.DataFrame", head: int) -> bool:
    return bool(head) and "label" in [str(name).strip().lower() for name in table.iloc[0]]
