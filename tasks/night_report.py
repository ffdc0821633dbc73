"""The report of a night: what came in and what became of it, beside earlier nights.

Tested by tests/integration/test_night_report.py.
"""

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

import luigi

from pipeline.classes import CLASS_NAMES
from pipeline.errors import SettingsError
from pipeline.io.packages.named_packages import package_folder
from pipeline.night import ALL, days_before
from pipeline.stages.candidate_filter import threshold_of
from pipeline.stages.package_identity import scoring_digest
from tasks.infer import Infer
from tasks.nights import NightParameter
from tasks.numbers import WholeNumberParameter
from tasks.parameters import ReleaseTask
from tasks.run_settings import report_address

if TYPE_CHECKING:
    from pipeline.stages.night_report import NightFiles

MOST_SHOWN: Final = 1000
"""Candidates on one page; more of them with their pictures are slow to open."""

MOST_PREVIOUS: Final = 60
"""Earlier nights of one report."""


class NightReport(ReleaseTask):
    """Report a scored night: what came in and what became of it, its scores beside earlier nights, its candidates."""

    suffix: ClassVar[str] = ""
    night = NightParameter(default="", description="Night to report, as 2026-01-05, or an MJD.")
    package = luigi.Parameter(default="", description="A package, by folder or name, in place of the trained one.")
    previous = WholeNumberParameter(
        default=7,
        least=0,
        most=MOST_PREVIOUS,
        description="Of so many nights before it, those that are scored are compared with.",
    )
    top = WholeNumberParameter(
        default=50, least=1, most=MOST_SHOWN, description="Candidates on the page of the night, by falling score."
    )
    per_exposure = WholeNumberParameter(
        default=20, least=1, most=MOST_SHOWN, description="Candidates on the page of an exposure, by falling score."
    )

    @cached_property
    def scoring(self) -> Infer:
        """The task that scores the night."""
        return self._scoring_of(self.night)

    def _scoring_of(self, night: str) -> Infer:
        return Infer(
            **self.classifier_parameters(), release=self.release_name, night=night, package=self.package
        )  # fmt: skip

    @cached_property
    def earlier(self) -> dict[str, Infer]:
        """The tasks that scored nights before, the latest last: those that are there when the report is planned."""
        night = self.scoring.night_name
        before = [] if night == ALL else days_before(night, self.previous)
        scoring = {name: self._scoring_of(name) for name in before}
        return {name: task for name, task in scoring.items() if task.complete()}

    @property
    def given_span(self) -> str:
        """The night."""
        return self.scoring.given_span

    def readable(self) -> str:
        """Return what the scores are called."""
        return self.scoring.readable()

    def requires(self) -> dict[str, luigi.Task]:
        """The night's scores, cutouts, frozen input and package, and the scores of the nights before."""
        self._require_sound()
        before = {f"scores {name}": task for name, task in self.earlier.items()}
        own = {**self.scoring.requires(), "rows": self.scoring.fetch, "scores": self.scoring}
        return {**own, "frozen": self.scoring.fetch.frozen, **before}

    def _require_sound(self) -> None:
        if not self.night:
            raise SettingsError("NightReport needs --night, a date such as 2026-01-05")
        self.require_classes()
        names = self.settings.class_names
        if len(names) != len(CLASS_NAMES):
            raise SettingsError(
                f"{self.survey} has the classes {', '.join(names)}; allowed for NightReport: surveys of two classes, "
                "whose score is the probability of the second"
            )

    def decides(self) -> dict[str, object]:
        """How much is shown, the survey's notes, and the package that you name."""
        package = scoring_digest(package_folder(self.package)) if self.package else ""
        shown = {"top": self.top, "per_exposure": self.per_exposure, "notes": list(self.settings.notes)}
        return {**shown, "package": package}

    def build(self, path: Path) -> None:
        """Read, compare, draw, write."""
        from pipeline.stages.night_report import night_report

        night_report(
            path,
            self._night_files(),
            top=self.top,
            per_exposure=self.per_exposure,
            provenance=self.provenance(),
            progress=self.progress,
        )
        self.link(report_address(self.output().path))

    def _night_files(self) -> "NightFiles":
        """Return the files of the night, and the threshold in force."""
        from pipeline.stages.night_report import NightFiles

        folder = package_folder(self.package) if self.package else self.input_path("package")
        threshold, rule, _ = threshold_of(folder)
        return NightFiles(
            survey=self.survey,
            night=self.scoring.night_name,
            manifest=self.scoring.fetch.frozen.manifest(),
            cutouts=self.input_path("rows"),
            scores=self.input_path("scores"),
            package=folder,
            earlier={name: self.input_path(f"scores {name}") for name in self.earlier},
            threshold=threshold,
            rule=rule,
            notes=self.settings.notes,
        )
