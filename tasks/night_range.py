"""A per-night task for every night of a range; no night is dropped silently.

Tested by tests/integration/test_night_range.py.
"""

from functools import cached_property

import luigi
from luigi.task_register import Register

from pipeline.errors import UnknownNameError
from pipeline.io import settings_files
from pipeline.surveys.settings import SurveySettings
from tasks.base import state_defaults
from tasks.numbers import seed_parameter
from tasks.parameters import RangeTask

_TASKS_A_NIGHT = {"FetchCutouts": 3, "FreezeInputs": 2, "SimulateTransients": 4, "Infer": 4, "WriteBackScores": 5}

"""Tasks that may run for each night, and how many one night takes with what it needs."""
_SHARED = ("survey", "dataset", "classifier", "simulation", "release", "seed", "package", "commit_rows")
"""Parameters that are handed to the task of each night, if it has them."""


@state_defaults
class NightRange(RangeTask, luigi.WrapperTask):
    """Run a per-night task for each night from --start to --stop, both included, or of --nights."""

    of = luigi.Parameter(description="The per-night task: FetchCutouts, SimulateTransients, Infer, WriteBackScores.")
    survey = luigi.Parameter(default="synthetic", description="Survey: a file of config/surveys.")
    dataset = luigi.Parameter(default="", description="Data-set recipe; empty: the survey's.")
    classifier = luigi.Parameter(default="", description="Classifier recipe; empty: the survey's.")
    simulation = luigi.Parameter(default="", description="Simulation recipe; empty: the survey's.")
    release = luigi.Parameter(default="", description="Name of the processing; empty: the survey's.")
    seed = seed_parameter()
    package = luigi.Parameter(default="", description="A package that exists, in place of a trained one.")
    commit_rows = luigi.BoolParameter(default=False, description="WriteBackScores: write; else say what would be.")

    @cached_property
    def task_class(self) -> type[luigi.Task]:
        """The task to run; a task that has no night is an error."""
        if self.of not in _TASKS_A_NIGHT:
            raise UnknownNameError("per-night task", self.of, _TASKS_A_NIGHT)
        found: type[luigi.Task] = Register.get_task_cls(self.of)
        return found

    def requires(self) -> list[luigi.Task]:
        """One task per night."""
        survey, each = settings_files.load("surveys", self.survey, SurveySettings), _TASKS_A_NIGHT.get(self.of, 1)
        nights = self.asked_nights(
            survey.mjd_night_offset_days, tasks_a_night=each, what=self.of, has_nights=survey.has_nights
        )
        known = {name for name, _ in self.task_class.get_params()}
        shared = {name: getattr(self, name) for name in _SHARED if name in known}
        if "night" in known:
            return [self.task_class(night=night, **shared) for night in nights]
        return [self.task_class(nights=night, packages=self.package, **shared) for night in nights]
