"""Scores of classes in the formats of other systems: tables of probabilities as CSV, written block by block.

Tested by tests/pipeline/stages/test_export_probabilities.py.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.classes import PARTS, UNLABELLED
from pipeline.errors import InputError
from pipeline.io.files.csv_cells import write_csv
from pipeline.io.results.cutout_file import open_cutouts
from pipeline.io.results.schema import DECIDED_COLUMNS
from pipeline.io.results.score_blocks import score_names
from pipeline.stages.scored_files import ScoredFiles, named, of_part

_FOLDERS: Final = {"validation": "val", "test": "test"}
"""What that folder calls the parts of a data set."""


@dataclass(frozen=True, kw_only=True)
class ScoredRows(ScoredFiles):
    """Probabilities to write, with the rows that were scored.

    Attributes
    ----------
    class_names : sequence of str
        Classes of the package that scored, the negative one first.
    """

    class_names: Sequence[str]

    @property
    def columns(self) -> list[str]:
        """The columns of the probabilities."""
        return [f"p_{code}" for code in range(len(self.class_names))]

    def blocks(self) -> Iterator[pd.DataFrame]:
        """Yield the scores block by block, with ``label``: the code of each row's class in the rows' own list.

        Raises
        ------
        InputError
            If the scores are not of these classes, or a scored row is not in the rows.
        """
        there = score_names(self.scores)
        found = [name for name in there if name.startswith("p_")]
        if found != self.columns:
            there_are = ", ".join(found) or "no probabilities"
            raise InputError(
                f"{self.scores} has {there_are}; the package has the classes {', '.join(self.class_names)}"
            )
        decided = [name for name in DECIDED_COLUMNS if name in there]
        wanted = ["candidate_id", "split", *self.columns, "label_predicted", *decided]
        for block in self.joined(wanted, "label"):
            yield block.assign(label=block["label"].astype(np.int64))

    @property
    def classes_of_rows(self) -> Sequence[str]:
        """The classes that the labels of the rows mean."""
        with open_cutouts(self.rows) as file:
            return file.header.class_names


def export_probabilities(path: Path, scored: ScoredRows, *, part: str = "") -> int:
    """Write the probabilities of scored rows beside their classes, and return the number of rows.

    Parameters
    ----------
    path : Path
        CSV file to write: ``id_column y_true y_pred``, which name classes and are empty where there is none, then
        ``p_<class>`` for each class, empty where a row could not be scored. Where rules of the survey decide after the
        classifier, ``y_decided`` and ``decided_by`` follow.
    scored : ScoredRows
        What is written.
    part : {"", "train", "validation", "test"}
        The only part of a data set that is written; empty: all rows.

    Raises
    ------
    UnknownNameError
        If there is no such part.
    InputError
        As `ScoredRows.blocks`.
    """
    names, theirs, count = scored.class_names, scored.classes_of_rows, 0
    with path.open("w", encoding="utf-8", newline="") as file:
        for number, block in enumerate(scored.blocks()):
            kept = of_part(block, part)
            table = {
                "y_true": _names(kept["label"], theirs),
                "y_pred": _names(kept["label_predicted"], names),
            }
            table |= {f"p_{name}": kept[column] for name, column in zip(names, scored.columns, strict=True)}
            if "label_decided" in kept:
                table |= {"y_decided": _names(kept["label_decided"], names), "decided_by": kept["decided_by"]}
            write_csv(file, named(scored.id_column, kept["candidate_id"], table), header=number == 0)
            count += len(kept)
    return count


def export_performances(folder: Path, scored: ScoredRows) -> int:
    """Write ``performances/{val,test}/Probabilities.csv`` of a data set's rows, and return the number of rows.

    Parameters
    ----------
    folder : Path
        An empty folder. The files have ``id_column Y_true Y_pred``, which are codes of classes, -1 for none, and
        ``<class>_prob`` for each class. Where rules of the survey decide after the classifier,
        ``post_processed/Probabilities.csv`` beside each has their class as ``Y_pred``.
    scored : ScoredRows
        What is written.

    Raises
    ------
    InputError
        As `ScoredRows.blocks`, or if no row is of a validation or test part.
    """
    count, codes = 0, _codes(scored.classes_of_rows, scored.class_names)
    with ExitStack() as stack:
        files: dict[str, IO[str]] = {}
        for block in scored.blocks():
            for part, name in _FOLDERS.items():
                kept = block[block["split"] == PARTS[part]]
                called = {name: "label_predicted", f"{name}/post_processed": "label_decided"}
                for place, column in called.items():
                    if len(kept) and column in kept:
                        is_new = place not in files
                        if is_new:
                            path = folder / "performances" / place / "Probabilities.csv"
                            path.parent.mkdir(parents=True, exist_ok=True)
                            files[place] = stack.enter_context(path.open("w", encoding="utf-8", newline=""))
                        write_csv(files[place], _performance(kept, scored, column, codes), header=is_new)
                count += len(kept)
    if not count:
        raise InputError(f"{scored.scores} has no row of a validation or test part; allowed: those of a data set")
    return count


def _performance(kept: pd.DataFrame, scored: ScoredRows, column: str, codes: NDArray[np.int64]) -> pd.DataFrame:
    """Return a block as the original wrote it."""
    table = {"Y_true": codes[kept["label"]], "Y_pred": kept[column]}
    table |= {f"{name}_prob": kept[theirs] for name, theirs in zip(scored.class_names, scored.columns, strict=True)}
    return named(scored.id_column, kept["candidate_id"], table)


def _names(codes: pd.Series, names: Sequence[str]) -> NDArray[np.object_]:
    """Return the name of each class, empty for a code that is none."""
    numbers = codes.to_numpy(np.int64)
    return np.array([*names, ""], object)[np.where((numbers >= 0) & (numbers < len(names)), numbers, len(names))]


def _codes(theirs: Sequence[str], names: Sequence[str]) -> NDArray[np.int64]:
    """Return the code in the package's classes of each code of the rows', and -1 at the end for no label."""
    return np.array([*(names.index(name) if name in names else UNLABELLED for name in theirs), UNLABELLED])
