"""Labels from another classifier's score."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipeline.classes import BOGUS, REAL, TEACHER, UNLABELLED
from pipeline.errors import SettingsError
from pipeline.labels.providers import LABEL_PROVIDERS, Tables, Verdict, alike, table_of
from pipeline.labels.references import Reference


@dataclass(frozen=True, kw_only=True)
class TeacherLabels:
    """Another classifier's confident scores; stated as such, and never used to judge.

    Attributes
    ----------
    table : str
        Reference table with the column ``score`` by ``candidate_id``.
    real_from : float
        Scores at or above this are real.
    bogus_below : float
        Scores below this are bogus; 0 <= ``bogus_below`` <= ``real_from`` <= 1.
    """

    table: str = "teacher"
    real_from: float = 0.9
    bogus_below: float = 0.1

    def __post_init__(self) -> None:
        if not 0 <= self.bogus_below <= self.real_from <= 1:
            raise SettingsError(
                f"bogus_below {self.bogus_below} and real_from {self.real_from}; allowed: 0 <= bogus_below <= "
                "real_from <= 1"
            )

    def reads(self) -> dict[str, Reference]:
        """Return what the provider reads."""
        return {"scores": Reference(name=self.table, joined_by="candidate_id")}


@LABEL_PROVIDERS.register("teacher", settings=TeacherLabels)
def teacher_labels(candidates: pd.DataFrame, tables: Tables, settings: TeacherLabels) -> Verdict:
    """Label the lowest and the highest scores of another classifier, column ``score``."""
    table = table_of(tables, "scores", ("candidate_id", "score"), settings.table)
    score = table.drop_duplicates("candidate_id").set_index("candidate_id")["score"]
    score = score.reindex(candidates["candidate_id"]).to_numpy(float)
    label = np.full(len(candidates), UNLABELLED, dtype=np.int8)
    label[score >= settings.real_from] = REAL
    label[score < settings.bogus_below] = BOGUS
    return alike(label, "unknown", TEACHER)
