"""A night's input, frozen: counts and digests of its rows and files.

Tested by tests/integration/test_changed_input.py.
"""

from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import luigi

from pipeline.io.results.night_manifest import Manifest, read_manifest
from pipeline.stages.input_identity import deciding_content
from tasks.base import PipelineTask
from tasks.night_closed import NightClosed
from tasks.numbers import MOST_SNAPSHOTS, WholeNumberParameter, processes_parameter
from tasks.parameters import NightTask


class FreezeInputs(NightTask):
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
        """The night closed, and the survey's files where a task makes them."""
        maker = self.made_survey()
        return {"closed": NightClosed(survey=self.survey, night=self.night_name)} | ({"survey": maker} if maker else {})

    def upstream(self) -> dict[str, PipelineTask]:
        """Return the task that makes the survey; the clock decides nothing about the result."""
        return {name: task for name, task in super().upstream().items() if name == "survey"}

    def decides(self) -> dict[str, object]:
        """Where the input is, what its queries ask, the schemas of its messages, the night, which snapshot."""
        content = deciding_content(self.survey_content(), self.settings.input, self.label_tables)
        return {**content, "night": self.night_name, "snapshot": self.snapshot}

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
    def former(self) -> Manifest:
        """The manifest of the snapshot before; empty where there is none."""
        if self.snapshot < 2:
            return {}
        before = FreezeInputs(survey=self.survey, night=self.night_name, snapshot=self.snapshot - 1)
        return before.manifest() if before.complete() else {}

    def manifest(self) -> Manifest:
        """Return what was frozen, without what made the file: cutouts repeat it, and are equal whoever froze it."""
        manifest = read_manifest(self.output().path)
        manifest.pop("provenance", None)
        return manifest

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
        from pipeline.stages.freeze_inputs import freeze_inputs

        freeze_inputs(
            path,
            self.adapter(self.survey_folder(), self.processes),
            name=self.survey,
            night=self.night_name,
            snapshot=self.snapshot,
            as_of=self._started,
            provenance=self.provenance(),
            former=self.former,
            labels_only=self.labels,
        )
