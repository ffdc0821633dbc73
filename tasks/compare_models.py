"""Champion against challenger on the same rows: what differs, who changes side, and whether the gate lets it pass.

Tested by tests/integration/test_compare_models.py.
"""

from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import luigi

from pipeline.errors import SettingsError
from pipeline.io.settings_files import data_folder
from pipeline.night import night_name_of
from tasks.infer import Infer
from tasks.nights import NightParameter
from tasks.numbers import MOST_REPLICATES, WholeNumberParameter
from tasks.parameters import ReleaseTask
from tasks.plot_results import PlotResults
from tasks.run_settings import report_address

if TYPE_CHECKING:
    from pipeline.stages.compare_models import Asked, NightOfBoth
    from pipeline.stages.stored_report import StoredReport


class CompareModels(ReleaseTask):
    """Compare a challenger, the configured classifier or a report, with the champion's report on the same rows."""

    suffix: ClassVar[str] = ""
    champion = luigi.Parameter(description="Folder of the report of the model that serves now.")
    challenger = luigi.Parameter(
        default="", description="Folder of a report, in place of that of the configured classifier."
    )
    champion_model = luigi.Parameter(default="", description="Model of the champion's report; empty: the judged one.")
    challenger_model = luigi.Parameter(default="", description="The same of the challenger's report.")
    rules = luigi.Parameter(default="default", description="Rules of config/gates, or the path of a file of rules.")
    night = NightParameter(default="", description="A night that both score, to count its calls; empty: none.")
    replicates = WholeNumberParameter(
        default=1000, least=1, most=MOST_REPLICATES, description="Bootstrap replicates of the intervals."
    )
    shown = WholeNumberParameter(
        default=8, least=1, most=200, description="Candidates on the page of each way to change side."
    )

    @cached_property
    def night_name(self) -> str:
        """The night as an ISO date; empty for none."""
        offset, has_nights = self.settings.mjd_night_offset_days, self.settings.has_nights
        return night_name_of(self.night, offset, has_nights=has_nights) if self.night else ""

    @cached_property
    def challenging(self) -> PlotResults:
        """The task that reports the configured classifier."""
        return PlotResults(**self.release_parameters())

    def requires(self) -> dict[str, luigi.Task]:
        """The challenger's report, and the scores of the night by both."""
        if not self.champion:
            raise SettingsError("CompareModels needs --champion, the folder of a report of PlotResults")
        tasks: dict[str, luigi.Task] = {} if self.challenger else {"challenger": self.challenging}
        if self.night_name:
            tasks["night champion"] = self._scoring(self._stored(self.champion, self.champion_model))
            tasks["night challenger"] = self._night_of_challenger()
        return tasks

    def _night_of_challenger(self) -> Infer:
        if self.challenger:
            return self._scoring(self._stored(self.challenger, self.challenger_model))
        if self.recipe.split.folds:
            raise SettingsError(f"--night: {self.dataset_name} has folds, one package each; name no night")
        return Infer(**self.release_parameters(), night=self.night_name)

    def _scoring(self, report: "StoredReport") -> Infer:
        package = str(report.package(data_folder()))
        return Infer(**self.release_parameters(), night=self.night_name, package=package)

    def _stored(self, place: str, model: str) -> "StoredReport":
        """Return a report that you name, which must be of this survey."""
        from pipeline.stages.stored_report import StoredReport

        report = StoredReport.read(Path(place), model)
        theirs = report.numbers["survey"]
        if theirs != self.survey:
            raise SettingsError(f"{place} is a report of {theirs!r}; allowed: of --survey {self.survey}")
        return report

    def decides(self) -> dict[str, object]:
        """The reports that you name, their models, the rules, how much is drawn and shown."""
        from pipeline.stages.stored_report import named_rules

        champion = self._stored(self.champion, self.champion_model)
        challenger = self._stored(self.challenger, self.challenger_model) if self.challenger else None
        return {
            "champion": [champion.fingerprint, champion.model],
            "challenger": [challenger.fingerprint, challenger.model] if challenger else ["", self.challenger_model],
            "rules": asdict(named_rules(self.rules)),
            "night": self.night_name,
            "replicates": self.replicates,
            "shown": self.shown,
        }

    def build(self, path: Path) -> None:
        """Read, compare, write."""
        from pipeline.stages.compare_models import compare_models

        champion, challenger = self.sides()
        compare_models(
            path,
            champion,
            challenger,
            self._asked(),
            data=data_folder(),
            provenance=self.provenance(),
            progress=self.progress,
        )
        self.link(report_address(self.output().path))

    def _asked(self) -> "Asked":
        """Return how they are compared, by which rules, and what is shown."""
        from pipeline.report.bootstrap import Bootstrap
        from pipeline.stages.compare_models import Asked
        from pipeline.stages.stored_report import named_rules

        return Asked(
            how=Bootstrap(replicates=self.replicates, seed=self.seed),
            rules=named_rules(self.rules),
            shown=self.shown,
            night=self._night_of_both(),
        )

    def sides(self) -> "tuple[StoredReport, StoredReport]":
        """Return the reports of champion and challenger."""
        report = self.challenger or str(self.input_path("challenger"))
        return self._stored(self.champion, self.champion_model), self._stored(report, self.challenger_model)

    def _night_of_both(self) -> "NightOfBoth | None":
        from pipeline.stages.compare_models import NightOfBoth

        if not self.night_name:
            return None
        champion, challenger = (self.input_path(f"night {side}") for side in ("champion", "challenger"))
        return NightOfBoth(night=self.night_name, champion=champion, challenger=challenger)
