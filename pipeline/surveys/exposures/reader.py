"""The FITS images of a survey's exposures, cut around its candidates, one exposure at a time."""

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.errors import InputError, NightsiftError, SettingsError
from pipeline.faults import faults_of, placed
from pipeline.io.executor import spread
from pipeline.io.results.night_manifest import Entry
from pipeline.photometry.flux_sign import flux_signs
from pipeline.surveys.base import Batch, ExposureImages, dropped_rows
from pipeline.surveys.exposures.checks import ExposureChecks
from pipeline.surveys.exposures.coadd_frames import frame_names
from pipeline.surveys.exposures.cutting import ExposureCutter
from pipeline.surveys.exposures.files import WHERE_COLUMNS_ARE_FROM, ExposureFiles, describe_file
from pipeline.surveys.exposures.pair import read_pair
from pipeline.surveys.exposures.paths import ImagePaths
from pipeline.surveys.exposures.placed_cutouts import PlacedCutouts
from pipeline.surveys.exposures.settings import ImageSettings
from pipeline.surveys.settings import SurveySettings

__all__ = ["ImageFiles", "ImageSettings", "exposure_records"]

log = logging.getLogger(__name__)


class ImageFiles:
    """Reads the images of one survey, an exposure at a time.

    Parameters
    ----------
    settings : SurveySettings
        The survey.
    images : ImageSettings
        Where its images are.
    folder : Path
        Where relative paths start.
    """

    def __init__(self, settings: SurveySettings, images: ImageSettings, folder: Path) -> None:
        images.require(settings.channels)
        self.settings = settings
        self.images = images
        self.folder = folder
        self._paths = ImagePaths(images, folder)
        self._cutter = ExposureCutter(settings, images)

    def manifest(self, exposures: pd.DataFrame) -> dict[str, Entry]:
        """Return size and digest of every image file that the exposures name, by path as they write it."""
        absent = self._absent_columns(exposures)
        if absent:
            raise SettingsError(_absence(absent[0]))
        return self._described(exposure_records(exposures))

    def _described(self, exposures: Iterable[Mapping[str, object]]) -> dict[str, Entry]:
        names = {name for exposure in exposures for name in self._names(exposure)}
        return {name: describe_file(self._paths, name) for name in sorted(names - {""})}

    def _absent_columns(self, exposures: pd.DataFrame) -> list[str]:
        """Return the columns that the places of images name and the exposures lack; none where there is no exposure."""
        places = [*self.images.places.values(), *self.images.planes.values(), *self.images.frame_places]
        absent = {column for place in places for column in place.columns} - set(exposures)
        return sorted(absent) if len(exposures) else []

    def _names(self, exposure: Mapping[str, object]) -> list[str]:
        """Return the paths of an exposure's files; those that a bad value makes impossible are told of on reading."""
        names = []
        for place in (*self.images.places.values(), *self.images.planes.values()):
            try:
                names.append(self._paths.name(place, exposure))
            except InputError as error:
                log.debug("exposure %s: %s", exposure.get("exposure_id"), error)
        if self.images.frames is not None:
            names += frame_names(self.images.frames, self._paths, exposure)
        return names

    def batch(self, exposure: Mapping[str, object], candidates: pd.DataFrame, frozen: Mapping[str, Entry]) -> Batch:
        """Return the candidates of one exposure with their cutouts; a lost batch where an image is unusable.

        Parameters
        ----------
        exposure : mapping
            The exposure's row, without what is NULL.
        candidates : DataFrame
            Its candidates, with ``x_pixel y_pixel`` or ``ra_deg dec_deg`` as the settings find them by.
        frozen : mapping
            What `manifest` said when the night was frozen.
        """
        try:
            with ExposureFiles(self._paths, exposure, frozen) as files:
                return self._cutter.cut(files, candidates)
        except InputError as error:
            return self.lost(exposure, candidates["candidate_id"], error)

    def batches(
        self,
        work: Iterable[tuple[Mapping[str, object], pd.DataFrame]],
        frozen: Mapping[str, Entry],
        workers: int,
    ) -> Iterator[Batch]:
        """Yield the batch of each exposure and its candidates in order, read by ``workers`` processes at once."""
        return spread(partial(_batch, self, frozen), work, workers=workers)

    def cutouts_at(
        self, exposure: Mapping[str, object], places: pd.DataFrame, frozen: Mapping[str, Entry]
    ) -> PlacedCutouts | Batch:
        """Return cutouts at sky positions, ``candidate_id ra_deg dec_deg``; a lost batch where an image is unusable."""
        try:
            with ExposureFiles(self._paths, exposure, frozen) as files:
                placed = self._cutter.on_image(files, places)
                batch = self._cutter.cut(files, placed, by_wcs=True)
                kept = placed.set_index("candidate_id").loc[batch.candidates["candidate_id"]].reset_index()
                origin = self.settings.pixel_origin
                kept = kept.assign(**{axis: batch.candidates[axis] + origin for axis in ("x_pixel", "y_pixel")})
                return PlacedCutouts(batch=batch, frames=self._cutter.frames(files, kept))
        except InputError as error:
            return self.lost(exposure, places["candidate_id"], error)

    def pair(self, exposure: Mapping[str, object], frozen: Mapping[str, Entry]) -> ExposureImages | Batch:
        """Return science and template of one exposure, for simulation; a lost batch where one is unusable."""
        try:
            with ExposureFiles(self._paths, exposure, frozen) as files:
                return read_pair(files, self.settings.magic_values)
        except InputError as error:
            return self.lost(exposure, pd.Series(dtype="str"), error)

    def lost(self, exposure: Mapping[str, object], ids: pd.Series, error: InputError) -> Batch:
        """Return a lost batch; it lists the candidates, or the exposure where there are none."""
        reason = self._said(error)
        name = exposure["exposure_id"]
        log.warning("exposure %s is unusable: %s", name, reason.removeprefix(f"exposure {name}: "))
        ids = ids if len(ids) else pd.Series([exposure["exposure_id"]])
        return replace(self.without(ids, f"exposure unusable: {reason}"), lost=1)

    def _said(self, error: object) -> str:
        return " ".join(str(error).split()).replace(f"{self.folder}/", "")

    def without(self, ids: pd.Series, reason: str) -> Batch:
        """Return a batch of no cutouts that lists candidates as dropped."""
        size, channels = self.settings.cutout_size_pixel, len(self.settings.channels)
        pixels = np.zeros((0, size, size, channels), np.float32)
        return Batch(cutouts=pixels, candidates=pd.DataFrame(), dropped=dropped_rows(ids, "read", reason))

    def check(
        self, exposure: Mapping[str, object], candidates: pd.DataFrame | None = None, absent: Collection[str] = ()
    ) -> list[str]:
        """Return what is wrong with the images of one exposure, and with the places of its candidates on them.

        Images that the columns ``absent``, which no exposure has, would name are not looked for.
        """
        try:
            frozen = self._described([exposure])
        except NightsiftError as error:
            return [str(error)]
        rows = pd.DataFrame() if candidates is None else candidates
        with ExposureFiles(self._paths, {"night": ""} | dict(exposure), frozen) as files:
            return faults_of(ExposureChecks(self.settings, self.images).looks(files, rows, absent))

    def check_all(
        self,
        exposures: Sequence[Mapping[str, object]],
        work: Iterable[tuple[Mapping[str, object], pd.DataFrame]] | None = None,
    ) -> list[str]:
        """Return what is wrong with the images of exposures, each fault with the exposure's id.

        With ``work``, the exposures beside their candidates, also what is wrong with the places of these.
        """
        absent = self._absent_columns(pd.DataFrame(list(exposures)))
        pairs = ((exposure, None) for exposure in exposures) if work is None else work
        checked = ((self._called(one), self.check(one, rows, absent)) for one, rows in pairs)
        return [*map(_absence, absent), *(said for name, faults in checked for said in placed(name, faults))]

    def _called(self, exposure: Mapping[str, object]) -> str:
        """Return what faults call an exposure: by its id, which may be its file."""
        name = str(exposure["exposure_id"])
        return name if name in self._names(exposure) else f"exposure {name}"


def _absence(column: str) -> str:
    return f"hdus: the exposures have no column {column!r}; {WHERE_COLUMNS_ARE_FROM}"


def exposure_records(exposures: pd.DataFrame, night: str = "") -> list[dict[str, Any]]:
    """Return exposures as mappings, with their night, without what is NULL; a list of paths is kept as it is.

    A ``flux_sign`` is +1 or -1, whatever type a server or file has for it.
    """
    if "flux_sign" in exposures:
        signs = flux_signs(exposures["flux_sign"], what="the exposures: column 'flux_sign'").astype(float)
        exposures = exposures.assign(flux_sign=np.where(signs == 0, np.nan, signs))
    records = [{name: value for name, value in row.items() if _is_known(value)} for row in exposures.to_dict("records")]
    return [{"night": night} | row for row in records] if night else records


def _is_known(value: object) -> bool:
    return isinstance(value, list | tuple | np.ndarray) or bool(pd.notna(value))


def _batch(images: ImageFiles, frozen: Mapping[str, Entry], work: tuple[Mapping[str, object], pd.DataFrame]) -> Batch:
    exposure, candidates = work
    return images.batch(exposure, candidates, frozen)
