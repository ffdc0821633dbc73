"""The frozen input of a night: counts and digests of its rows and files.

Tested by tests/integration/test_changed_input.py.
"""

from functools import cached_property
from pathlib import Path
from typing import ClassVar

import luigi

from pipeline.io.results.night_manifest import Manifest, read_manifest
from pipeline.stages.input_identity import deciding_content
from tasks.base import PipelineTask
from tasks.night_closed import NightClosed
from tasks.numbers import MOST_SNAPSHOTS, WholeNumberParameter, processes_parameter
from tasks.parameters import NightTask


class FreezeInputs(NightTask):
    """Record what a night's input is now: counts, and digests of its rows and files."""

    snapshot = WholeNumberParameter(
        default=1, least=1, most=MOST_SNAPSHOTS, description="Which snapshot of the night; a refetch makes the next."
    )
    labels = luigi.BoolParameter(
        default=False,
        significant=False,
        description="Freeze only the label tables; rows and images stay those of the previous snapshot.",
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
        """Whether it runs in the client: it only reads and counts, and most nights of many years are done at once."""
        return True

    @property
    def is_empty(self) -> bool:
        """Whether a frozen night has no rows except those of label tables."""
        queries = self.manifest().get("queries", {})
        return not any(what.get("rows", 1) for name, what in queries.items() if name not in self.label_tables)

    def readable(self) -> str:
        """Return the number of the snapshot."""
        return f"s{self.snapshot}"

    @cached_property
    def former(self) -> Manifest:
        """The manifest of the previous snapshot; empty if there is no such snapshot."""
        if self.snapshot < 2:
            return {}
        before = FreezeInputs(survey=self.survey, night=self.night_name, snapshot=self.snapshot - 1)
        return before.manifest() if before.complete() else {}

    def manifest(self) -> Manifest:
        """Return what was frozen, without its provenance: cutouts repeat it, and do not depend on who froze it."""
        manifest = read_manifest(self.output().path)
        manifest.pop("provenance", None)
        return manifest

    @property
    def rows_of(self) -> int:
        """The first snapshot with these rows and images; results that labels do not touch are made from it.

        Snapshot 1 is not opened for the answer: planning asks this of every night of a survey.
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
