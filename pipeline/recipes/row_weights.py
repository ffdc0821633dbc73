"""How much rows of a data set count by a list, as the key ``weights`` of its recipe states it.

Tested by tests/pipeline/stages/test_build_dataset_weighted.py.
"""

import math
from dataclasses import dataclass
from typing import Final, Literal

from pipeline.errors import SettingsError

STATED: Final = "stated"


@dataclass(frozen=True, kw_only=True)
class RowWeights:
    """A list of rows that count less, more or not at all.

    Attributes
    ----------
    file : str
        CSV file of candidate ids (docs/formats.md#weight-file), such as ``suspicious.csv`` of `FindSuspiciousLabels`.
    rule : {"stated", "drop", "down_weight"}
        ``stated``: the column ``weight`` says how much a row counts. Of a list of suspicious labels, ``drop`` leaves
        training and validation rows out, and ``down_weight`` multiplies their weight by ``factor``; test rows stay, for
        a list made by models would flatter them.
    factor : float
        Of ``down_weight``, 0 to 1.
    first : int
        Only so many rows from the top of the list count, at least 0; 0: all.
    """

    file: str
    rule: Literal["stated", "drop", "down_weight"] = "stated"
    factor: float = 0.2
    first: int = 0

    def __post_init__(self) -> None:
        if not self.file:
            raise SettingsError("weights.file is empty; allowed: a CSV file of candidate ids")
        if not (math.isfinite(self.factor) and 0 <= self.factor <= 1):
            raise SettingsError(f"weights.factor is {self.factor:g}; allowed: 0 to 1")
        if self.first < 0:
            raise SettingsError(f"weights.first is {self.first}; allowed: at least 0, 0 for all rows")

    @property
    def is_of_all_parts(self) -> bool:
        """Whether test rows are left out as well where their weight is 0."""
        return self.rule == STATED

    @property
    def listed_weight(self) -> float:
        """The weight of each listed row, if the list is of suspicious labels."""
        return 0.0 if self.rule == "drop" else self.factor
