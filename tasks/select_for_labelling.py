"""Candidates that a person should label next.

Tested by tests/integration/test_select_for_labelling.py.
"""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import luigi

from pipeline.errors import SettingsError
from pipeline.io import settings_files
from pipeline.io.packages.named_packages import package_folder
from pipeline.io.results.provenance import NUMBERS
from pipeline.stages.package_identity import scoring_digest
from tasks.infer import Infer
from tasks.nights import NightParameter
from tasks.numbers import MOST_SEED, WholeNumberParameter
from tasks.parameters import ReleaseTask

if TYPE_CHECKING:
    from pipeline.scores.acquisition import Mixture
    from pipeline.stages.select_for_labelling import Request

MOST_CHOSEN = 100_000
"""Far more candidates than anybody looks at."""
MOST_ROUNDS = 10_000
"""Far more selections by the same settings than anybody makes."""


class SelectForLabelling(ReleaseTask):
    """Choose candidates from which the classifier would learn most, none of which was proposed before."""

    night = NightParameter(default="", description="Night to choose from; empty: the data set's rows.")
    package = luigi.Parameter(default="", description="A package, by folder or name, in place of the trained one.")
    also = luigi.Parameter(
        default="", description="Further packages for the strategy disagreement, by folder or name, between commas."
    )
    by = luigi.Parameter(
        default="margin:0.6,core_set:0.2,random:0.2",
        description="Strategies with their shares: margin, entropy, bald, disagreement, core_set, random.",
    )
    count = WholeNumberParameter(default=100, least=1, most=MOST_CHOSEN, description="Candidates to choose.")
    round = WholeNumberParameter(
        default=1, least=1, most=MOST_ROUNDS, description="Number of the selection; another one proposes others."
    )
    choice_seed = WholeNumberParameter(default=1, least=0, most=MOST_SEED, description="Seed of what is drawn.")
    labelled = luigi.BoolParameter(default=False, description="Choose among candidates that have a label too.")
    suffix: ClassVar[str] = ".csv"
    libraries: ClassVar[frozenset[str]] = frozenset(NUMBERS)

    @cached_property
    def scoring(self) -> Infer:
        """The task that scores."""
        return self._scored_by(self.package)

    @cached_property
    def further(self) -> dict[str, Infer]:
        """The tasks that score with further packages, by these."""
        names = [name.strip() for name in self.also.split(",") if name.strip()]
        return {name: self._scored_by(name) for name in names}

    def _scored_by(self, package: str) -> Infer:
        return Infer(**self.classifier_parameters(), release=self.release_name, night=self.night, package=package)

    @property
    def mixture(self) -> "Mixture":
        """The strategies with their shares."""
        from pipeline.scores.acquisition import Mixture

        return Mixture.parse(self.by)

    @property
    def given_span(self) -> str:
        """The night, or that files were scored; empty for the rows of the data set."""
        return self.scoring.given_span

    def readable(self) -> str:
        """Return what the scores are called, and the number of the selection."""
        return f"{self.scoring.readable()}-round{self.round}"

    def requires(self) -> dict[str, luigi.Task]:
        """The scores, what was scored, and the scores of further packages."""
        others = {f"scores {name}": task for name, task in self.further.items()}
        return {**self.scoring.requires(), "scores": self.scoring, **others}

    def deps(self) -> list[luigi.Task]:
        """Return what it requires, after a check of the strategies; luigi asks only if the target is missing."""
        self.require_classes()
        if "disagreement" in self.mixture.shares and not self.further:
            raise SettingsError("strategy 'disagreement' needs further packages: name them by --also")
        return super().deps()

    def decides(self) -> Mapping[str, object]:
        """What is asked for, and the packages and the rows that you name."""
        packages = [name for name in (self.package, *self.further) if name]
        return {
            "by": self.by,
            "count": self.count,
            "round": self.round,
            "choice_seed": self.choice_seed,
            "labelled": self.labelled,
            "packages": [scoring_digest(package_folder(name)) for name in packages],
        }

    def build(self, path: Path) -> None:
        """Choose, note the choice in the ledger, and write the list."""
        from pipeline.stages.select_for_labelling import select_for_labelling

        rows = self.input_path("rows") if "rows" in self._required else Path(self.dataset_file)
        others = [self.input_path(f"scores {name}") for name in self.further]
        found = select_for_labelling(path, self.input_path("scores"), rows, self._request(), others)
        self.progress(100, f"{found} candidates to label")

    def _request(self) -> "Request":
        from pipeline.io.results import selection_ledger
        from pipeline.stages.select_for_labelling import Request

        return Request(
            count=self.count,
            mixture=self.mixture,
            seed=self.choice_seed,
            labelled=self.labelled,
            selection=self.fingerprint,
            ledger=settings_files.data_folder() / self.survey / selection_ledger.NAME,
        )
