"""A night's ephemeris of solar-system objects, as a target of its own."""

from pathlib import Path
from typing import ClassVar

import luigi

from pipeline.errors import SettingsError
from pipeline.fingerprint import what_decides
from pipeline.surveys.ephemeris_settings import EphemerisSettings
from pipeline.surveys.settings import SurveySettings
from tasks.fetch_orbit_catalogue import FetchOrbitCatalogue
from tasks.freeze_inputs import FreezeInputs
from tasks.numbers import MOST_SNAPSHOTS, WholeNumberParameter
from tasks.parameters import NightTask

_EPHEMERIS = "ephemeris"
"""The table that this task makes, as `pipeline.labels.EPHEMERIS` calls it; planning imports no pandas."""


def names_ephemeris(settings: SurveySettings) -> bool:
    """Tell whether a survey's labels or cleaning read the ephemeris that `FetchMovers` makes."""
    return any(value == _EPHEMERIS for entry in (*settings.labels, *settings.cleaning) for value in entry.values())


class FetchMovers(NightTask):
    """Predict the solar-system objects in the night's exposures, by SkyBoT or from orbits; a service must answer."""

    snapshot = WholeNumberParameter(
        default=1, least=1, most=MOST_SNAPSHOTS, description="Which snapshot of the night's input to use."
    )
    suffix: ClassVar[str] = ".parquet"

    @property
    def ephemeris(self) -> EphemerisSettings:
        """The survey's settings of its ephemeris."""
        if self.settings.ephemeris is None:
            raise SettingsError(
                f"surveys/{self.survey}.yaml states no `ephemeris`, and its labels or cleaning ask for one"
            )
        return self.settings.ephemeris

    @property
    def resources(self) -> dict[str, int]:  # type: ignore[override]
        """One task at a time asks SkyBoT."""
        return {"skybot": 1} if self.ephemeris.source == "skybot" else {}

    @property
    def frozen(self) -> FreezeInputs:
        """The night's frozen input."""
        return FreezeInputs(survey=self.survey, night=self.night_name, snapshot=self.snapshot)

    def requires(self) -> dict[str, luigi.Task]:
        """The frozen manifest, and the catalogue of orbits where they are propagated."""
        needed: dict[str, luigi.Task] = {"manifest": self.frozen}
        if self.ephemeris.source == "orbits":
            date = self.ephemeris.catalogue_date or f"{self.night_name[:7]}-01"
            needed["orbits"] = FetchOrbitCatalogue(survey=self.survey, date=date)
        return needed

    def decides(self) -> dict[str, object]:
        """How the ephemeris is made, where the survey's telescope stands, and the night."""
        asked = what_decides(EphemerisSettings, vars(self.ephemeris), f"ephemeris of {self.ephemeris.source}")
        content = self.survey_content()
        survey = {key: value for key, value in content.items() if key in ("source", "input", "longitude_deg")}
        return {"ephemeris": asked, "survey": survey, "night": self.night_name}

    def build(self, path: Path) -> None:
        """Ask or propagate, and keep the answer."""
        from pipeline.io.results.parquet_table import read_table
        from pipeline.stages.fetch_movers import fetch_movers

        orbits = read_table(self.input_path("orbits")) if "orbits" in self._required else None
        fetch_movers(path, self.job(self.frozen.manifest()), orbits=orbits)
