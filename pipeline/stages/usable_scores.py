"""The scores that a report may judge: joined with their candidates, without the rows that a model learned from.

Tested by tests/pipeline/stages/test_binary_report_data.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd

from pipeline.stages.learned_rows import learned_parts, left_out_rows, unknown_rows
from pipeline.stages.scored_rows import scores_with_candidates


@dataclass(frozen=True, kw_only=True)
class UsableScores:
    """The scores of the models of a report.

    Attributes
    ----------
    joined : dict of str to DataFrame
        All scored rows of each model, with the columns of their candidates.
    usable : dict of str to DataFrame
        Those without the rows that the model learned from.
    learned : dict of str to dict of str to Series
        Which of the joined rows were left out, by model and part.
    unknown : dict of str to int
        Of how many rows it is not known whether the model learned from them.
    """

    joined: dict[str, pd.DataFrame]
    usable: dict[str, pd.DataFrame]
    learned: dict[str, dict[str, pd.Series]]
    unknown: dict[str, int]

    @classmethod
    def read(
        cls, scores: Mapping[str, Path], rows: Sequence[Path], named: Sequence[Path], found: Sequence[Path]
    ) -> Self:
        """Return the scores of some files.

        Parameters
        ----------
        scores : mapping of str to Path
            Scores files by model.
        rows : sequence of Path
            Cutout files or data sets with the scored candidates.
        named, found : sequence of Path
            Packages that made the scores as the user says, and packages that may have made them.

        Raises
        ------
        InputError
            As raised by `scores_with_candidates` and `learned_parts`.
        """
        joined = {model: scores_with_candidates(path, rows) for model, path in scores.items()}
        parts = learned_parts(joined, named, found)
        learned = {model: left_out_rows(table, parts[model]) for model, table in joined.items()}
        return cls(
            joined=joined,
            usable={model: table[~np.any([*learned[model].values()], axis=0)] for model, table in joined.items()},
            learned=learned,
            unknown={model: int(unknown_rows(table, parts[model]).sum()) for model, table in joined.items()},
        )

    @property
    def counts_learned(self) -> dict[str, dict[str, int]]:
        """Numbers of rows that were left out, by model and part."""
        return {
            model: {part: int(left_out.sum()) for part, left_out in by_part.items()}
            for model, by_part in self.learned.items()
        }
