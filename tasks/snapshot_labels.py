"""Labels that people agreed on until a moment.

Tested by tests/integration/test_snapshot_labels.py.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import luigi

from pipeline.io import settings_files
from pipeline.io.files.digests import file_digest
from pipeline.io.results.provenance import NUMBERS
from pipeline.io.tables.label_file import label_path
from pipeline.recipes.people_labels import PeopleLabels, require_past, utc
from tasks.base import ALL_RELEASES
from tasks.numbers import RatioParameter, WholeNumberParameter
from tasks.parameters import SurveyTask

if TYPE_CHECKING:
    import pandas as pd

MOST_VOTES = 1000
"""Far more people than judge one candidate."""


class SnapshotLabels(SurveyTask):
    """Put the verdicts of several people together, and write the labels that they agree on."""

    until = luigi.Parameter(
        description="UTC until which verdicts count, as 2026-02-01T12:00:00; later ones make another snapshot."
    )
    least_votes = WholeNumberParameter(
        default=1, least=1, most=MOST_VOTES, description="People who have to have judged an item before it has a label."
    )
    certainty = RatioParameter(
        default=0.7, description="How probable a class has to be by all verdicts, 0.5 to below 1."
    )
    agreeing = WholeNumberParameter(
        default=2, least=1, most=MOST_VOTES, description="Agreeing votes with which an item is retired."
    )
    most = WholeNumberParameter(
        default=5, least=1, most=MOST_VOTES, description="Votes after which nobody is asked again."
    )
    gold = luigi.Parameter(default="", description="Label file with the classes of hidden gold.")
    suffix: ClassVar[str] = ""
    libraries: ClassVar[frozenset[str]] = frozenset(NUMBERS)

    @property
    def rules(self) -> PeopleLabels:
        """Which verdicts become labels."""
        return PeopleLabels(
            until=self.until, least_votes=self.least_votes, certainty=self.certainty, agreeing=self.agreeing,
            most=self.most, gold=self.gold,
        )  # fmt: skip

    def folder(self) -> tuple[str, str, str]:
        """Return survey, no release, and the folder beside those of nights."""
        return self.survey, ALL_RELEASES, "verdicts"

    def readable(self) -> str:
        """Return the moment, as UTC."""
        return utc(self.until).strftime("%Y-%m-%dT%H%M%S")

    def decides(self) -> Mapping[str, object]:
        """The moment, the rules, the classes, the file of hidden gold; verdicts until then change no more."""
        return {
            "survey": self.survey,
            "until": utc(self.until).isoformat(),
            "least_votes": self.least_votes,
            "certainty": self.certainty,
            "agreeing": self.agreeing,
            "most": self.most,
            "class_names": list(self.settings.class_names),
        } | ({"gold": file_digest(label_path(self.gold))} if self.gold else {})

    def deps(self) -> list[luigi.Task]:
        """Return what it requires, after a check of the rules; luigi asks only if the target is missing."""
        require_past(self.rules.until)
        return super().deps()

    def build(self, path: Path) -> None:
        """Read the verdicts, and write the labels."""
        from pipeline.stages.snapshot_labels import snapshot_labels

        counts = snapshot_labels(path, self._verdicts(), self.rules, self.settings.class_names)
        self.progress(100, ", ".join(f"{count} {of}s" for of, count in counts.items()))

    def _verdicts(self) -> "pd.DataFrame":
        """Return what people have said so far."""
        from pipeline.stages.survey_verdicts import survey_verdicts

        return survey_verdicts(self.survey, self.settings, settings_files.data_folder())
