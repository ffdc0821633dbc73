"""Surveys whose candidates stand in a database and whose images are FITS files."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import sqlalchemy

from pipeline.errors import InputError, NightsiftError
from pipeline.io import content, database
from pipeline.io.settings_files import expand
from pipeline.surveys.base import SURVEYS, Batch, ExposureImages
from pipeline.surveys.fetch import freeze_label_tables
from pipeline.surveys.image_files import ImageFiles, ImageSettings
from pipeline.surveys.settings import SurveySettings

_KEYS = {
    "exposures": "exposure_id", "candidates": "candidate_id", "nights": "night", "eyeballs": "candidate_id",
    "movers": "mover_id", "variables": "variable_id", "hosts": "host_id", "truth": "candidate_id",
}  # fmt: skip
_IDS = ("candidate_id", "object_id", "exposure_id", "mover_id", "variable_id", "host_id", "source_id", "night")
_CANDIDATE_NEEDS = ("candidate_id", "object_id", "exposure_id", "ra_deg", "dec_deg", "x_pixel", "y_pixel")


@dataclass(frozen=True, kw_only=True)
class DatabaseInput:
    """The ``input`` of a database survey.

    Attributes
    ----------
    folder : str
        Where relative paths of images start.
    sqlite : str
        The database file, below ``folder``.
    queries : str
        The set of named queries, a folder of ``config/queries``.
    images : ImageSettings
        Where the images of the exposures query are.
    tables : tuple of str
        Reference tables that the query set offers, for labels and evaluation.
    """

    folder: str
    sqlite: str = "survey.sqlite"
    queries: str = "generic"
    images: ImageSettings
    tables: tuple[str, ...] = ()


@SURVEYS.register("database", settings=DatabaseInput)
class DatabaseSurvey:
    """Candidates and exposures from named queries, pixels from FITS images, one exposure at a time."""

    has_images = True

    def __init__(self, settings: SurveySettings, given: DatabaseInput, folder: Path | None = None) -> None:
        self.settings = settings
        self.input = given
        self.tables = given.tables
        self._folder = folder
        given.images.require(settings.channels)

    @property
    def folder(self) -> Path:
        """The survey's folder, from the settings or from the task that made it."""
        return self._folder or Path(expand(self.input.folder, "the folder of the survey's images"))

    @cached_property
    def _images(self) -> ImageFiles:
        return ImageFiles(self.settings, self.input.images, self.folder)

    def _select(self, name: str, night: str = "") -> pd.DataFrame:
        return database.select(
            self._engine(),
            database.query_text(self.input.queries, name),
            {"night": night},
            order_by=_KEYS.get(name, ""),
            where=f"{self.input.queries}/{name}",
            text_columns=_IDS,
        )

    def _engine(self) -> sqlalchemy.Engine:
        return database.sqlite_engine(self.folder / self.input.sqlite)

    def nights(self) -> list[str]:
        """Return the nights that hold exposures."""
        return sorted(self._select("nights")["night"].astype(str))

    def closed(self, night: str) -> bool:
        """Tell whether the marker file or the query says that the night is complete."""
        rule = self.settings.closed
        if rule.marker is not None:
            return (self.folder / rule.marker.format(night=night)).exists()
        return rule.query is not None and len(self._select(rule.query, night)) > 0

    def freeze(self, night: str) -> dict[str, Any]:
        """Return counts and digests of the night's rows, and size and digest of each image file."""
        exposures, candidates = self._select("exposures", night), self._select("candidates", night)
        return {
            "queries": {
                "exposures": {"rows": len(exposures), "sha256": content.frame_digest(exposures)},
                "candidates": {"rows": len(candidates), "sha256": content.frame_digest(candidates)},
                **freeze_label_tables(self, night),
            },
            "files": self._images.manifest(exposures),
        }

    def read(self, night: str, manifest: Mapping[str, Any]) -> Iterator[Batch]:
        """Yield one batch an exposure; images are read once, whatever the number of candidates."""
        exposures, candidates = self._frozen("exposures", night, manifest), self._frozen("candidates", night, manifest)
        self._require_sound(candidates)
        for exposure in _records(exposures, night):
            mine = candidates[candidates["exposure_id"] == exposure["exposure_id"]].reset_index(drop=True)
            yield self._images.batch(exposure, mine, manifest["files"])
        astray = candidates[~candidates["exposure_id"].isin(exposures["exposure_id"])]
        if len(astray):
            yield replace(self._images.without(astray["candidate_id"], "exposure unknown"), exposures=0)

    def _require_sound(self, candidates: pd.DataFrame) -> None:
        where = f"query {self.input.queries}/candidates"
        missing = [name for name in _CANDIDATE_NEEDS if name not in candidates]
        if missing:
            raise InputError(f"{where}: column {missing[0]!r} is missing; there: {', '.join(candidates)}")
        twice = candidates["candidate_id"][candidates["candidate_id"].duplicated()]
        if len(twice):
            raise InputError(f"{where}: candidate_id {twice.iloc[0]!r} stands there twice")

    def _frozen(self, name: str, night: str, manifest: Mapping[str, Any]) -> pd.DataFrame:
        rows = self._select(name, night)
        if content.frame_digest(rows) != manifest["queries"][name]["sha256"]:
            raise InputError(
                f"night {night}: the rows of query {self.input.queries}/{name} changed since the night was frozen "
                f"({manifest['queries'][name]['rows']} rows then, {len(rows)} now); use `nightsift refetch`"
            )
        return rows

    def images(self, night: str, manifest: Mapping[str, Any]) -> Iterator[ExposureImages | Batch]:
        """Yield science and template of each exposure for simulation."""
        for exposure in _records(self._frozen("exposures", night, manifest), night):
            yield self._images.pair(exposure, manifest["files"])

    def reference(self, table: str, night: str) -> pd.DataFrame:
        """Return the rows of a reference table that belong to the night."""
        return self._select(table, night)

    def check(self) -> list[str]:
        """Run every query, and look for the images and HDUs of the newest night."""
        faults = []
        for name in ("exposures", "candidates", "nights", *self.input.tables):
            try:
                self._select(name, "1900-01-01")
            except NightsiftError as error:
                faults.append(str(error))
        nights = [] if faults else self.nights()
        if nights:
            faults += self._images.check(_records(self._select("exposures", nights[-1]), nights[-1])[0])
        return faults


def _records(exposures: pd.DataFrame, night: str) -> list[dict[str, Any]]:
    """Return exposures as mappings without what the database holds as NULL."""
    return [
        {"night": night} | {name: value for name, value in row.items() if pd.notna(value)}
        for row in exposures.to_dict("records")
    ]
