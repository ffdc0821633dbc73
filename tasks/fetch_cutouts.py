"""A night from its survey: frozen, its movers predicted where labels need them, fetched."""

import json
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import luigi

from pipeline.io.label_file import named_files
from tasks.fetch_movers import FetchMovers, names_ephemeris
from tasks.freeze_inputs import FreezeInputs, NightClosed, SurveyNight

if TYPE_CHECKING:
    from pipeline.surveys.fetch import NightCutouts

__all__ = ["FetchCutouts", "FreezeInputs", "NightClosed"]


class FetchCutouts(SurveyNight):
    """Cut the night's candidates out of their images, label them, and write one cutout file."""

    snapshot = luigi.IntParameter(default=0, description="Which freezing of the input to use; 0: the latest.")
    processes = luigi.IntParameter(
        default=1, significant=False, description="Processes that read exposures; 0: one a core."
    )
    revision: ClassVar[int] = 2

    @cached_property
    def frozen(self) -> FreezeInputs:
        """The freezing that the fetch stands on: the one asked for, else the latest that exists."""
        number = max(self.snapshot, 1)
        task = FreezeInputs(survey=self.survey, night=self.night_name, snapshot=number)
        while not self.snapshot:
            following = FreezeInputs(survey=self.survey, night=self.night_name, snapshot=task.snapshot + 1)
            if not following.complete():
                break
            task = following
        return task

    def requires(self) -> dict[str, luigi.Task]:
        """The frozen manifest, and the night's ephemeris where labels or cleaning name it."""
        movers = FetchMovers(survey=self.survey, night=self.night_name, snapshot=self.frozen.snapshot)
        return {"manifest": self.frozen} | ({"ephemeris": movers} if names_ephemeris(self.settings) else {})

    def decides(self) -> dict[str, Any]:
        """The survey's settings, the files that its labels and cleaning name, the night."""
        content = self.survey_content()
        return {
            "survey": {key: value for key, value in content.items() if key != "ephemeris"},
            "label_files": named_files([*self.settings.labels, *self.settings.cleaning], self.night_name),
            "night": self.night_name,
        }

    def reader(self) -> "NightCutouts":
        """Return what reads and labels the night, batch by batch, by the frozen manifest."""
        from pipeline.io.parquet_table import read_table
        from pipeline.surveys.fetch import NightCutouts

        return NightCutouts(
            self.adapter(self.survey_folder(), self.processes),
            name=self.survey,
            night=self.night_name,
            manifest=json.loads(self.input_path("manifest").read_text(encoding="utf-8")),
            ephemeris=read_table(self.input_path("ephemeris")) if "ephemeris" in self._required else None,
        )

    def build(self, path: Path) -> None:
        """Write what is read."""
        from pipeline.surveys.fetch import write_night

        write_night(path, self.reader(), provenance=self.provenance(), progress=self.progress)
