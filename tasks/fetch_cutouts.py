"""A night from its survey: frozen, its movers predicted where labels need them, fetched.

Tested by tests/integration/test_golden_results.py.
"""

import contextlib
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

import luigi

from pipeline.errors import NightsiftError
from pipeline.io.tables.label_file import named_files
from tasks.fetch_movers import FetchMovers, names_ephemeris
from tasks.freeze_inputs import FreezeInputs
from tasks.numbers import MOST_SNAPSHOTS, WholeNumberParameter, processes_parameter
from tasks.parameters import NightTask

if TYPE_CHECKING:
    import pandas as pd


SOURCE_REVISIONS: Final[Mapping[str, int]] = {
    "alert_packets": 2, "alert_table": 2, "catalogue": 2, "stamp_set": 2,
}  # fmt: skip
"""Revision of the cutouts of each kind of source that changed alone; those that are not named have their first."""


class FetchCutouts(NightTask):
    """Cut the night's candidates out of their images, label them, and write one cutout file."""

    snapshot = WholeNumberParameter(
        default=0, least=0, most=MOST_SNAPSHOTS, description="Which snapshot of the input to use; 0: the latest."
    )
    processes = processes_parameter("read exposures or packets")
    revision: ClassVar[int] = 3

    @cached_property
    def frozen(self) -> FreezeInputs:
        """The frozen input that is fetched: the snapshot that you ask for, else the latest that exists."""
        number = max(self.snapshot, 1)
        night: dict[str, object] = {"survey": self.survey, "night": self.night_name, "processes": self.processes}
        task = FreezeInputs(**night, snapshot=number)
        while not self.snapshot:
            following = FreezeInputs(**night, snapshot=task.snapshot + 1)
            if not following.complete():
                break
            task = following
        return task

    @property
    def is_light(self) -> bool:
        """A night without rows is written at once, and there are many of them."""
        with contextlib.suppress(NightsiftError, OSError, AttributeError):  # what is wrong is said when it is read
            return self.frozen.is_empty
        return False

    @property
    def is_labelled(self) -> bool:
        """Whether tables may decide how the night's rows are labelled, or which of them are kept."""
        return bool(self.settings.labels or self.settings.cleaning)

    def requires(self) -> dict[str, luigi.Task]:
        """The frozen manifest, and the night's ephemeris where labels or cleaning name it."""
        required: dict[str, luigi.Task] = {"manifest": self.frozen}
        if names_ephemeris(self.settings):
            number = self.frozen.rows_of
            required["ephemeris"] = FetchMovers(survey=self.survey, night=self.night_name, snapshot=number)
        return required

    def decides(self) -> dict[str, object]:
        """The survey's settings, the files that its labels and cleaning name, the night, the source's revision."""
        content, source = self.survey_content(), self.settings.source
        return {
            "survey": {key: value for key, value in content.items() if key != "ephemeris"},
            "label_files": named_files([*self.settings.labels, *self.settings.cleaning], self.night_name),
            "night": self.night_name,
        } | ({"source_revision": SOURCE_REVISIONS[source]} if source in SOURCE_REVISIONS else {})

    def ephemeris(self) -> "pd.DataFrame | None":
        """Return the ephemeris of `FetchMovers`, if labels or cleaning name it."""
        from pipeline.io.results.parquet_table import read_table

        return read_table(self.input_path("ephemeris")) if "ephemeris" in self._required else None

    def formers(self) -> list[Path]:
        """Return the night's other cutout files, the newest first."""
        target = self.output().path
        others = [path for path in target.parent.glob(f"{self.task_family}-*{self.suffix}") if path.name != target.name]
        return sorted(others, key=lambda path: (path.stat().st_mtime_ns, path.name), reverse=True)

    def build(self, path: Path) -> None:
        """Write the night's cutouts."""
        from pipeline.stages.fetch_cutouts import fetch_cutouts

        fetch_cutouts(
            path,
            self.job(self.frozen.manifest()),
            ephemeris=self.ephemeris(),
            formers=self.formers(),
            manifest_file=self.input_path("manifest"),
        )
