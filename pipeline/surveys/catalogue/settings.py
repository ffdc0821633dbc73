"""The ``input`` of a survey of a table: its files, which column is what, and what is made of the columns.

Tested by tests/pipeline/surveys/catalogue/test_survey.py.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from typing import Final

from pipeline.classes import GIVEN_PART, PARTS
from pipeline.errors import SettingsError
from pipeline.expressions.column_settings import ColumnSettings
from pipeline.io.results.schema import CANDIDATE_COLUMNS

_FILLED: Final = ("label", "label_source", "night", "flags", "edge_fraction", "nan_fraction", "x_pixel", "y_pixel")
"""Columns that reading fills, or that a table does not have."""
NAMED: Final = tuple(name for name in CANDIDATE_COLUMNS if name not in _FILLED)
"""Our columns that a column of the table may be."""
ROW_NUMBER: Final = "\0row"
"""Stands where the column of ids would, if rows have the number in their file as id; no column is called so."""


@dataclass(frozen=True, kw_only=True)
class CatalogueInput(ColumnSettings):
    """The ``input`` of a survey of a table: its files, which column is what, and what is made of the columns.

    Attributes
    ----------
    folder : str
        Where the files lie.
    files : tuple of str
        Files of the same columns, read one after the other; ``*`` stands for any text: FITS, CSV, ECSV, Parquet or
        VOTable, by their endings. ECSV and VOTable are read whole, the others in blocks.
    columns : mapping of str to str
        Our name of a column, such as ``candidate_id ra_deg dec_deg object_id magnitude``, to the table's; at least
        ``candidate_id``, which is read as text, unless ``row_ids`` is set. A column that is not named is not known.
    row_ids : bool
        Whether the rows of tables without ids are called by file and row, as ``sources.csv:17``; row 1 is the first.
    hdu : str
        Name or number of the HDU of a FITS table; empty: the first table.
    class_column : str
        Column with the class of each row, in place of ``class_rules``; blank: without a label.
    class_values : mapping of str to str
        What the column holds, to the class that it means; what stands here not means the class of its own name.
    parts : mapping of str to tuple of str
        For ``train``, ``validation`` and ``test`` the names of files, or patterns, whose rows are that part of a data
        set that is divided ``by: part``; every file is of one. It makes the column ``part``, which ``metadata`` of the
        survey has to name.
    """

    folder: str
    files: tuple[str, ...]
    columns: Mapping[str, str]
    row_ids: bool = False
    hdu: str = ""
    class_column: str = ""
    class_values: Mapping[str, str] = field(default_factory=dict)
    parts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.files:
            raise SettingsError("files is empty; allowed: names of tables")
        if self.row_ids and "candidate_id" in self.columns:
            raise SettingsError("row_ids is set, and columns name a candidate_id; allowed: one of them")
        if not self.row_ids and "candidate_id" not in self.columns:
            raise SettingsError(
                f"columns has {', '.join(self.columns) or 'nothing'}; candidate_id is missing: name the column of ids, "
                "or set row_ids for a table that has none"
            )
        wrong = [name for name in self.columns if name not in NAMED]
        if wrong:
            raise SettingsError(f"columns names {wrong[0]!r}; allowed: {', '.join(NAMED)}")
        if self.class_column and self.class_rules is not None:
            raise SettingsError(
                f"class_column is {self.class_column!r} and class_rules are stated too; allowed: one of them"
            )
        if self.class_column and self.target:
            raise SettingsError(
                f"target is {self.target!r} and class_column is {self.class_column!r}; allowed: one of them"
            )
        if self.class_values and not self.class_column:
            raise SettingsError("class_values are stated, and class_column is empty; name the column")
        if strangers := [name for name in self.parts if name not in PARTS]:
            raise SettingsError(f"parts names {strangers[0]!r}; allowed: {', '.join(PARTS)}")

    @property
    def named(self) -> Mapping[str, str]:
        """The columns by our names, `ROW_NUMBER` in the place of a column of ids that there is not."""
        return {**self.columns, "candidate_id": self.columns.get("candidate_id", ROW_NUMBER)}

    @property
    def made(self) -> frozenset[str]:
        """Columns that a table does not have, but which are made for its rows."""
        return frozenset({*self.first_known, *([GIVEN_PART] if self.parts else [])})

    def part_of(self, name: str) -> float:
        """Return the code of the part whose rows a file has; NaN if no file is of a part.

        Raises
        ------
        SettingsError
            If files are of parts, and this one is of none or of several.
        """
        found = [part for part, patterns in self.parts.items() if any(fnmatch(name, one) for one in patterns)]
        if self.parts and len(found) != 1:
            raise SettingsError(f"{name} is of {' and '.join(found) or 'none'} of parts; allowed: one of them")
        return float(PARTS[found[0]]) if found else math.nan
