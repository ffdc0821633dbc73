"""Blocks of a table's rows as our columns: ids as text, numbers checked, classes by name.

Tested by tests/pipeline/surveys/catalogue/test_survey.py.
"""

import logging
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.classes import UNLABELLED
from pipeline.errors import InputError
from pipeline.expressions.columns import needed_columns, require_columns
from pipeline.io.results.schema import CANDIDATE_COLUMNS, TEXT
from pipeline.surveys.catalogue.settings import ROW_NUMBER, CatalogueInput
from pipeline.surveys.settings import SurveySettings

log = logging.getLogger(__name__)
_BLANK = ("", "nan", "null", "none", "--")
_FLAGS = {"true": "1", "false": "0"}
"""Flags as a text file writes them, in any case."""


@dataclass(kw_only=True)
class ReadRows:
    """One block of rows as numbers and texts.

    Attributes
    ----------
    texts : dict of str to ndarray of object, (n,)
        Text columns by the table's names.
    numbers : dict of str to ndarray, (n,)
        Number columns by the table's names, masked or NaN where they are missing.
    reason : ndarray of object, (n,)
        Why a row cannot be read; empty where it can.
    """

    texts: dict[str, NDArray[np.object_]]
    numbers: dict[str, NDArray[Any]]
    reason: NDArray[np.object_]

    def __len__(self) -> int:
        return len(self.reason)


@dataclass(frozen=True, kw_only=True)
class WantedColumns:
    """Which columns of a table are read, and as what.

    Attributes
    ----------
    texts, numbers : frozenset of str
        By the table's names.
    """

    texts: frozenset[str]
    numbers: frozenset[str]

    @classmethod
    def of(cls, settings: SurveySettings, survey_input: CatalogueInput) -> "WantedColumns":
        """Return the columns that a survey needs."""
        named = survey_input.named.items()
        texts = {theirs for ours, theirs in named if CANDIDATE_COLUMNS[ours] == TEXT or ours == "flux_sign"}
        texts |= {survey_input.class_column} - {""}
        numbers = {theirs for _, theirs in named if theirs not in texts}
        numbers |= needed_columns(survey_input)
        for path in settings.metadata_paths.values():
            numbers |= {*survey_input.first_known.get(path, () if path in survey_input.made else (path,))}
        return cls(texts=frozenset(texts), numbers=frozenset(numbers))

    @property
    def all(self) -> frozenset[str]:
        """Every column that is read."""
        return (self.texts | self.numbers) - {ROW_NUMBER}


def require_known(
    names: Sequence[str], wanted: WantedColumns, settings: SurveySettings, survey_input: CatalogueInput, where: str
) -> None:
    """Raise an error that names every column which a table lacks, with the nearest that it has.

    Parameters
    ----------
    names : sequence of str
        The table's columns.
    wanted : WantedColumns
        What is read of it.
    settings : SurveySettings
        The survey's.
    survey_input : CatalogueInput
        Its ``input``.
    where : str
        The table, for the message.

    Raises
    ------
    InputError, SettingsError
        If a column is missing.
    """
    stated = {theirs: f"columns.{ours}" for ours, theirs in survey_input.columns.items()}
    made = survey_input.made
    stated |= dict.fromkeys((path for path in settings.metadata_paths.values() if path not in made), "metadata")
    stated |= {survey_input.class_column: "class_column"} if survey_input.class_column else {}
    absent = [f"{key} names {name!r}{_nearest(name, names)}" for name, key in stated.items() if name not in names]
    if absent:
        raise InputError(f"{where}: {'; '.join(absent)}, which is no column; there: {', '.join(names)[:600]}")
    require_columns(survey_input, names, where)
    both = wanted.texts & wanted.numbers
    if both:
        raise InputError(f"{where}: column {min(both)!r} is used as text and in an expression; allowed: one of them")


class RowReader:
    """Turns blocks of a table into checked numbers and texts, and counts what it passed over.

    Parameters
    ----------
    wanted : WantedColumns
        What is read.
    id_column : str
        The table's column of ids, or `ROW_NUMBER`.
    where : str
        The table, for messages.
    name : str
        What it is called in ids by the number of the row.
    broken : sequence of int
        Rows, from 1, that are passed over; it may grow while blocks are read.
    """

    def __init__(
        self, wanted: WantedColumns, id_column: str, where: str, *, name: str = "", broken: Sequence[int] = ()
    ) -> None:
        self._wanted, self._id_column, self._where, self._name = wanted, id_column, where, name
        self._broken = broken
        self._row = 0
        self._told: set[str] = set()

    def read(self, columns: Mapping[str, NDArray[Any]]) -> ReadRows:
        """Return a block that follows the last one.

        Raises
        ------
        InputError
            If a column that should hold numbers holds none, but text.
        """
        rows = len(next(iter(columns.values())))
        reason = np.full(rows, "", object)
        place = file_rows(self._row, rows, self._broken)
        texts = {name: np.asarray(columns[name], object) for name in self._wanted.texts - {ROW_NUMBER}}
        if self._id_column == ROW_NUMBER:
            texts[ROW_NUMBER] = np.array([f"{self._name}:{row}" for row in place.tolist()], object)
        reason[texts[self._id_column] == ""] = "no candidate_id"
        numbers = {}
        for name in sorted(self._wanted.numbers):
            numbers[name], wrong = _numbers(np.ma.asanyarray(columns[name]))
            if wrong.any():
                self._tell(name, columns[name], wrong, place, known=int(np.isfinite(numbers[name]).sum()))
                reason[wrong & (reason == "")] = f"{name} is not a number"
        self._row += rows
        return ReadRows(texts=texts, numbers=numbers, reason=reason)

    def _tell(
        self, name: str, column: NDArray[Any], wrong: NDArray[np.bool_], place: NDArray[np.int64], known: int
    ) -> None:
        """Refuse a column of text, and say once which row of a column of numbers is none."""
        row = int(wrong.argmax())
        said = f"{self._where}: row {place[row]}: {name} is {str(column[row])[:60]!r}; allowed: a number"
        if not known:
            raise InputError(f"{said}; no value of these {len(column)} rows is one, so the column holds text")
        if name not in self._told:
            self._told.add(name)
            log.warning("%s; the row is left out, as all such rows", said)


def file_rows(before: int, count: int, broken: Sequence[int]) -> NDArray[np.int64]:
    """Return the numbers in their file, from 1, of some rows that were read, ``(count,)``.

    Parameters
    ----------
    before : int
        Rows that were read before them.
    count : int
        How many there are.
    broken : sequence of int
        Numbers of rows that were passed over, ascending.

    Examples
    --------
    >>> file_rows(1, 3, [2, 3]).tolist()
    [4, 5, 6]
    """
    read = np.arange(before + 1, before + count + 1)
    passed = np.asarray(broken, dtype=np.int64) - np.arange(len(broken))
    return read + np.searchsorted(passed, read, side="right")


def _numbers(column: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Return a column as numbers, and which of its values are none."""
    if column.dtype.kind in "biuf":
        return column, np.zeros(len(column), bool)
    values = pd.Series(np.ma.getdata(column), dtype=object)
    words = values.astype("str").str.strip().str.lower()
    numbers = pd.to_numeric(words.replace(_FLAGS), errors="coerce").to_numpy(np.float64)
    blank = values.isna().to_numpy() | words.isin(_BLANK).to_numpy()
    return numbers, np.isnan(numbers) & ~blank


@dataclass(kw_only=True)
class ClassCodes:
    """Codes of the classes that a column names, with a count of the names that mean none.

    Attributes
    ----------
    class_names : tuple of str
        The survey's classes.
    values : mapping of str to str
        What the column holds, to the class that it means.
    unknown : Counter of str
        What the column holds that is no class, with its number of rows, which stay without a label.
    """

    class_names: tuple[str, ...]
    values: Mapping[str, str]
    unknown: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        meant = {name.casefold(): code for code, name in enumerate(self.class_names)}
        strangers = [name for name in self.values.values() if name.casefold() not in meant]
        if strangers:
            raise InputError(f"class_values names {strangers[0]!r}; classes: {', '.join(self.class_names)}")
        self._codes = {**meant, **{text.casefold(): meant[name.casefold()] for text, name in self.values.items()}}

    def of(self, texts: NDArray[np.object_]) -> NDArray[np.int8]:
        """Return the code of each row, ``(n,)``, -1 where there is no class."""
        codes, words = pd.factorize(pd.Series(texts, dtype="str"))
        each = [str(word).strip().casefold() for word in words]
        number = np.array([self._codes.get(word, UNLABELLED) for word in each] + [UNLABELLED], np.int8)[codes]
        counts = np.bincount(codes[codes >= 0], minlength=len(words))
        for word, said, count in zip(each, words, counts, strict=True):
            if word not in self._codes and word not in _BLANK:
                self.unknown[str(said)] += int(count)
        return np.asarray(number, np.int8)

    def words(self) -> str:
        """Return in words which names mean no class; empty if all do."""
        if not self.unknown:
            return ""
        shown = ", ".join(f"{name!r} ({count} rows)" for name, count in self.unknown.most_common(5))
        nearest = _nearest(self.unknown.most_common(1)[0][0], self.class_names)
        return (
            f"{sum(self.unknown.values())} rows have a class that the survey does not have and stay without a label: "
            f"{shown}{nearest}; classes: {', '.join(self.class_names)}; class_values says what others mean"
        )


def _nearest(name: str, known: Collection[str]) -> str:
    close = get_close_matches(name.casefold(), {one.casefold(): one for one in known}, n=1)
    return f" (did you mean {next(one for one in known if one.casefold() == close[0])!r}?)" if close else ""
