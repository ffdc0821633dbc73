"""Any per-night task over every night of a range; none is dropped silently.

Tested by tests/integration/test_night_range.py.
"""

from functools import cached_property

import luigi
from luigi.task_register import Register

from pipeline.errors import UnknownNameError
from pipeline.io import settings_files
from pipeline.surveys.settings import SurveySettings
from tasks.base import state_defaults
from tasks.nights import NightParameter, NightsParameter, asked_nights
from tasks.parameters import seed_parameter

_TASKS_A_NIGHT = {"FetchCutouts": 3, "FreezeInputs": 2, "SimulateTransients": 4, "Infer": 4}


@state_defaults
class NightRange(luigi.WrapperTask):
    """Run a per-night task for each night from --start to --stop, both included, or of --nights."""

    of = luigi.Parameter(description="The per-night task: FetchCutouts, SimulateTransients, Infer.")
    start = NightParameter(default="", description="First night, as 2026-01-01.")
    stop = NightParameter(default="", description="Last night, included.")
    nights = NightsParameter()
    survey = luigi.Parameter(default="synthetic", description="Survey: a file of config/surveys.")
    dataset = luigi.Parameter(default="", description="Data-set recipe; empty: the survey's.")
    classifier = luigi.Parameter(default="", description="Classifier recipe; empty: the survey's.")
    simulation = luigi.Parameter(default="", description="Simulation recipe; empty: the survey's.")
    release = luigi.Parameter(default="", description="Name of the processing; empty: the survey's.")
    seed = seed_parameter()
    package = luigi.Parameter(default="", description="Infer: a package that exists, in place of a trained one.")

    @cached_property
    def task_class(self) -> type[luigi.Task]:
        """The task to run; one that has no night is an error."""
        if self.of not in _TASKS_A_NIGHT:
            raise UnknownNameError("per-night task", self.of, _TASKS_A_NIGHT)
        found: type[luigi.Task] = Register.get_task_cls(self.of)
        return found

    def requires(self) -> list[luigi.Task]:
        """One task a night."""
        offset = settings_files.load("surveys", self.survey, SurveySettings).mjd_night_offset_days
        nights = asked_nights(self, offset, tasks_a_night=_TASKS_A_NIGHT.get(self.of, 1), what=self.of)
        names = {name for name, _ in self.task_class.get_params()}
        given = {name: getattr(self, name) for name in self._shared() if name in names}
        return [self.task_class(night=night.isoformat(), **given) for night in nights]

    @staticmethod
    def _shared() -> tuple[str, ...]:
        return ("survey", "dataset", "classifier", "simulation", "release", "seed", "package")
