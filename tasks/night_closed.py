"""Whether a night is over: what its survey's ``closed`` rule says.

Tested by tests/tasks/test_start.py.
"""

import contextlib
import logging

import luigi

from pipeline.errors import NightsiftError
from pipeline.stages.closing import is_of_future, why_open
from tasks.parameters import NightTask

log = logging.getLogger(__name__)


class ClosedTarget(luigi.Target):
    """There when the survey's ``closed`` rule holds for the night."""

    def __init__(self, task: "NightClosed") -> None:
        self.task = task

    def exists(self) -> bool:
        """Ask the rule now."""
        return not self.task.why_open()


class NightClosed(NightTask):
    """Missing data until the survey calls the night closed."""

    run = None  # type: ignore[assignment]  # so luigi takes it for external

    def output(self) -> ClosedTarget:  # type: ignore[override]
        """Return the rule as a target."""
        return ClosedTarget(self)

    def why_open(self) -> str:
        """Return which rule does not hold; empty where it does."""
        return why_open(self.settings, self.night_name, lambda: self.adapter(self.survey_folder()))


@NightClosed.event_handler(luigi.Event.DEPENDENCY_MISSING)
def _say_why(task: NightClosed) -> None:
    with contextlib.suppress(NightsiftError):  # what stops the rule from being asked was said already
        log.warning(
            "night %s of %s is not closed: %s%s", task.night_name, task.survey, task.why_open(), _if_ahead(task)
        )


def _if_ahead(task: NightClosed) -> str:
    """Return which nights there are, where the night has not begun and nobody waits for it."""
    if not is_of_future(task.settings, task.night_name):
        return ""
    from pipeline.stages.empty_night import nights_of

    return f"; it lies in the future: {nights_of(task.adapter(task.survey_folder()), task.survey, task.night_name)}"
