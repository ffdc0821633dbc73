"""Whether a night is over: what its survey's ``closed`` rule says.

Tested by tests/tasks/test_start.py.
"""

import contextlib
import datetime
import logging

import luigi

from pipeline.errors import NightsiftError
from pipeline.night import ends_at, is_ahead
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
        rule = self.settings.closed
        if rule.after_hours is not None:
            closes = ends_at(datetime.date.fromisoformat(self.night_name), self.settings.longitude_deg)
            closes += datetime.timedelta(hours=rule.after_hours)
            waiting = datetime.datetime.now(datetime.UTC) < closes
            return f"it closes at {closes.isoformat(timespec='minutes')} (closed: after_hours)" if waiting else ""
        survey = self.adapter(self.survey_folder())
        if survey.closed(self.night_name):
            return ""
        if rule.marker:
            return f"no file {rule.marker.format(night=self.night_name)} below {survey.folder} (closed: marker)"
        return f"query {rule.query} returns no row (closed: query)"


@NightClosed.event_handler(luigi.Event.DEPENDENCY_MISSING)
def _say_why(task: NightClosed) -> None:
    with contextlib.suppress(NightsiftError):  # what stops the rule from being asked was said already
        log.warning(
            "night %s of %s is not closed: %s%s", task.night_name, task.survey, task.why_open(), _if_ahead(task)
        )


def _if_ahead(task: NightClosed) -> str:
    """Return, of a night that nobody waits for, which nights there are."""
    from pipeline.stages.empty_night import nights_of

    night, now = datetime.date.fromisoformat(task.night_name), datetime.datetime.now(datetime.UTC)
    if not is_ahead(night, task.settings.longitude_deg, now):
        return ""
    return f"; it lies in the future: {nights_of(task.adapter(task.survey_folder()), task.survey, task.night_name)}"
