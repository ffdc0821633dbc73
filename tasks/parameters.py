"""Abstract tasks with the parameters that several tasks share; a survey's defaults fill those left empty.

Tested by tests/tasks/test_start.py.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import luigi

from models.recipes.stack_members import is_stack
from pipeline.errors import SettingsError, TooManyTasksError
from pipeline.fingerprint import what_decides
from pipeline.io import settings_files
from pipeline.io.database.settings import deciding_input
from pipeline.night import ALL, night_name_of, night_range, parse_night
from pipeline.recipes.dataset import DatasetRecipe
from pipeline.recipes.learned_fold import LearnedFold
from pipeline.surveys.settings import SurveySettings
from tasks.base import ALL_RELEASES, PipelineTask, state_defaults
from tasks.learned_fold import LearnedFoldParameter
from tasks.nights import NightParameter, NightsParameter, listed_nights
from tasks.numbers import MOST_FOLDS, WholeNumberParameter, seed_parameter

if TYPE_CHECKING:
    from pipeline.datasets.dataset import DataSet
    from pipeline.io.results.night_manifest import Manifest
    from pipeline.stages.night_job import NightJob
    from pipeline.surveys.base import Source, StatesFolder
    from tasks.build_dataset import BuildDataset
    from tasks.calibrate_package import CalibratePackage
    from tasks.train_classifier import TrainClassifier
    from tasks.train_regressor import TrainRegressor

MOST_TASKS = 2000
"""Tasks of one run: luigi's scheduler grows slow beyond."""

_TABLE_KEYS = ("table", "scores", "movers", "variables")
"""Keys of ``labels`` and ``cleaning`` that name reference tables of the survey."""


class SurveyTask(PipelineTask):
    """A task of one survey."""

    survey = luigi.Parameter(default="synthetic", description="Survey: a file of config/surveys, without .yaml.")

    @cached_property
    def settings(self) -> SurveySettings:
        """The survey's settings."""
        return settings_files.load("surveys", self.survey, SurveySettings)

    def survey_content(self) -> dict[str, object]:
        """Return the survey's settings as parsed, less what cannot change its cutouts."""
        content = what_decides(SurveySettings, settings_files.raw("surveys", self.survey), "labelling")
        return content | ({"input": deciding_input(content["input"])} if "input" in content else {})

    def made_survey(self) -> "SurveyTask | None":
        """Return the task that makes the survey's files, if one must."""
        from tasks.make_synthetic_survey import MakeSyntheticSurvey  # which is such a task itself

        return MakeSyntheticSurvey(survey=self.survey) if self.settings.made else None

    def survey_folder(self) -> Path | None:
        """Return the folder of the files that a task makes; None if no task does."""
        maker = self.made_survey()
        return Path(maker.output().path) if maker else None

    def adapter(self, folder: Path | None = None, processes: int = 1) -> "Source[StatesFolder]":
        """Return the adapter that reads the survey, with that many processes for its exposures."""
        from pipeline.surveys.load import open_survey

        return open_survey(self.settings, self.survey, folder, workers=processes)


class NightTask(SurveyTask):
    """A task of one night of a survey whose files may have to be made first."""

    night = NightParameter(description="Night: local date of the evening, as 2026-01-05, or an MJD.")

    @cached_property
    def night_name(self) -> str:
        """The night as an ISO date, or ``all`` of a survey without nights."""
        has_nights = self.settings.has_nights
        if not self.night:
            raise SettingsError(
                f"{self.task_family} needs --night, " + ("a date such as 2026-01-05" if has_nights else f"here {ALL}")
            )
        return night_name_of(self.night, self.settings.mjd_night_offset_days, has_nights=has_nights)

    def folder(self) -> tuple[str, str, str]:
        """Return survey, no release, night."""
        return self.survey, ALL_RELEASES, self.night_name

    def job(self, manifest: "Manifest", of: PipelineTask | None = None) -> "NightJob":
        """Return what a function of this night works on.

        Parameters
        ----------
        manifest : Manifest
            The night's frozen input.
        of : PipelineTask, optional
            The task whose result is made; this one by default.
        """
        from pipeline.stages.night_job import NightJob

        maker, processes = of or self, getattr(self, "processes", 1)
        return NightJob(
            survey=self.adapter(self.survey_folder(), processes),
            name=self.survey,
            night=self.night_name,
            manifest=manifest,
            provenance=maker.provenance(),
            progress=maker.progress,
            processes=processes,
        )

    def shared_modules(self) -> tuple[str, ...]:
        """What fetches nights, and the adapter of the survey."""
        from pipeline.surveys.base import SURVEYS

        return "pipeline.stages.fetch_cutouts", "pipeline.surveys.load", SURVEYS.home(self.settings.source)

    @property
    def label_tables(self) -> list[str]:
        """The reference tables of the survey that its labels and cleaning name."""
        entries = (*self.settings.labels, *self.settings.cleaning)
        return [str(entry[key]) for entry in entries for key in _TABLE_KEYS if entry.get(key)]


@state_defaults
class RangeTask(luigi.Task):
    """A task over several nights."""

    start = NightParameter(default="", description="First night, as 2026-01-01.")
    stop = NightParameter(default="", description="Last night, included.")
    nights = NightsParameter()

    def asked_nights(
        self, mjd_offset_days: int, *, tasks_a_night: int, what: str, has_nights: bool = True
    ) -> list[str]:
        """Return the nights from ``start`` to ``stop``, or those of ``nights``, as ISO dates.

        Parameters
        ----------
        mjd_offset_days : int
            The survey's rule for MJDs, as in `parse_night`.
        tasks_a_night : int
            How many tasks one night takes.
        what : str
            What is done for each night, for the message.
        has_nights : bool
            Whether the survey has nights; one without has the one night ``all``.

        Raises
        ------
        SettingsError
            If neither or both ways of naming nights are used, or a night is not a date.
        TooManyTasksError
            If they take more than `MOST_TASKS` tasks.
        """
        if bool(self.nights) == bool(self.start or self.stop) or bool(self.start) != bool(self.stop):
            raise SettingsError(
                f"{self.task_family} needs either --nights, as 2026-01-01..2026-01-06, or both --start and --stop"
            )
        if self.nights:
            asked = listed_nights(self.nights, mjd_offset_days, has_nights=has_nights)
        else:
            for night in (self.start, self.stop):
                night_name_of(night, mjd_offset_days, has_nights=has_nights)
            first, last = (parse_night(night, mjd_offset_days) for night in (self.start, self.stop))
            asked = [night.isoformat() for night in night_range(first, last)]
        most = max(1, MOST_TASKS // tasks_a_night)
        if len(asked) > most:
            raise TooManyTasksError(
                f"{len(asked)} nights of {what} are too many tasks for one run; allowed: {most} nights. Ask for "
                "the range in pieces; finished nights cost next to nothing"
            )
        return asked


class RecipeTask(SurveyTask):
    """A task that needs a data set: its recipe and fold."""

    dataset = luigi.Parameter(default="", description="Data-set recipe of config/datasets; empty: the survey's.")
    fold = WholeNumberParameter(
        default=0, least=0, most=MOST_FOLDS, description="Fold held out, of a recipe with folds."
    )

    @cached_property
    def dataset_name(self) -> str:
        """The data-set recipe's name."""
        return self.dataset or self.settings.defaults.dataset

    @cached_property
    def recipe(self) -> DatasetRecipe:
        """The data-set recipe; a recipe of another survey is an error."""
        recipe = settings_files.load("datasets", self.dataset_name, DatasetRecipe)
        if recipe.survey != self.survey:
            raise SettingsError(
                f"datasets/{self.dataset_name}.yaml is of survey {recipe.survey!r}, not {self.survey!r}: write "
                f"datasets/{self.survey}.yaml (`survey: {self.survey}`, its nights; `extends: {self.dataset_name}` for "
                f"the rest) and name it by --dataset, or by `defaults` in surveys/{self.survey}.yaml; a night "
                "can be scored without a data set by --package"
            )
        last = max(0, recipe.split.folds - 1)
        if self.fold > last:
            raise SettingsError(f"fold is {self.fold}; allowed: 0 to {last}")
        return recipe

    @property
    def folds(self) -> range:
        """The folds of the data set; the only one of a recipe without folds."""
        return range(max(1, self.recipe.split.folds))

    def dataset_parameters(self) -> dict[str, object]:
        """Return the parameters that name the data set, resolved, for tasks upstream."""
        return {"survey": self.survey, "dataset": self.dataset_name, "fold": self.fold}


class ClassifierTask(RecipeTask):
    """A task that needs a trained classifier."""

    classifier = luigi.Parameter(default="", description="Recipe: a file of config/classifiers; empty: the survey's.")
    seed = seed_parameter()
    dataset_file = luigi.Parameter(default="", description="A data set that exists, in place of the recipe's.")

    @cached_property
    def classifier_name(self) -> str:
        """The classifier recipe's name."""
        return self.classifier or self.settings.classifier

    def classifier_parameters(self) -> dict[str, object]:
        """Return the parameters that name the package, resolved, for tasks upstream."""
        return {
            **self.dataset_parameters(),
            "classifier": self.classifier_name,
            "seed": self.seed,
            "dataset_file": self.dataset_file,
        }

    def training(self) -> "TrainClassifier":
        """Return the task that trains the classifier."""
        from tasks.train_classifier import TrainClassifier  # which is a task of a classifier itself

        return TrainClassifier(**self.classifier_parameters())

    @property
    def package_task(self) -> "type[CalibratePackage | TrainRegressor]":
        """The kind of task that makes the model package: of a regressor where the survey has a target."""
        from tasks.calibrate_package import CalibratePackage  # which is a task of a classifier itself
        from tasks.train_regressor import TrainRegressor

        return TrainRegressor if self.settings.has_target else CalibratePackage

    def packaging(self) -> "CalibratePackage | TrainRegressor":
        """Return the task that makes the model package of the classifier."""
        return self.package_task(**self.classifier_parameters())

    def packaged_folds(self, classifier: str = "") -> "list[CalibratePackage | TrainRegressor]":
        """Return the tasks that package a classifier, one per fold; this task's classifier if none is named."""
        named = self.classifier_parameters() | {"classifier": classifier or self.classifier_name}
        return [self.package_task(**{**named, "fold": fold}) for fold in self.folds]

    def require_classes(self) -> None:
        """Raise `SettingsError` for a survey with a target, which has no classes to tell apart."""
        if self.settings.has_target:
            said = f"surveys/{self.survey}.yaml has a target and no classes, which {self.task_family} needs"
            raise SettingsError(f"{said}: TrainRegressor, Infer and PlotResults work on it")


class LearnedTask(ClassifierTask):
    """A task that makes a classifier of a data set, or of a view of it for a member of a stack."""

    learned_fold = LearnedFoldParameter()

    def classifier_parameters(self) -> dict[str, object]:
        """Return the parameters that name the training, resolved, for tasks upstream."""
        return {**super().classifier_parameters(), "learned_fold": self.learned_fold}

    @property
    def is_stack(self) -> bool:
        """Whether the classifier is a stack of others."""
        return is_stack(settings_files.raw("classifiers", self.classifier_name))

    def folder(self) -> tuple[str, str, str]:
        """Return the data set's place."""
        return self.building().folder()

    def readable(self) -> str:
        """Return data set, classifier and seed, and the learned fold of a member of a stack."""
        fold = f"-learned{self.learned_fold.replace('/', 'of')}" if self.learned_fold else ""
        return f"{self.building().readable()}-{self.classifier_name}-seed{self.seed}{fold}"

    def building(self) -> "BuildDataset":
        """Return the task that builds the data set of the recipe."""
        from tasks.build_dataset import BuildDataset  # which needs this module

        return BuildDataset(**self.dataset_parameters())

    def datasets(self) -> dict[str, luigi.Task]:
        """Return the task that builds the data set, unless you name a file."""
        return {} if self.dataset_file else {"dataset": self.building()}

    def dataset_path(self) -> Path:
        """Return the data set's file."""
        return Path(self.dataset_file) if self.dataset_file else self.input_path("dataset")

    @contextmanager
    def open_dataset(self) -> "Iterator[DataSet]":
        """Give the data set, with its training and validation rows divided anew where a learned fold is named."""
        from pipeline.datasets.refolded import RefoldedDataSet
        from pipeline.io.results.dataset_file import open_dataset

        with open_dataset(self.dataset_path()) as whole:
            yield RefoldedDataSet(whole, LearnedFold.parse(self.learned_fold)) if self.learned_fold else whole


class ReleaseTask(ClassifierTask):
    """A task of a release: a named processing of the survey."""

    release = luigi.Parameter(default="", description="Name of this processing of the survey; empty: the survey's.")
    suffix: ClassVar[str] = ".parquet"

    @cached_property
    def release_name(self) -> str:
        """The release's name."""
        return self.release or self.settings.release

    def release_parameters(self) -> dict[str, object]:
        """Return the parameters that name package and release, resolved, for tasks upstream."""
        return {**self.classifier_parameters(), "release": self.release_name}

    def folder(self) -> tuple[str, str, str]:
        """Return survey, release, and the range of nights of the data set."""
        return self.survey, self.release_name, self.given_span or self.packaging().folder()[2]

    @property
    def given_span(self) -> str:
        """The part of the path for the nights of what the user names; empty where the data set's recipe says them.

        The recipe is not opened for what needs none: scores of a night or of files by a package that exists.
        """
        return ""

    def readable(self) -> str:
        """Return data set, classifier and seed."""
        return self.packaging().readable()
