"""Labels that are likely wrong, for a person to look at.

Tested by tests/integration/test_suspicious_labels.py.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import luigi

from pipeline.io.results.provenance import NUMBERS
from tasks.held_out import HeldOutTask
from tasks.numbers import WholeNumberParameter
from tasks.score_training_rows import ScoreTrainingRows

MOST_SHOWN = 2000
"""Rows on one page; each has pictures of some kilobytes."""


class FindSuspiciousLabels(HeldOutTask):
    """Rank the rows whose label contradicts models that did not learn from them, and estimate how noisy labels are."""

    shown = WholeNumberParameter(default=100, least=0, most=MOST_SHOWN, description="Rows that the page shows.")
    suffix: ClassVar[str] = ""
    libraries: ClassVar[frozenset[str]] = frozenset(NUMBERS)

    def requires(self) -> dict[str, luigi.Task]:
        """The scores of the rows by models that did not learn from them, and the data set unless you name a file."""
        return {"scores": ScoreTrainingRows(**self.held_out_parameters()), **self.training().requires()}

    def decides(self) -> Mapping[str, object]:
        """How many rows are shown."""
        return {"shown": self.shown}

    def build(self, path: Path) -> None:
        """Compare labels and scores, and write the folder."""
        from pipeline.stages.suspicious_labels import write_suspicious

        title = f"{self.survey}: {self.readable()}"
        dataset = self.training().dataset_path()
        found = write_suspicious(path, self.input_path("scores"), dataset, shown=self.shown, title=title)
        self.progress(100, f"{found} suspicious labels")
