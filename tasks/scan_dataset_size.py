"""How good a classifier is against the number of training rows.

Tested by tests/integration/test_scan_dataset_size.py.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import luigi

from pipeline.datasets.sample_sizes import parse_sizes, require_two_classes
from pipeline.io.results.provenance import NUMBERS, TRAINING
from tasks.numbers import MOST_REPLICATES, WholeNumberParameter
from tasks.parameters import ClassifierTask

MOST_REPEATS = 100
"""Repeats of each size; ten tell the spread."""


class SizesParameter(luigi.Parameter):
    """Sizes of training samples, in ascending order and each in one spelling."""

    def normalize(self, x: str) -> str:
        """Return the sizes as text, or raise an error that says which is none."""
        return ",".join(map(str, parse_sizes(x)))


class ScanDatasetSize(ClassifierTask):
    """Train on samples of several sizes, judge each on the same test rows, and draw the curve."""

    sizes = SizesParameter(
        default="0.1,0.2,0.5,1", description="Sizes of the samples: shares up to 1 or numbers of rows above 1."
    )
    repeats = WholeNumberParameter(default=3, least=1, most=MOST_REPEATS, description="Samples of each size.")
    replicates = WholeNumberParameter(
        default=1000, least=1, most=MOST_REPLICATES, description="Bootstrap replicates of the intervals."
    )
    revision: ClassVar[int] = 2
    suffix: ClassVar[str] = ""
    libraries: ClassVar[frozenset[str]] = frozenset({*NUMBERS, *TRAINING})
    extra: ClassVar[str] = "train"

    def folder(self) -> tuple[str, str, str]:
        """Return the data set's place."""
        return self.training().folder()

    def readable(self) -> str:
        """Return data set, classifier and seed."""
        return self.training().readable()

    def requires(self) -> dict[str, luigi.Task]:
        """What the training requires: the data set, unless you name a file."""
        return self.training().requires()

    def deps(self) -> list[luigi.Task]:
        """Return what it requires, after a check of recipe and survey; luigi asks only if the scan is missing."""
        self.require_classes()
        _ = self.training().classifier_recipe
        if not self.dataset_file:
            require_two_classes(self.settings.class_names, f"survey {self.survey}")
        return super().deps()

    def decides(self) -> Mapping[str, object]:
        """Everything that decides the training, and the sizes, the repeats and the replicates."""
        training = {**self.training().decides(), "training_revision": self.training().revision}
        return {**training, "sizes": self.sizes, "repeats": self.repeats, "replicates": self.replicates}

    def build(self, path: Path) -> None:
        """Train in a folder beside the target, from which the next run continues if this one is killed."""
        from models.searches.scan_samples import ScanPlan
        from models.searches.size_scan import scan_size
        from pipeline.io.results.dataset_file import open_dataset
        from pipeline.stages.size_scan_folder import write_size_scan

        plan = ScanPlan(sizes=parse_sizes(self.sizes), repeats=self.repeats, seed=self.seed, replicates=self.replicates)
        with open_dataset(self.training().dataset_path()) as dataset:
            scan = scan_size(
                dataset,
                self.training().classifier_recipe,
                plan,
                workdir=self._workdir,
                progress=lambda share, message: self.progress(100 * share, message),
            )
        write_size_scan(path, scan.trainings, scan.facts, title=f"{self.survey}: {self.readable()}")

    def committed(self) -> None:
        """Remove what was kept of the trainings: only now is the scan in its place."""
        from models.searches import size_scan

        size_scan.clear(self._workdir)

    @property
    def _workdir(self) -> Path:
        path: Path = self.output().path
        return path.with_name(f"{path.name}.scan")
