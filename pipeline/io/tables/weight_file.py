"""Lists of weights: CSV of candidate ids, and of how much each row counts, or of rows whose labels are suspicious.

Tested by tests/pipeline/stages/test_build_dataset_weighted.py.
"""

from typing import TYPE_CHECKING

from pipeline.errors import InputError
from pipeline.io.tables.label_file import label_path, read_labels
from pipeline.recipes.row_weights import STATED, RowWeights

if TYPE_CHECKING:
    import pandas as pd

_WEIGHT = "weight"


def read_weights(settings: RowWeights) -> "pd.Series":
    """Return what the weights of some rows are multiplied by, by candidate id.

    Parameters
    ----------
    settings : RowWeights
        The file, and what its rows mean. A relative path starts at the folder above the settings.

    Raises
    ------
    MissingInputError, InputError
        If the file is missing or no such CSV, an id is empty or appears twice, or a weight is not a finite number of at
        least 0; the row is named.
    """
    import pandas as pd

    path = label_path(settings.file)
    table = read_labels(settings.file, columns={"label": ""})
    if settings.first:
        table = table.head(settings.first)
    if settings.rule != STATED:
        return pd.Series(settings.listed_weight, index=table["candidate_id"].tolist(), dtype="float32")
    if _WEIGHT not in table:
        raise InputError(
            f"{path}: column {_WEIGHT!r} is missing; there: {', '.join(table.drop(columns='row'))}; a list of "
            "suspicious labels has none: name `rule: drop` or `rule: down_weight`"
        )
    numbers = pd.to_numeric(table[_WEIGHT], errors="coerce").astype("float64")
    wrong = ~((numbers >= 0) & (numbers < float("inf")))
    if wrong.any():
        row = int(wrong.idxmax())
        raise InputError(
            f"{path}: row {table['row'][row]}: weight is {table[_WEIGHT][row]!r}; allowed: finite, 0 and above"
        )
    return pd.Series(numbers.to_numpy("float32"), index=table["candidate_id"].tolist())
