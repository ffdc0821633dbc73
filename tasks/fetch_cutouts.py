"""A night from its survey: frozen, its movers predicted where labels need them, fetched.

Tested by tests/integration/test_golden_results.py.
"""

import contextlib
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import luigi

from pipeline.errors import NightsiftError
from pipeline.io.settings_files import data_folder
from pipeline.io.tables import label_states
from pipeline.io.tables.label_file import named_files
from tasks.fetch_movers import FetchMovers, names_ephemeris
from tasks.freeze_inputs import FreezeInputs, NightClosed, SurveyNight
from tasks.parameters import MOST_SNAPSHOTS, WholeNumberParameter, processes_parameter

if TYPE_CHECKING:
    from pipeline.stages.fetch_cutouts import NightCutouts

__all__ = ["FetchCutouts", "FreezeInputs", "NightClosed"]


class FetchCutouts(SurveyNight):
    """Cut the night's candidates out of their images, label them, and write one cutout file."""

    snapshot = WholeNumberParameter(
        default=0, least=0, most=MOST_SNAPSHOTS, description="Which freezing of the input to use; 0: the latest."
    )
    processes = processes_parameter("read exposures or packets")
    revision: ClassVar[int] = 3

    @cached_property
    def frozen(self) -> FreezeInputs:
        """The freezing that the fetch stands on: the one asked for, else the latest that exists."""
        number = max(self.snapshot, 1)
        night: dict[str, Any] = {"survey": self.survey, "night": self.night_name, "processes": self.processes}
        task = FreezeInputs(**night, snapshot=number)
        while not self.snapshot:
            following = FreezeInputs(**night, snapshot=task.snapshot + 1)
            if not following.complete():
                break
            task = following
        return task

    @property
    def is_light(self) -> bool:
        """A night without rows, of which there are many, is a file without rows at once."""
        with contextlib.suppress(NightsiftError, OSError, AttributeError):  # what is wrong is said when it is read
            return self.frozen.is_empty
        return False

    @property
    def is_labelled(self) -> bool:
        """Whether tables may decide what the night's rows are called, or which of them stay."""
        return bool(self.settings.labels or self.settings.cleaning)

    def requires(self) -> dict[str, luigi.Task]:
        """The frozen manifest, and the night's ephemeris where labels or cleaning name it."""
        required: dict[str, luigi.Task] = {"manifest": self.frozen}
        if names_ephemeris(self.settings):
            number = self.frozen.rows_of
            required["ephemeris"] = FetchMovers(survey=self.survey, night=self.night_name, snapshot=number)
        return required

    def decides(self) -> dict[str, Any]:
        """The survey's settings, the files that its labels and cleaning name, the night."""
        content = self.survey_content()
        return {
            "survey": {key: value for key, value in content.items() if key != "ephemeris"},
            "label_files": named_files([*self.settings.labels, *self.settings.cleaning], self.night_name),
            "night": self.night_name,
        }

    def reader(self, *, labels: bool = True) -> "NightCutouts":
        """Return what reads the night, batch by batch, by the frozen manifest; without labels where none are needed."""
        from pipeline.stages.fetch_cutouts import NightCutouts

        return NightCutouts(self.adapter(self.survey_folder(), self.processes), labels=labels, **self._given())

    def _given(self) -> dict[str, Any]:
        from pipeline.io.results.parquet_table import read_table

        return {
            "name": self.survey,
            "night": self.night_name,
            "manifest": self.frozen.manifest(),
            "ephemeris": read_table(self.input_path("ephemeris")) if "ephemeris" in self._required else None,
        }

    def formers(self) -> list[Path]:
        """Return the night's other cutout files, the newest first."""
        target = self.output().path
        others = [path for path in target.parent.glob(f"{self.task_family}-*{self.suffix}") if path.name != target.name]
        return sorted(others, key=lambda path: (path.stat().st_mtime_ns, path.name), reverse=True)

    def build(self, path: Path) -> None:
        """Write what is read: of a former file of the night where only labels differ, else of the survey."""
        from pipeline.stages.fetch_cutouts import write_night
        from pipeline.stages.relabelled_night import relabelled_night
        from pipeline.surveys.label_tables import label_files

        survey, provenance = self.adapter(self.survey_folder()), self.provenance()
        tables = label_states.state_of(label_files(survey, self.night_name))
        night = relabelled_night(survey, self.formers(), provenance=provenance, **self._given())
        write_night(path, night or self.reader(), provenance=provenance, progress=self.progress)
        manifest = str(self.input_path("manifest"))
        if self.is_labelled:
            label_states.remember(data_folder() / label_states.NAME, manifest, tables, ())
