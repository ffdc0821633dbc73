"""The FITS images of a survey's exposures: where each channel is, read whole, and cut around candidates."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.cutouts import extract_cutouts
from pipeline.errors import InputError, NightsiftError, SettingsError
from pipeline.io import digests, fits
from pipeline.io.settings_files import data_folder
from pipeline.surveys.base import Batch, ExposureImages, dropped_rows
from pipeline.surveys.rows import as_text, candidates_frame, describe_pixels, drop_at_edges
from pipeline.surveys.settings import SurveySettings

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class ImageSettings:
    """Where the images of an exposure are: the key ``images`` of a survey's input.

    Attributes
    ----------
    hdus : mapping
        Channel name to ``path column:HDU`` of the exposures, the HDU by name or by number from 0.
    """

    hdus: Mapping[str, str]

    def __post_init__(self) -> None:
        for channel, place in self.hdus.items():
            if place.count(":") != 1:
                raise SettingsError(f"hdus.{channel} is {place!r}; allowed: a path column and an HDU, as path:HDU")

    def require(self, channels: Sequence[str]) -> None:
        """Refuse settings that leave a channel without an image."""
        absent = set(channels) - set(self.hdus)
        if absent:
            raise SettingsError(f"hdus does not say where the image of channel {min(absent)!r} is")


class ImageFiles:
    """Reads the images of one survey, an exposure at a time.

    Parameters
    ----------
    settings : SurveySettings
        The survey.
    given : ImageSettings
        Where its images are.
    folder : Path
        Where relative paths start.
    """

    def __init__(self, settings: SurveySettings, given: ImageSettings, folder: Path) -> None:
        given.require(settings.channels)
        self.settings = settings
        self.given = given
        self.folder = folder

    def manifest(self, exposures: pd.DataFrame) -> dict[str, dict[str, Any]]:
        """Return size and digest of every image file that the exposures name, by path as they write it."""
        return {name: self._describe(name) for name in self._names(exposures)}

    def _names(self, exposures: pd.DataFrame) -> list[str]:
        columns = {place.split(":")[0] for place in self.given.hdus.values()}
        absent = columns - set(exposures)
        if absent and len(exposures):
            raise SettingsError(f"hdus: the exposures have no column {min(absent)!r}")
        return sorted({value for column in columns & set(exposures) for value in as_text(exposures[column]) if value})

    def _describe(self, name: str) -> dict[str, Any]:
        path = self.folder / name
        if not path.is_file():
            return {"size": -1, "sha256": "missing"}
        return {"size": path.stat().st_size, "sha256": digests.file_digest(path, data_folder() / ".digests.sqlite")}

    def batch(self, exposure: Mapping[str, Any], candidates: pd.DataFrame, frozen: Mapping[str, Any]) -> Batch:
        """Return the candidates of one exposure with their cutouts; a lost batch where an image is unusable.

        Parameters
        ----------
        exposure : mapping
            The exposure's row, without what is NULL.
        candidates : DataFrame
            Its candidates, with ``x_pixel y_pixel``.
        frozen : mapping
            What `manifest` said when the night was frozen.
        """
        channels = self.settings.channels
        try:
            there = {name: self._image(exposure, name, frozen)[0] for name in channels if self._place(exposure, name)}
            if channels[0] not in there:
                raise InputError(f"exposure {exposure['exposure_id']} names no image of channel {channels[0]!r}")
            if len({image.shape for image in there.values()}) != 1:
                raise InputError(f"exposure {exposure['exposure_id']}: its images differ in shape")
        except InputError as error:
            return self._lost(exposure, candidates["candidate_id"], error)
        blank = np.full(there[channels[0]].shape, np.nan, dtype=np.float32)
        return self._cut(exposure, candidates, [there.get(name, blank) for name in channels])

    def pair(self, exposure: Mapping[str, Any], frozen: Mapping[str, Any]) -> ExposureImages | Batch:
        """Return science and template of one exposure, for simulation; a lost batch where one is unusable."""
        try:
            science, science_header = self._image(exposure, "science", frozen)
            template, template_header = self._image(exposure, "template", frozen)
        except InputError as error:
            return self._lost(exposure, pd.Series(dtype="str"), error)
        return ExposureImages(
            exposure=exposure,
            science=science,
            template=template,
            science_header=science_header,
            template_header=template_header,
        )

    def _lost(self, exposure: Mapping[str, Any], ids: pd.Series, error: InputError) -> Batch:
        """Return a lost batch; it lists the candidates, or the exposure where there are none."""
        reason = " ".join(str(error).split()).replace(f"{self.folder}/", "")
        log.warning("exposure %s is unusable: %s", exposure["exposure_id"], reason)
        ids = ids if len(ids) else pd.Series([exposure["exposure_id"]])
        return replace(self.without(ids, f"exposure unusable: {reason}"), lost=1)

    def without(self, ids: pd.Series, reason: str) -> Batch:
        """Return a batch of no cutouts that lists candidates as dropped."""
        size, channels = self.settings.cutout_size_pixel, len(self.settings.channels)
        pixels = np.zeros((0, size, size, channels), np.float32)
        return Batch(cutouts=pixels, candidates=pd.DataFrame(), dropped=dropped_rows(ids, "read", reason))

    def _place(self, exposure: Mapping[str, Any], channel: str) -> str:
        """Return the path of an image; empty where the exposure names none."""
        return str(exposure.get(self.given.hdus[channel].split(":")[0], ""))

    def _image(
        self, exposure: Mapping[str, Any], channel: str, frozen: Mapping[str, Any]
    ) -> tuple[NDArray[np.float32], Any]:
        name, hdu = self._place(exposure, channel), self.given.hdus[channel].split(":")[1]
        if not name:
            raise InputError(f"exposure {exposure['exposure_id']} names no image of channel {channel!r}")
        if self._describe(name)["sha256"] != frozen[name]["sha256"]:
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

    def check(self, exposure: Mapping[str, Any]) -> list[str]:
        """Return what is wrong with the images of one exposure."""
        faults = []
        try:
            frozen = self.manifest(pd.DataFrame([exposure]))
        except NightsiftError as error:
            return [str(error)]
        for channel in self.settings.channels:
            try:
                self._image(exposure, channel, frozen)
            except NightsiftError as error:
                faults.append(str(error))
        return faults
