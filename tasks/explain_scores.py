"""Why a package scores test rows as it does: heat maps, latent vectors with neighbours and maps, importance.

Tested by tests/integration/test_explain_scores.py.
"""

from functools import cached_property
from pathlib import Path
from typing import ClassVar

import luigi

from pipeline.io.files.digests import file_digest
from pipeline.io.packages.named_packages import package_folder
from pipeline.io.results.provenance import NUMBERS, TRAINING
from pipeline.stages.package_identity import scoring_digest
from tasks.base import ALL_RELEASES
from tasks.numbers import MOST_PROCESSES, WholeNumberParameter
from tasks.parameters import ClassifierTask
from tasks.run_settings import report_address


class ExplainScores(ClassifierTask):
    """Explain scores of a data set's test rows: its worst mistakes, its most uncertain rows, and some at random."""

    suffix: ClassVar[str] = ""
    libraries: ClassVar[frozenset[str]] = frozenset({*NUMBERS, *TRAINING})
    package = luigi.Parameter(default="", description="A package, by folder or name, in place of the trained one.")
    each = WholeNumberParameter(default=100, least=2, most=5000, description="Rows of each group that are explained.")
    pictured = WholeNumberParameter(
        default=8, least=0, most=200, description="Rows of each group with pictures and heat maps."
    )
    neighbours = WholeNumberParameter(default=3, least=1, most=50, description="Nearest training rows of each row.")
    repeats = WholeNumberParameter(
        default=10, least=2, most=1000, description="How often each feature is shuffled for its importance."
    )
    threads = WholeNumberParameter(
        default=0, least=0, most=MOST_PROCESSES, significant=False, description="Threads of the runtime; 0: all cores."
    )

    def folder(self) -> tuple[str, str, str]:
        """Return the data set's place, or that files were named."""
        span = "files" if self.package and self.dataset_file else self.packaging().folder()[2]
        return self.survey, ALL_RELEASES, span

    def readable(self) -> str:
        """Return data set, classifier and seed, or the name of the package that you name."""
        return Path(self.package).resolve().name if self.package else self.packaging().readable()

    @cached_property
    def _packaged(self) -> dict[str, luigi.Task]:
        return {} if self.package else {"package": self.packaging()}

    def requires(self) -> dict[str, luigi.Task]:
        """The package and the data set, each unless you name it."""
        self.require_classes()
        return {**self._packaged, **self.training().datasets()}

    def decides(self) -> dict[str, object]:
        """How much is explained, the seed, and the package and the data set that you name."""
        return {
            "package": scoring_digest(package_folder(self.package)) if self.package else "",
            "dataset": file_digest(Path(self.dataset_file)) if self.dataset_file else "",
            **{name: getattr(self, name) for name in ("each", "pictured", "neighbours", "repeats", "seed")},
        }

    def build(self, path: Path) -> None:
        """Open, explain, write."""
        from models.explaining.explain_scores import write_explained
        from models.explaining.explained import Asked, open_folder
        from pipeline.io.results.dataset_file import open_dataset

        package = package_folder(self.package) if self.package else self.input_path("package")
        asked = Asked(
            each=self.each, pictured=self.pictured, neighbours=self.neighbours, repeats=self.repeats, seed=self.seed
        )
        with open_dataset(Path(self.dataset_file) if self.dataset_file else self.input_path("dataset")) as dataset:
            write_explained(
                path,
                open_folder(package, self.threads),
                dataset,
                asked,
                provenance=self.provenance(),
                progress=self.progress,
            )
        self.link(report_address(self.output().path))
