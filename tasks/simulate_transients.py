"""Sources and artefacts of our own making, found or missed as real ones would be."""

import json
from functools import cached_property
from pathlib import Path
from typing import Any

import luigi

from pipeline.io import settings_files
from pipeline.recipes import SimulationRecipe
from tasks.fetch_cutouts import FetchCutouts, _SurveyNight


class SimulateTransients(_SurveyNight):
    """Inject sources into copies of the night's images (or stamps), and search them as the survey does."""

    simulation = luigi.Parameter(default="", description="Recipe of config/simulations; empty: the survey's.")

    @cached_property
    def simulation_name(self) -> str:
        """The recipe's name."""
        return self.simulation or self.settings.defaults.simulation

    @cached_property
    def recipe(self) -> SimulationRecipe:
        """The recipe."""
        return settings_files.load("simulations", self.simulation_name, SimulationRecipe)

    def requires(self) -> dict[str, luigi.Task]:
        """The night's cutouts, and through them its frozen input."""
        return {"cutouts": FetchCutouts(survey=self.survey, night=self.night_name)}

    def decides(self) -> dict[str, Any]:
        """The recipe."""
        return {"simulation": settings_files.raw("simulations", self.simulation_name)}

    def readable(self) -> str:
        """Return the recipe's name."""
        return self.simulation_name

    def build(self, path: Path) -> None:
        """Simulate into images, or into stamps where the survey has none."""
        from pipeline.surveys.simulate import simulate_night

        frozen = FetchCutouts(survey=self.survey, night=self.night_name).input_path("manifest")
        simulate_night(
            path,
            self.adapter(self.survey_folder()),
            name=self.survey,
            night=self.night_name,
            recipe=self.recipe,
            cutouts=self.input_path("cutouts"),
            manifest=json.loads(frozen.read_text(encoding="utf-8")),
            provenance=self.provenance(),
            progress=self.progress,
        )
