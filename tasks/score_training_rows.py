"""Scores of every labelled row of a data set by models that did not learn from it.

Tested by tests/integration/test_suspicious_labels.py.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import luigi

from models.recipes.calibration_keys import calibration_part
from pipeline.io import settings_files
from pipeline.io.results.provenance import NUMBERS, TRAINING
from tasks.held_out import HeldOutTask

if TYPE_CHECKING:
    from models.searches.out_of_fold import FoldPlan


class ScoreTrainingRows(HeldOutTask):
    """Score every labelled row, those that teach included, by a model that saw no row of its group."""

    suffix: ClassVar[str] = ".parquet"
    libraries: ClassVar[frozenset[str]] = frozenset({*NUMBERS, *TRAINING})
    extra: ClassVar[str] = "train"

    def requires(self) -> dict[str, luigi.Task]:
        """What the training requires: the data set, unless you name a file."""
        return self.training().requires()

    def deps(self) -> list[luigi.Task]:
        """Return what it requires, after a check of recipe and survey; luigi asks only if the target is missing."""
        self.require_classes()
        _ = self.training().classifier_recipe
        return super().deps()

    def decides(self) -> Mapping[str, object]:
        """Everything that decides the training and the calibration, and how the rows are divided."""
        training = {**self.training().decides(), "training_revision": self.training().revision}
        calibration = calibration_part(settings_files.raw("classifiers", self.classifier_name))
        return {**training, **calibration, "folds": self.row_folds, "by": self.held_by}

    @property
    def plan(self) -> "FoldPlan":
        """How the rows are divided."""
        from models.searches.out_of_fold import FoldPlan

        return FoldPlan(folds=self.row_folds, by="night" if self.held_by == "night" else "object", seed=self.seed)

    def build(self, path: Path) -> None:
        """Train in a folder beside the target, from which the next run continues if this one is killed."""
        from models.searches.out_of_fold import score_out_of_fold
        from pipeline.io.results.dataset_file import open_dataset
        from pipeline.io.results.scores_file import ScoresWriter

        with open_dataset(self.training().dataset_path()) as dataset:
            scores = score_out_of_fold(
                dataset,
                self.training().classifier_recipe,
                self.plan,
                model=f"{self.readable()}-held-out",
                workdir=self._workdir,
                progress=lambda share, message: self.progress(100 * share, message),
            )
            classes = len(dataset.class_names)
        with ScoresWriter(path, classes, self.provenance()) as writer:
            writer.append(scores.assign(release=self.settings.release))

    def committed(self) -> None:
        """Remove what was kept of the trainings: only now are the scores in their place."""
        from models.searches.out_of_fold import clear

        clear(self._workdir)

    @property
    def _workdir(self) -> Path:
        path: Path = self.output().path
        return path.with_name(f"{path.name}.folds")
