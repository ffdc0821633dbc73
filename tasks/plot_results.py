"""The report of a classifier: figures, their numbers, metrics with intervals, one page."""

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import luigi

from pipeline.errors import SettingsError
from pipeline.fingerprint import decided_alone
from pipeline.io.files.digests import file_digest
from pipeline.io.files.path_list import read_path_list
from pipeline.io.packages.package_content import read_package
from pipeline.io.settings_files import data_folder, place_in
from pipeline.redaction import without_user
from pipeline.surveys.settings import SurveySettings
from tasks.base import PipelineTask
from tasks.infer import Infer
from tasks.nights import NightParameter
from tasks.numbers import RatioParameter, WholeNumberParameter
from tasks.parameters import ReleaseTask
from tasks.score_folds import ScoreFolds
from tasks.train_classifier import TrainClassifier

if TYPE_CHECKING:
    from pipeline.stages.plot_results import ReportSources

MOST_REPLICATES = 1_000_000
"""Of the bootstrap; a thousand make an interval."""


class PlotResults(ReleaseTask):
    """Report how well the classifier does on rows it never saw, beside the baseline."""

    baseline = luigi.Parameter(default="", description="Classifier to compare with; empty: the survey's.")
    night = NightParameter(default="", description="A night whose scores are made as well; empty: none.")
    scores = luigi.Parameter(default="", description="Scores files to report instead, separated by commas.")
    rows = luigi.Parameter(default="", description="Cutout files or data sets with the candidates of --scores.")
    packages = luigi.Parameter(default="", description="Model packages that made --scores, separated by commas.")
    replicates = WholeNumberParameter(
        default=1000, least=1, most=MOST_REPLICATES, description="Bootstrap replicates of the intervals."
    )
    fwhm_ratio_min = RatioParameter(default=0.5, description="Narrowest detection that passes, over the PSF.")
    fwhm_ratio_max = RatioParameter(default=4.2, description="Widest detection that passes, over the PSF.")
    revision: ClassVar[int] = 5
    suffix: ClassVar[str] = ""

    @property
    def fwhm_ratio_cuts(self) -> tuple[float, float]:
        """The narrowest and the widest detection that pass; none between them is an error."""
        if self.fwhm_ratio_min >= self.fwhm_ratio_max:
            raise SettingsError(
                f"--fwhm-ratio-min is {self.fwhm_ratio_min:g} and --fwhm-ratio-max {self.fwhm_ratio_max:g}; "
                "allowed: the first below the second"
            )
        return self.fwhm_ratio_min, self.fwhm_ratio_max

    @cached_property
    def models(self) -> dict[str, dict[str, object]]:
        """The compared classifiers' parameters, the judged one first."""
        names = dict.fromkeys([self.classifier_name, self.baseline or self.settings.defaults.baseline])
        return {name: {**self.release_parameters(), "classifier": name} for name in names}

    @cached_property
    def files(self) -> dict[str, Path]:
        """Scores files that were given, by name."""
        given = read_path_list(self.scores)
        if not given:
            return {}
        from pipeline.io.results.scores_file import files_by_name

        return files_by_name(given)

    @property
    def given_span(self) -> str:
        """That files are reported; empty for the rows of the data set."""
        return "files" if self.files else ""

    def readable(self) -> str:
        """Return what is compared."""
        return "+".join(self.files) if self.files else super().readable()

    def requires(self) -> dict[str, luigi.Task]:
        """The scores of the classifier and of the baseline, with data set and packages behind them."""
        if self.files:
            return {}
        tasks: dict[str, luigi.Task] = {}
        for name, parameters in self.models.items():
            scorer = ScoreFolds if self.recipe.split.folds else Infer
            tasks[f"scores {name}"] = scorer(**parameters)
            if self.night:
                tasks[f"night {name}"] = Infer(**parameters, night=self.night)
        return tasks | self._simulations() | self._made_survey()

    def upstream(self) -> dict[str, PipelineTask]:
        """Return what shapes the report; whether a survey is there to be asked is no part of that."""
        return {name: task for name, task in super().upstream().items() if name not in self._made_survey()}

    def decides(self) -> dict[str, object]:
        """What is shown, who is judged, and the survey's words about its labels."""
        return {
            "judged": [] if self.files else list(self.models),
            "files": {name: file_digest(path) for name, path in self.files.items()},
            "rows": [file_digest(path) for path in self._given_rows()],
            "replicates": self.replicates,
            "fwhm_ratio_cuts": list(self.fwhm_ratio_cuts),
            "shown": [getattr(self.settings, name) for name in decided_alone(SurveySettings, "report")],
        } | ({"scored_by": self._package_digests()} if self.files else {})

    def build(self, path: Path) -> None:
        """Gather, judge, draw, write."""
        from pipeline.stages.plot_results import plot_results

        plot_results(
            path,
            self.adapter(self.survey_folder()),
            self._sources(),
            replicates=self.replicates,
            seed=self.seed,
            provenance=self.provenance(),
            progress=self.progress,
        )
        self.link(self.report_url())

    def _sources(self) -> "ReportSources":
        from pipeline.stages.plot_results import ReportSources

        return ReportSources(
            name=self.survey,
            title=f"{self.survey}: {self.readable()}",
            scores=self.files or {name: self.input_path(f"scores {name}") for name in self.models},
            rows=self._rows(),
            packages={} if self.files else {name: self._packages(name) for name in self.models},
            scored_by=self._given_packages(),
            found_packages=self._found_packages,
            references=() if self.files else self.settings.references,
            simulated=[] if self.files else [self.input_path(name) for name in self._simulations()],
            fwhm_ratio_cuts=self.fwhm_ratio_cuts,
            must_judge=bool(self.rows) or not self.files,
        )

    def report_url(self) -> str:
        """Return where ``make scheduler`` shows the report."""
        place = place_in(data_folder(), self.output().path)
        base = without_user(luigi.configuration.get_config().get("nightsift", "report_url", ""))
        return f"{base.rstrip('/')}/{place}/index.html"

    def _made_survey(self) -> dict[str, luigi.Task]:
        """Return the task that makes the survey, whose truth is asked, where no data set of its own stands on it."""
        made = self.made_survey() if self.dataset_file else None
        return {"survey": made} if made else {}

    def _given_rows(self) -> list[Path]:
        return read_path_list(self.rows)

    def _given_packages(self) -> list[Path]:
        return read_path_list(self.packages)

    @cached_property
    def _found_packages(self) -> list[Path]:
        """Packages of the data folder that given scores name as what made them, of whatever survey."""
        from pipeline.io.packages.training_ids import packages_called
        from pipeline.io.results.scores_file import models_of_scores

        names = {name for path in self.files.values() for name in models_of_scores(path)}
        return packages_called(names, sorted(data_folder().glob("*/*/*/TrainClassifier-*")))

    def _package_digests(self) -> list[str]:
        """Return what tells the packages apart that may have made given scores, for they decide what is left out."""
        given = [read_package(folder).digests["package.json"] for folder in self._given_packages()]
        return sorted({*given, *(file_digest(folder / "package.json") for folder in self._found_packages)})

    def _folds(self, name: str) -> list[PipelineTask]:
        parameters = {key: value for key, value in self.models[name].items() if key != "release"}
        folds = range(max(1, self.recipe.split.folds))
        return [TrainClassifier(**{**parameters, "fold": fold}) for fold in folds]

    def _simulations(self) -> dict[str, luigi.Task]:
        """Return the simulations into images that the data set holds; in stamps nothing is searched for."""
        if self.dataset_file:
            return {}
        upstream = self._folds(self.classifier_name)[0].requires()["dataset"].requires()
        return {name: task for name, task in upstream.items() if name.startswith("simulated") and task.recipe.images}

    def _packages(self, name: str) -> list[Path]:
        return [Path(task.output().path) for task in self._folds(name)]

    def _rows(self) -> list[Path]:
        if self.files:
            from pipeline.io.results.scores_file import rows_of_scores

            found = [rows_of_scores(path, data_folder()) for path in self.files.values()]
            return self._given_rows() or list(dict.fromkeys(path for path in found if path))
        tasks = self._folds(self.classifier_name)
        return [Path(self.dataset_file)] if self.dataset_file else [task.input_path("dataset") for task in tasks]
