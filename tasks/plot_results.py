"""The report of a classifier: figures, their numbers, metrics with intervals, one page."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import luigi

from pipeline.classes import are_real_and_bogus
from pipeline.errors import SettingsError
from pipeline.io import settings_files
from pipeline.io.files.digests import file_digest
from pipeline.io.files.path_list import read_path_list
from pipeline.io.packages.named_packages import package_folder
from pipeline.io.settings_files import data_folder
from pipeline.recipes.report import ReportRecipe
from pipeline.stages.given_scores import GivenScores
from pipeline.stages.packages_beside import PackageBeside, columns_of
from pipeline.stages.stated_cuts import RULES, stated_cuts
from pipeline.surveys.defaults import NO_BASELINE
from tasks.base import PipelineTask
from tasks.build_dataset import BuildDataset
from tasks.infer import Infer
from tasks.nights import NightParameter
from tasks.numbers import MOST_REPLICATES, RatioParameter, WholeNumberParameter
from tasks.parameters import ReleaseTask
from tasks.run_settings import report_address
from tasks.score_folds import ScoreFolds
from tasks.simulate_transients import SimulateTransients

if TYPE_CHECKING:
    from pipeline.io.results.cutout_header import CutoutHeader
    from pipeline.stages.report_sources import ReportSources


_SHOWN_IF_GIVEN = ("colour_diagrams", "spans", "candidates_per_night")
SHOWN = ("base_rate", "references", "notes")
"""Settings of a survey that every report shows."""

CLASSES_REVISION = 4
"""Raised when reports change whose classes are not real and bogus; ``revision`` would make all others again, too."""

TABLES_REVISION = 1
"""The same of reports of tables."""


class PlotResults(ReleaseTask):
    """Report how well the classifier does, beside the baseline, on rows that neither saw in training."""

    baseline = luigi.Parameter(default="", description="Classifier to compare with, or none; empty: the survey's.")
    rules = luigi.Parameter(default="", description="Recipe of cuts to compare with, or none; empty: the survey's.")
    night = NightParameter(default="", description="A night to score as well; empty: no night.")
    scores = luigi.Parameter(default="", description="Scores files to report instead, separated by commas.")
    rows = luigi.Parameter(default="", description="Cutout files or data sets with the candidates of --scores.")
    packages = luigi.Parameter(
        default="",
        description="Packages that made --scores, or that are shown beside the classifiers, separated by commas.",
    )
    replicates = WholeNumberParameter(
        default=1000, least=1, most=MOST_REPLICATES, description="Bootstrap replicates of the intervals."
    )
    report = luigi.Parameter(default="", description="What is shown: a file of config/reports; empty: default.")
    title = luigi.Parameter(default="", description="Heading of the report; empty: the recipe's, or what is compared.")
    panel_label = luigi.Parameter(default="", description="Words at the top of every figure; empty: the recipe's.")
    fwhm_ratio_min = RatioParameter(default=0.5, description="Narrowest detection that passes, over the PSF.")
    fwhm_ratio_max = RatioParameter(default=4.2, description="Widest detection that passes, over the PSF.")
    revision: ClassVar[int] = 8
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
        baseline = self.baseline or self.settings.baseline
        names = dict.fromkeys([self.classifier_name, *([] if baseline == NO_BASELINE else [baseline])])
        return {name: {**self.release_parameters(), "classifier": name} for name in names}

    @cached_property
    def cuts(self) -> Mapping[str, object]:
        """The cuts of the baseline of rules, as its recipe states them; empty without such a baseline."""
        return stated_cuts(self.settings, self.rules)

    @cached_property
    def drawn(self) -> ReportRecipe:
        """What is shown, and how finely."""
        name = self.report or "default"
        is_there = bool(self.report) or name in settings_files.names("reports")  # a folder of one's own may lack it
        recipe = settings_files.load("reports", name, ReportRecipe) if is_there else ReportRecipe()
        return replace(recipe, title=self.title or recipe.title, panel_label=self.panel_label or recipe.panel_label)

    @cached_property
    def given_scores(self) -> GivenScores:
        """The scores files to report instead, with rows and packages; empty where classifiers are trained."""
        scores, rows, packages = map(read_path_list, (self.scores, self.rows, self.packages))
        packages = [package_folder(path) for path in packages]
        return GivenScores(scores=scores, stated_rows=rows, packages=packages, data=data_folder())

    @cached_property
    def beside(self) -> dict[str, Path]:
        """The packages that are shown beside the classifiers, by the names of their columns."""
        if self.files or not self.packages:
            return {}
        if not are_real_and_bogus(self.settings.class_names):
            raise SettingsError(
                f"--packages: {self.survey} has the classes {', '.join(self.settings.class_names)}; allowed without "
                "--scores: surveys of bogus and real"
            )
        taken = [*self.models, *self.settings.references, RULES]
        return columns_of(self.given_scores.packages, taken)

    @property
    def files(self) -> dict[str, Path]:
        """Those scores files, by name."""
        return self.given_scores.files

    @property
    def given_span(self) -> str:
        """``files`` if scores files are reported; empty for the rows of the data set."""
        return "files" if self.files else ""

    def readable(self) -> str:
        """Return what is compared."""
        return "+".join(self.files) if self.files else super().readable()

    def requires(self) -> dict[str, luigi.Task]:
        """The scores of the classifier and of the baseline, with data set and packages behind them."""
        if self.files:
            return {}
        scorer = ScoreFolds if self.recipe.split.folds else Infer
        tasks: dict[str, luigi.Task] = {}
        for name, parameters in self.models.items():
            tasks[f"scores {name}"] = scorer(**parameters)
            if self.night:
                tasks[f"night {name}"] = Infer(**parameters, night=self.night)
        own = self.models[self.classifier_name]
        tasks |= {f"beside {name}": scorer(**own, package=str(folder)) for name, folder in self.beside.items()}
        return tasks | self._simulations() | self._survey_of_truth()

    def deps(self) -> list[luigi.Task]:
        """Return what it requires, after a check of all recipes, or else a night is fetched before one is refused."""
        if not self.complete():
            self._require_plots()
            self._gate()
        if not self.files and not self.complete():
            for name in self.models:
                for package in self.packaged_folds(name):
                    if not package.complete():
                        package.require_sound_recipe()
        if self.cuts and not self.complete():
            from pipeline.features.cuts import require_sound

            require_sound(self.cuts)
        if self.beside and not self.complete():
            from models.scoring.refusal import require_all_fit

            require_all_fit(self.beside.values(), self._scored_header())
        return super().deps()

    def _gate(self) -> object:
        """Return the rules of the recipe's gate, which only a report of real and bogus has; None without a gate."""
        if not self.drawn.gate:
            return None
        from pipeline.report.binary.gate_rules import GateRules

        if not self.files and not are_real_and_bogus(self.settings.class_names):
            raise SettingsError(
                f"reports/{self.report or 'default'}.yaml: 'gate' is {self.drawn.gate!r}, and {self.survey} has the "
                f"classes {', '.join(self.settings.class_names)}; allowed: surveys of bogus and real"
            )
        return settings_files.load("gates", self.drawn.gate, GateRules)

    def _require_plots(self) -> None:
        """Refuse names of figures that the report will not have; that of files may be of any kind."""
        if not self.drawn.plots:
            return
        from pipeline.report.kinds import faults_of_plots
        from pipeline.stages.plot_results import kind_of_report

        kind = "" if self.files else kind_of_report(self.settings.class_names)
        if faults := faults_of_plots(self.drawn.plots, kind):
            raise SettingsError(f"reports/{self.report or 'default'}.yaml: {'; '.join(faults)}")

    def _scored_header(self) -> "CutoutHeader":
        """Return the header of the data set, which need not be there yet."""
        from pipeline.io.results.cutout_file import open_cutouts
        from pipeline.stages.night_cutouts import header_of

        if not self.dataset_file:
            return header_of(self.survey, self.settings)
        with open_cutouts(Path(self.dataset_file)) as rows:
            return rows.header

    def _simulations(self) -> dict[str, luigi.Task]:
        """Return the simulations of the data set that inject into images; nothing is searched for in cutouts."""
        tasks = {} if self.dataset_file else BuildDataset(**self.dataset_parameters()).requires()
        return {
            name: task for name, task in tasks.items() if isinstance(task, SimulateTransients) and task.recipe.images
        }

    def _survey_of_truth(self) -> dict[str, luigi.Task]:
        """Return the task that makes the survey whose truth is shown, if no data set of the recipe needs it."""
        survey = self.made_survey() if self.dataset_file else None
        return {"survey": survey} if survey else {}

    def upstream(self) -> dict[str, PipelineTask]:
        """Return what shapes the report; that the survey has to be there is not part of it."""
        return {name: task for name, task in super().upstream().items() if name not in self._survey_of_truth()}

    def decides(self) -> dict[str, object]:
        """What is shown, who is judged, and the survey's words about its labels."""
        return {
            "judged": [] if self.files else list(self.models),
            "files": {name: file_digest(path) for name, path in self.files.items()},
            "rows": [file_digest(path) for path in self.given_scores.stated_rows],
            "replicates": self.replicates,
            "fwhm_ratio_cuts": list(self.fwhm_ratio_cuts),
            "shown": [getattr(self.settings, name) for name in SHOWN],
            **{name: given for name, given in self._shown_if_given().items() if given},  # so that other reports stay
            **({"cuts": dict(self.cuts)} if self.cuts else {}),
            **({"beside": self.given_scores.package_digests} if self.beside else {}),
            **({} if are_real_and_bogus(self.settings.class_names) else {"classes": CLASSES_REVISION}),
            **({"gate": settings_files.raw("gates", self.drawn.gate)} if self.drawn.gate else {}),
            **({"report": stated} if (stated := self.drawn.stated()) else {}),
            **({"tables": TABLES_REVISION} if self.settings.kind == "table" else {}),
        } | ({"scored_by": self.given_scores.package_digests} if self.files else {})

    def _shown_if_given(self) -> dict[str, object]:
        """What decides a class after the classifier, planes of colours, spans of time, and candidates of a night."""
        names = ("vetoes", "overrides", *_SHOWN_IF_GIVEN)
        return {name: getattr(self.settings, name) for name in names}

    def build(self, path: Path) -> None:
        """Gather, judge, draw, write."""
        from pipeline.stages.plot_results import plot_results

        plot_results(
            path,
            self.adapter(self.survey_folder()),
            self._given_sources() if self.files else self._trained_sources(),
            replicates=self.replicates,
            seed=self.seed,
            gate=self._gate(),
            provenance=self.provenance(),
            progress=self.progress,
        )
        self.link(report_address(self.output().path))

    def _given_sources(self) -> "ReportSources":
        from pipeline.stages.report_sources import ReportSources

        return ReportSources(
            name=self.survey,
            title=self.drawn.title or f"{self.survey}: {self.readable()}",
            drawn=self.drawn,
            scores=self.files,
            rows=self.given_scores.rows,
            packages={},
            scored_by=self.given_scores.packages,
            found_packages=self.given_scores.found_packages,
            fwhm_ratio_cuts=self.fwhm_ratio_cuts,
            cuts=self.cuts,
            must_judge=bool(self.rows),
        )

    def _trained_sources(self) -> "ReportSources":
        from pipeline.stages.report_sources import ReportSources

        return ReportSources(
            name=self.survey,
            title=self.drawn.title or f"{self.survey}: {self.readable()}",
            drawn=self.drawn,
            scores={name: self.input_path(f"scores {name}") for name in self.models},
            rows=list(dict.fromkeys(task.dataset_path() for task in self.packaged_folds())),
            packages={name: [Path(task.output().path) for task in self.packaged_folds(name)] for name in self.models},
            beside={
                name: PackageBeside(folder=folder, scores=self.input_path(f"beside {name}"))
                for name, folder in self.beside.items()
            },
            references=self.settings.references,
            simulated=[self.input_path(name) for name in self._simulations()],
            fwhm_ratio_cuts=self.fwhm_ratio_cuts,
            cuts=self.cuts,
            must_judge=True,
        )
