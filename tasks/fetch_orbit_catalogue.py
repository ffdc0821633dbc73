"""A catalogue of orbits, fetched once and kept under its date.

Tested by tests/tasks/test_fetch_movers.py.
"""

from pathlib import Path
from typing import ClassVar

from pipeline.errors import SettingsError
from pipeline.io.files.digests import file_digest
from pipeline.io.tables.catalogue_file import catalogue_path
from pipeline.night import is_night
from tasks.base import ALL_RELEASES
from tasks.nights import NightParameter
from tasks.parameters import SurveyTask


class FetchOrbitCatalogue(SurveyTask):
    """Fetch the survey's catalogue of orbits and keep it under a date; it is never fetched again."""

    date = NightParameter(description="Date under which the catalogue is kept, as 2026-01-01.")
    suffix: ClassVar[str] = ".parquet"

    @property
    def date_name(self) -> str:
        """The date as ISO text."""
        if not is_night(str(self.date)):
            raise SettingsError(f"date is {self.date!r}; allowed: a date such as 2026-01-01")
        return str(self.date)

    @property
    def catalogue(self) -> str:
        """The path or address that the survey names."""
        ephemeris = self.settings.ephemeris
        if ephemeris is None or not ephemeris.catalogue:
            raise SettingsError(f"surveys/{self.survey}.yaml names no catalogue of orbits (ephemeris: catalogue)")
        return ephemeris.catalogue

    def folder(self) -> tuple[str, str, str]:
        """Return survey, no release, the date."""
        return self.survey, ALL_RELEASES, self.date_name

    def decides(self) -> dict[str, object]:
        """The date, and the catalogue's address, or the content of its file."""
        if "://" in self.catalogue:
            return {"address": self.catalogue, "date": self.date_name}
        return {"file": file_digest(catalogue_path(self.catalogue)), "date": self.date_name}

    def build(self, path: Path) -> None:
        """Fetch, read and keep the orbits; a catalogue that cannot be read is not kept."""
        from pipeline.stages.fetch_orbit_catalogue import fetch_orbit_catalogue

        timeout_s = self.settings.ephemeris.timeout_s if self.settings.ephemeris else 60.0
        count = fetch_orbit_catalogue(path, self.catalogue, timeout_s=timeout_s, provenance=self.provenance())
        self.progress(100, f"{count} orbits")
