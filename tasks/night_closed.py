"""Whether a night is over, by its survey's ``closed`` rule.

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
    """A target that exists when the survey's ``closed`` rule holds for the night."""

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
        """Return the rule that keeps the night open; empty if it is closed."""
        return why_open(self.settings, self.night_name, lambda: self.adapter(self.survey_folder()))


@NightClosed.event_handler(luigi.Event.DEPENDENCY_MISSING)
def _say_why(task: NightClosed) -> None:
    with contextlib.suppress(NightsiftError):  # what stops the rule from being asked was said already
        log.warning(
            "night %s of %s is not closed: %s%s", task.night_name, task.survey, task.why_open(), _if_ahead(task)
        )


def _if_ahead(task: NightClosed) -> str:
    """Return which nights there are, for a night that has not begun and that nobody waits for; else nothing."""
    if not is_of_future(task.settings, task.night_name):
        return ""
    from pipeline.stages.empty_night import nights_of

    return f"; it lies in the future: {nights_of(task.adapter(task.survey_folder()), task.survey, task.night_name)}"
