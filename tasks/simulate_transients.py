"""Simulated sources and artefacts, found or missed as real ones would be.

Tested by tests/integration/test_golden_results.py.
"""

from functools import cached_property
from pathlib import Path
from typing import ClassVar

import luigi

from pipeline.io import settings_files
from pipeline.io.files.digests import file_digest
from pipeline.recipes.simulation import SimulationRecipe
from pipeline.stages.simulation_files import simulation_files
from tasks.fetch_cutouts import FetchCutouts
from tasks.numbers import processes_parameter
from tasks.parameters import NightTask

VARIABLES_REVISION = 1
"""Raised when simulations change in which stars vary; ``revision`` would make all others again, too."""


class SimulateTransients(NightTask):
    """Inject sources into copies of the night's images (or stamps), and search them as the survey does."""

    simulation = luigi.Parameter(default="", description="Recipe of config/simulations; empty: the survey's.")
    processes = processes_parameter("simulate exposures")
    revision: ClassVar[int] = 4

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
        return {"cutouts": self.cutouts}

    @cached_property
    def cutouts(self) -> FetchCutouts:
        """The night's cutouts; for injection into images those of the first labels, as only places count."""
        latest = FetchCutouts(survey=self.survey, night=self.night_name)
        number = latest.frozen.rows_of
        if self.recipe.images is None or number == latest.frozen.snapshot:
            return latest
        return FetchCutouts(survey=self.survey, night=self.night_name, snapshot=number)

    def decides(self) -> dict[str, object]:
        """The recipe, and the content of the files that it names."""
        named = simulation_files(self.recipe, self.night_name, self._folder_of_psfs())
        files = {name: file_digest(path) for name, path in named.items()}
        recipe = settings_files.raw("simulations", self.simulation_name)
        varies = self.recipe.images is not None and self.recipe.images.variable_share > 0
        return {
            "simulation": recipe,
            **({"files": files} if files else {}),
            **({"variables": VARIABLES_REVISION} if varies else {}),
        }

    def _folder_of_psfs(self) -> Path | None:
        """Return where relative paths of PSF files start; None for a survey that is made, which has no such files."""
        images = self.recipe.images
        return self.adapter().folder if images and images.psf.file and not self.settings.made else None

    def readable(self) -> str:
        """Return the recipe's name."""
        return self.simulation_name

    def shared_modules(self) -> tuple[str, ...]:
        """What simulates as the recipe says, beside what reads nights."""
        from pipeline.stages.simulate_transients import SIMULATIONS

        return (*super().shared_modules(), SIMULATIONS.home(self.recipe.kind))

    def build(self, path: Path) -> None:
        """Simulate as the recipe says."""
        from pipeline.stages.simulate_transients import simulate_transients

        job = self.job(self.cutouts.frozen.manifest())
        simulate_transients(path, job, recipe=self.recipe, cutouts=self.input_path("cutouts"))
