"""A night's input: closed, then frozen.

Tested by tests/integration/test_changed_input.py.
"""

import contextlib
import datetime
import json
import logging
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import luigi

from pipeline.errors import NightsiftError
from pipeline.io.alerts.message_schemas import schema_digests
from pipeline.io.database.query_files import query_digests
from pipeline.io.results.night_manifest import read_manifest
from pipeline.night import ends_at, is_ahead
from tasks.base import PipelineTask
from tasks.make_synthetic_survey import MakeSyntheticSurvey
from tasks.parameters import MOST_SNAPSHOTS, NightTask, WholeNumberParameter, processes_parameter

if TYPE_CHECKING:
    from pipeline.stages.night_job import NightJob

log = logging.getLogger(__name__)

_TABLE_KEYS = ("table", "scores", "movers", "variables")
"""Keys of ``labels`` and ``cleaning`` that name reference tables of the survey."""


class ClosedTarget(luigi.Target):
    """There when the survey's ``closed`` rule holds for the night."""

    def __init__(self, task: "NightClosed") -> None:
        self.task = task

    def exists(self) -> bool:
        """Ask the rule now."""
        return not self.task.why_open()


class SurveyNight(NightTask):
    """A night of a survey that may have to be made first."""

    def made_survey(self) -> MakeSyntheticSurvey | None:
        """Return the task that makes the survey's files, if one must."""
        return MakeSyntheticSurvey(survey=self.survey) if self.settings.made else None

    def survey_folder(self) -> Path | None:
        """Return where that task puts them."""
        made = self.made_survey()
        return Path(made.output().path) if made else None

    def job(self, manifest: Mapping[str, Any], of: PipelineTask | None = None) -> "NightJob":
        """Return what a function of this night is given.

        Parameters
        ----------
        manifest : mapping
            The night's frozen input.
        of : PipelineTask, optional
            Whose result is made; this task's if not given.
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


class NightClosed(SurveyNight):
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


class FreezeInputs(SurveyNight):
    """Freeze what a night's input is: counts, digests of rows and files, as of now."""

    snapshot = WholeNumberParameter(
        default=1, least=1, most=MOST_SNAPSHOTS, description="Which freezing of the night; a refetch makes the next."
    )
    labels = luigi.BoolParameter(
        default=False,
        significant=False,
        description="Freeze the label tables alone; rows and images stay those of the snapshot before.",
    )
    processes = processes_parameter("read alert packets for their index")
    revision: ClassVar[int] = 2
    libraries: ClassVar[frozenset[str]] = frozenset()  # it counts, and takes digests
    suffix: ClassVar[str] = ".json"

    def requires(self) -> dict[str, luigi.Task]:
        """The survey made, and the night closed."""
        made = self.made_survey()
        return {"closed": NightClosed(survey=self.survey, night=self.night_name)} | ({"survey": made} if made else {})

    def upstream(self) -> dict[str, Any]:
        """Return the made survey; the clock decides nothing about the result."""
        return {name: task for name, task in super().upstream().items() if name == "survey"}

    def decides(self) -> dict[str, Any]:
        """Where the input is, what its queries ask, the schemas of its messages, the night, which snapshot."""
        content = self.survey_content()
        where = {key: content.get(key) for key in ("source", "input", "longitude_deg", "mjd_night_offset_days")}
        asked, schemas = query_digests(self.settings.input, self.label_tables), schema_digests(self.settings.input)
        named = {"schemas": schemas} if schemas else {}
        return {"survey": where, "queries": asked, "night": self.night_name, "snapshot": self.snapshot, **named}

    @property
    def is_light(self) -> bool:
        """It reads and counts; most nights of many years are done at once."""
        return True

    @property
    def is_empty(self) -> bool:
        """Whether a night that was frozen has no rows but those of label tables."""
        queries = self.manifest().get("queries", {})
        return not any(what.get("rows", 1) for name, what in queries.items() if name not in self.label_tables)

    def readable(self) -> str:
        """Return the number of the snapshot."""
        return f"s{self.snapshot}"

    @cached_property
    def former(self) -> dict[str, Any]:
        """The manifest of the snapshot before; empty where there is none."""
        if self.snapshot < 2:
            return {}
        before = FreezeInputs(survey=self.survey, night=self.night_name, snapshot=self.snapshot - 1)
        return before.manifest() if before.complete() else {}

    def manifest(self) -> dict[str, Any]:
        """Return what was frozen, without what made the file: cutouts repeat it, and are equal whoever froze it."""
        return {key: value for key, value in read_manifest(self.output().path).items() if key != "provenance"}

    @property
    def rows_of(self) -> int:
        """The snapshot that was the first to have these rows and images; what labels do not touch stands on it.

        The first snapshot is its own, without a look into it: planning asks this of every night of a survey.
        """
        if self.snapshot < 2 or not self.complete():
            return self.snapshot
        return int(self.manifest().get("rows_of", self.snapshot))

    def build(self, path: Path) -> None:
        """Write the manifest."""
        from pipeline.stages.empty_night import tell_if_empty
        from pipeline.surveys.label_tables import rows_and_images, with_label_tables

        survey, former = self.adapter(self.survey_folder(), self.processes), self.former
        if self.labels and former and survey.has_images:
            manifest = with_label_tables(survey, self.night_name, former)
        else:
            manifest = survey.freeze(self.night_name)
        manifest |= {"night": self.night_name, "snapshot": self.snapshot, "as_of": self._started}
        if former and survey.has_images and rows_and_images(manifest) == rows_and_images(former):
            manifest["rows_of"] = former.get("rows_of", former["snapshot"])
        manifest["provenance"] = self.provenance()
        tell_if_empty(survey, self.survey, self.night_name, manifest)
        path.write_text(json.dumps(manifest, indent=1, sort_keys=True), encoding="utf-8")
