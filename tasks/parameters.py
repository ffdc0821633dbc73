"""Parameters that several tasks share, and how a survey's defaults fill those left empty.

Tested by tests/tasks/test_start.py.
"""

import datetime
import math
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import luigi

from pipeline.errors import SettingsError, TooManyTasksError
from pipeline.fingerprint import what_decides
from pipeline.io import settings_files
from pipeline.io.database.settings import deciding_input
from pipeline.night import expand_nights, night_range, parse_night
from pipeline.recipes.dataset import DatasetRecipe
from pipeline.surveys.settings import SurveySettings
from tasks.base import ALL_RELEASES, PipelineTask

if TYPE_CHECKING:
    from pipeline.surveys.base import Survey

MOST_TASKS = 2000
"""Of one run; luigi's scheduler grows slow beyond."""
MOST_SEED = 2**32 - 1
"""What NumPy and scikit-learn take as a seed at most."""
MOST_PROCESSES = 1024
"""Of processes and threads: more than any machine has cores, so that a slip of the finger starts no thousands."""
MOST_SNAPSHOTS = 10_000
"""Far more freezings of one night than anybody makes."""
MOST_FOLDS = 1000
"""Far more folds than a recipe has; each recipe states its own number."""


class NightParameter(luigi.Parameter):
    """A night as an ISO date; dates are accepted from Python callers as well."""

    def normalize(self, x: Any) -> str:
        """Return the ISO date as text."""
        return "" if x in ("", None) else str(x)


def listed_nights(text: str, mjd_offset_days: int) -> list[datetime.date]:
    """Return the nights of ``2026-01-01,2026-01-03`` or ``2026-01-01..2026-01-06``, of dates or MJDs, sorted."""
    entries = [entry.strip() for entry in text.split(",") if entry.strip()]
    if not entries:
        raise SettingsError(f"{text!r} names no night; allowed: 2026-01-01,2026-01-03 or 2026-01-01..2026-01-06")
    return expand_nights(entries, mjd_offset_days)


class NightsParameter(luigi.Parameter):
    """Nights as a list or a range, in place of ``--start`` and ``--stop``."""

    def __init__(self) -> None:
        super().__init__(
            default="",
            description="Nights in place of --start and --stop: 2026-01-01,2026-01-03 or 2026-01-01..2026-01-06.",
        )


def asked_nights(task: Any, mjd_offset_days: int, *, tasks_a_night: int, what: str) -> list[datetime.date]:
    """Return the nights of a task with ``nights``, ``start`` and ``stop``.

    Parameters
    ----------
    task : luigi.Task
        With the three parameters.
    mjd_offset_days : int
        The survey's rule for MJDs, as in `parse_night`.
    tasks_a_night : int
        How many tasks one night takes.
    what : str
        What is done for each night, for the message.

    Raises
    ------
    SettingsError
        If neither or both ways of naming nights are used, or a night is none.
    TooManyTasksError
        If they take more than `MOST_TASKS` tasks.
    """
    if bool(task.nights) == bool(task.start or task.stop) or bool(task.start) != bool(task.stop):
        raise SettingsError(
            f"{task.task_family} needs either --nights, as 2026-01-01..2026-01-06, or both --start and --stop"
        )
    if task.nights:
        nights = listed_nights(task.nights, mjd_offset_days)
    else:
        nights = night_range(*(parse_night(night, mjd_offset_days) for night in (task.start, task.stop)))
    most = max(1, MOST_TASKS // tasks_a_night)
    if len(nights) > most:
        raise TooManyTasksError(
            f"{len(nights)} nights of {what} are too many tasks for one run; allowed: {most} nights. Ask for "
            "the range in pieces; finished nights cost next to nothing"
        )
    return nights


class WholeNumberParameter(luigi.IntParameter):
    """A whole number of a range; another one is an error that names parameter, value and range.

    Parameters
    ----------
    least, most : int
        The smallest and the largest value that may be given.
    """

    def __init__(self, *, least: int, most: int, description: str, **options: Any) -> None:
        super().__init__(description=f"{description} Allowed: {least} to {most}.", **options)
        self.least, self.most = least, most

    def parse(self, x: str) -> int:
        """Return the number that a text states."""
        try:
            return int(x)
        except ValueError:
            raise self._refused(x) from None

    def normalize(self, x: Any) -> int:
        """Return the number, wherever it comes from, if it is one of the range."""
        if not isinstance(x, int) or isinstance(x, bool) or not self.least <= x <= self.most:
            raise self._refused(x)
        return x

    def _refused(self, given: object) -> SettingsError:
        return SettingsError(f"{_flag(self)} is {str(given)!r}; allowed: a whole number, {self.least} to {self.most}")


class RatioParameter(luigi.FloatParameter):
    """A number from 0 up; what is none, or not finite, is an error that names parameter and value."""

    def parse(self, x: str) -> float:
        """Return the number that a text states."""
        try:
            return float(x)
        except ValueError:
            raise self._refused(x) from None

    def normalize(self, x: Any) -> float:
        """Return the number, wherever it comes from, if it is a ratio."""
        if not isinstance(x, int | float) or not (math.isfinite(x) and x >= 0):
            raise self._refused(x)
        return float(x)

    def _refused(self, given: object) -> SettingsError:
        return SettingsError(f"{_flag(self)} is {str(given)!r}; allowed: a number, 0 or more")


def _flag(parameter: luigi.Parameter[Any]) -> str:
    """Return a parameter as the command line has it."""
    return f"--{str(parameter._attribute_name).replace('_', '-')}"


def seed_parameter() -> WholeNumberParameter:
    """Return the parameter of a training's seed, which the libraries take as an unsigned number of 32 bits."""
    return WholeNumberParameter(
        default=1, least=0, most=MOST_SEED, description="Seed of training: weights, augmentation, order."
    )


def processes_parameter(what: str) -> WholeNumberParameter:
    """Return the parameter of how many processes share a task's work, ``what`` they do; it changes no result."""
    return WholeNumberParameter(
        default=1, least=0, most=MOST_PROCESSES, significant=False, description=f"Processes that {what}; 0: one a core."
    )


class SurveyTask(PipelineTask):
    """A task of one survey."""

    survey = luigi.Parameter(default="synthetic", description="Survey: a file of config/surveys, without .yaml.")

    @cached_property
    def settings(self) -> SurveySettings:
        """The survey's settings."""
        return settings_files.load("surveys", self.survey, SurveySettings)

    def survey_content(self) -> dict[str, Any]:
        """Return the survey's settings as parsed, less what cannot change its cutouts."""
        content = what_decides(SurveySettings, settings_files.raw("surveys", self.survey), "labelling")
        return content | ({"input": deciding_input(content["input"])} if "input" in content else {})

    def adapter(self, folder: Path | None = None, processes: int = 1) -> "Survey":
        """Return the adapter that reads the survey, its exposures by so many processes."""
        from pipeline.surveys.load import open_survey

        return open_survey(self.settings, self.survey, folder, workers=processes)


class NightTask(SurveyTask):
    """A task of one night of a survey."""

    night = NightParameter(description="Night: local date of the evening, as 2026-01-05, or an MJD.")

    @cached_property
    def night_name(self) -> str:
        """The night as an ISO date."""
        if not self.night:
            raise SettingsError(f"{self.task_family} needs --night, a date such as 2026-01-05")
        return parse_night(self.night, self.settings.mjd_night_offset_days).isoformat()

    def folder(self) -> tuple[str, str, str]:
        """Return survey, no release, night."""
        return self.survey, ALL_RELEASES, self.night_name


class RecipeTask(SurveyTask):
    """A task that stands on a data set: its recipe and seed."""

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
        """The data-set recipe; one of another survey is an error."""
        recipe = settings_files.load("datasets", self.dataset_name, DatasetRecipe)
        if recipe.survey != self.survey:
            raise SettingsError(
                f"datasets/{self.dataset_name}.yaml is of survey {recipe.survey!r}, not {self.survey!r}: write "
                f"datasets/{self.survey}.yaml (`survey: {self.survey}`, its nights; `extends: {self.dataset_name}` for "
                f"the rest) and name it by --dataset, or by `defaults` in surveys/{self.survey}.yaml; a night is "
                "scored without any by --package"
            )
        if not 0 <= self.fold < max(1, recipe.split.folds):
            raise SettingsError(f"fold is {self.fold}; allowed: 0 to {max(1, recipe.split.folds) - 1}")
        return recipe

    def dataset_parameters(self) -> dict[str, Any]:
        """Return the parameters that name the data set, resolved, for tasks upstream."""
        return {"survey": self.survey, "dataset": self.dataset_name, "fold": self.fold}


class ClassifierTask(RecipeTask):
    """A task that stands on a trained classifier."""

    classifier = luigi.Parameter(default="", description="Classifier of config/classifiers; empty: the survey's.")
    seed = seed_parameter()
    dataset_file = luigi.Parameter(default="", description="A data set that exists, in place of the recipe's.")

    @cached_property
    def classifier_name(self) -> str:
        """The classifier recipe's name."""
        return self.classifier or self.settings.defaults.classifier

    def classifier_parameters(self) -> dict[str, Any]:
        """Return the parameters that name the package, resolved, for tasks upstream."""
        return {
            **self.dataset_parameters(),
            "classifier": self.classifier_name,
            "seed": self.seed,
            "dataset_file": self.dataset_file,
        }
