"""Surveys whose candidates stand in a database and whose images are FITS files."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import sqlalchemy
from numpy.typing import NDArray

from pipeline.cutouts import extract_cutouts
from pipeline.errors import InputError, NightsiftError, SettingsError
from pipeline.io import content, database, digests, fits
from pipeline.io.settings_files import data_folder, expand
from pipeline.surveys.base import SURVEYS, Batch, ExposureImages, dropped_rows
from pipeline.surveys.fetch import freeze_label_tables
from pipeline.surveys.rows import as_text, candidates_frame, describe_pixels, drop_at_edges
from pipeline.surveys.settings import SurveySettings

log = logging.getLogger(__name__)

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
    hdus : mapping
        Channel name to ``path column:HDU`` of the exposures query.
    tables : tuple of str
        Reference tables that the query set offers, for labels and evaluation.
    """

    folder: str
    sqlite: str = "survey.sqlite"
    queries: str = "generic"
    hdus: Mapping[str, str]
    tables: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for channel, place in self.hdus.items():
            if place.count(":") != 1:
                raise SettingsError(f"hdus.{channel} is {place!r}; allowed: a path column and an HDU, as path:HDU")


@SURVEYS.register("database", settings=DatabaseInput)
class DatabaseSurvey:
    """Candidates and exposures from named queries, pixels from FITS images, one exposure at a time."""

    has_images = True

    def __init__(self, settings: SurveySettings, given: DatabaseInput, folder: Path | None = None) -> None:
        absent = set(settings.channels) - set(given.hdus)
        if absent:
            raise SettingsError(f"hdus does not say where the image of channel {min(absent)!r} is")
        self.settings = settings
        self.input = given
        self.tables = given.tables
        self._folder = folder

    @property
    def folder(self) -> Path:
        """The survey's folder, from the settings or from the task that made it."""
        return self._folder or Path(expand(self.input.folder, "the folder of the survey's images"))

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
            "files": {name: self._describe(name) for name in self._files(exposures)},
        }

    def _files(self, exposures: pd.DataFrame) -> list[str]:
        columns = {place.split(":")[0] for place in self.input.hdus.values()}
        absent = columns - set(exposures)
        if absent and len(exposures):
            raise SettingsError(f"hdus: the exposures query has no column {min(absent)!r}")
        return sorted({value for column in columns & set(exposures) for value in as_text(exposures[column]) if value})

    def _describe(self, name: str) -> dict[str, Any]:
        path = self.folder / name
        if not path.is_file():
            return {"size": -1, "sha256": "missing"}
        return {"size": path.stat().st_size, "sha256": digests.file_digest(path, data_folder() / ".digests.sqlite")}

    def read(self, night: str, manifest: Mapping[str, Any]) -> Iterator[Batch]:
        """Yield one batch an exposure; images are read once, whatever the number of candidates."""
        exposures, candidates = self._frozen("exposures", night, manifest), self._frozen("candidates", night, manifest)
        self._require_sound(candidates)
        for exposure in _records(exposures, night):
            mine = candidates[candidates["exposure_id"] == exposure["exposure_id"]].reset_index(drop=True)
            yield self._batch(exposure, mine, manifest)
        astray = candidates[~candidates["exposure_id"].isin(exposures["exposure_id"])]
        if len(astray):
            yield replace(self._nothing(astray["candidate_id"], "exposure unknown"), exposures=0)

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

    def _batch(self, exposure: Mapping[str, Any], candidates: pd.DataFrame, manifest: Mapping[str, Any]) -> Batch:
        channels = self.settings.channels
        try:
            there = {name: self._image(exposure, name, manifest)[0] for name in channels if self._place(exposure, name)}
            if channels[0] not in there:
                raise InputError(f"exposure {exposure['exposure_id']} names no image of channel {channels[0]!r}")
            if len({image.shape for image in there.values()}) != 1:
                raise InputError(f"exposure {exposure['exposure_id']}: its images differ in shape")
        except InputError as error:
            return self._lost(exposure, candidates["candidate_id"], error)
        blank = np.full(there[channels[0]].shape, np.nan, dtype=np.float32)
        return self._cut(exposure, candidates, [there.get(name, blank) for name in channels])

    def _lost(self, exposure: Mapping[str, Any], ids: pd.Series, error: InputError) -> Batch:
        """Return a lost batch; it lists the candidates, or the exposure where there are none."""
        reason = " ".join(str(error).split()).replace(f"{self.folder}/", "")
        log.warning("exposure %s is unusable: %s", exposure["exposure_id"], reason)
        ids = ids if len(ids) else pd.Series([exposure["exposure_id"]])
        return replace(self._nothing(ids, f"exposure unusable: {reason}"), lost=1)

    def _nothing(self, ids: pd.Series, reason: str) -> Batch:
        size, channels = self.settings.cutout_size_pixel, len(self.settings.channels)
        pixels = np.zeros((0, size, size, channels), np.float32)
        return Batch(cutouts=pixels, candidates=pd.DataFrame(), dropped=dropped_rows(ids, "read", reason))

    def _place(self, exposure: Mapping[str, Any], channel: str) -> str:
        """Return the path of an image; empty where the exposure names none."""
        return str(exposure.get(self.input.hdus[channel].split(":")[0], ""))

    def _image(
        self, exposure: Mapping[str, Any], channel: str, manifest: Mapping[str, Any]
    ) -> tuple[NDArray[np.float32], Any]:
        name, hdu = self._place(exposure, channel), self.input.hdus[channel].split(":")[1]
        if not name:
            raise InputError(f"exposure {exposure['exposure_id']} names no image of channel {channel!r}")
        if self._describe(name)["sha256"] != manifest["files"][name]["sha256"]:
            raise NightsiftError(
                f"{name} changed since the night {exposure['night']} was frozen; use `nightsift refetch`"
            )
        return fits.read_image(self.folder / name, int(hdu) if hdu.isdigit() else hdu, self.settings.magic_values)

    def _cut(self, exposure: Mapping[str, Any], candidates: pd.DataFrame, images: list[NDArray[np.float32]]) -> Batch:
        origin = self.settings.pixel_origin
        x, y = candidates["x_pixel"].to_numpy(float) - origin, candidates["y_pixel"].to_numpy(float) - origin
        placed = np.isfinite(x) & np.isfinite(y)
        cuts = [extract_cutouts(image, x[placed], y[placed], self.settings.cutout_size_pixel) for image in images]
        pixels = np.stack([cut.pixels for cut in cuts], axis=-1)
        rows = candidates_frame(candidates[placed], exposure, self.settings, x[placed], y[placed])
        saturation = exposure.get("saturation", np.inf)
        shares = np.stack([cut.nan_fraction for cut in cuts], axis=-1)
        missing = np.rint(shares * self.settings.cutout_size_pixel**2).astype(np.int32)
        describe_pixels(rows, pixels, cuts[0].edge_fraction, self.settings.channels, saturation, missing)
        return drop_at_edges(pixels, rows, self.settings.max_edge_fraction, candidates[~placed])

    def images(self, night: str, manifest: Mapping[str, Any]) -> Iterator[ExposureImages | Batch]:
        """Yield science and template of each exposure for simulation."""
        for exposure in _records(self._frozen("exposures", night, manifest), night):
            try:
                science, science_header = self._image(exposure, "science", manifest)
                template, template_header = self._image(exposure, "template", manifest)
            except InputError as error:
                yield self._lost(exposure, pd.Series(dtype="str"), error)
                continue
            yield ExposureImages(
                exposure=exposure,
                science=science,
                template=template,
                science_header=science_header,
                template_header=template_header,
            )

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
        if not faults:
            faults += self._check_images()
        return faults

    def _check_images(self) -> list[str]:
        nights = self.nights()
        faults: list[str] = []
        if not nights:
            return faults
        exposures = self._select("exposures", nights[-1])
        try:
            frozen = {"files": {name: self._describe(name) for name in self._files(exposures[:1])}}
        except NightsiftError as error:
            return [str(error)]
        for channel in self.settings.channels:
            try:
                self._image(_records(exposures, nights[-1])[0], channel, frozen)
            except NightsiftError as error:
                faults.append(str(error))
        return faults


def _records(exposures: pd.DataFrame, night: str) -> list[dict[str, Any]]:
    """Return exposures as mappings without what the database holds as NULL."""
    return [
        {"night": night} | {name: value for name, value in row.items() if pd.notna(value)}
        for row in exposures.to_dict("records")
    ]
