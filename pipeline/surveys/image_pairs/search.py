"""The search of one exposure: aligned, subtracted, searched, vetoed, and its candidates cut out.

Tested by tests/pipeline/surveys/image_pairs/test_survey.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.astrometry.projection import pixel_to_sky
from pipeline.conversions import ARCSEC_PER_DEG
from pipeline.detection.detect import detect
from pipeline.detection.veto import veto_known
from pipeline.errors import InputError
from pipeline.io.results.night_manifest import Entry
from pipeline.subtraction.flux_profile import difference_profile
from pipeline.surveys.base import Batch, ExposureImages, dropped_rows
from pipeline.surveys.batches import batch_of
from pipeline.surveys.edge_policy import Outside
from pipeline.surveys.exposures.aligned_exposure import AlignedExposure
from pipeline.surveys.exposures.channels import channel_cutouts
from pipeline.surveys.exposures.difference import SubtractedExposure, subtracted_exposure
from pipeline.surveys.exposures.reader import ImageFiles
from pipeline.surveys.exposures.settings import ImageSettings
from pipeline.surveys.exposures.zeropoint import known_places
from pipeline.surveys.image_pairs.settings import ImagePairsInput, VetoSettings
from pipeline.surveys.settings import SurveySettings


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a search of one exposure gave.

    Attributes
    ----------
    exposure_id : str
    batch : Batch
        The candidates, each an object of its own yet.
    places : ndarray of float64, (n, 2)
        Where the batch's candidates are, in degrees: on the sky, or on the template where nothing has a projection.
    sky : str
        On which sky that is: empty for the sky itself, else the template's file; the exposure where there is none.
    notes : tuple of str
        What was assumed or measured of the exposure.
    """

    exposure_id: str
    batch: Batch
    places: NDArray[np.float64]
    sky: str = ""
    notes: tuple[str, ...] = ()


class ExposureSearch:
    """Searches exposures of one survey; it can be sent to another process.

    Parameters
    ----------
    settings : SurveySettings
        The survey.
    survey_input : ImagePairsInput
        Its catalogues.
    images : ImageSettings
        Its images, and how they are subtracted.
    folder : Path
        Where relative paths start.
    """

    def __init__(
        self, settings: SurveySettings, survey_input: ImagePairsInput, images: ImageSettings, folder: Path
    ) -> None:
        self.settings, self.input = settings, survey_input
        self.files = ImageFiles(settings, images, folder)

    def found(self, exposure: Mapping[str, object], frozen: Mapping[str, Entry]) -> Found:
        """Return the candidates of one exposure; a lost batch where it cannot be searched."""
        exposure_id, nowhere = str(exposure["exposure_id"]), np.empty((0, 2))
        images = self.pair(exposure, frozen)
        if isinstance(images, Batch):
            return Found(exposure_id=exposure_id, batch=images, places=nowhere)
        try:
            return self._candidates(images, subtracted_exposure(images))
        except InputError as error:
            lost = self.files.lost(exposure, pd.Series(dtype="str"), error)
            return Found(exposure_id=exposure_id, batch=lost, places=nowhere)

    def pair(self, exposure: Mapping[str, object], frozen: Mapping[str, Entry]) -> ExposureImages | Batch:
        """Return the images of one exposure; a lost batch where one is unusable."""
        images = self.files.pair(exposure, frozen)
        if isinstance(images, Batch):
            return images
        return replace(images, zeropoint=self.input.zeropoint)

    def _candidates(self, images: ExposureImages, subtracted: SubtractedExposure) -> Found:
        """Return what is found on the difference of an exposure, less what the catalogue knows."""
        aligned, exposure_id = subtracted.aligned, subtracted.exposure_id
        rows, unsure = self._detected(images, subtracted)
        vetoed = self._vetoed(rows, self.input.veto)
        names = rows["candidate_id"].to_numpy(dtype=object)
        batch = self._cut(images, subtracted, rows[~vetoed].reset_index(drop=True))
        dropped = [
            batch.dropped,
            dropped_rows(names[vetoed], "veto", "a known object"),
            *subtracted.remark_rows,
            *(dropped_rows([exposure_id], "psf", text) for text in unsure),
        ]
        batch = replace(batch, dropped=pd.concat(dropped, ignore_index=True), measured=subtracted.measured)
        places, sky = self._places(images, aligned, batch.candidates)
        notes = (*aligned.frames.notes, *subtracted.difference.notes, *unsure)
        return Found(exposure_id=exposure_id, batch=batch, places=places, sky=sky, notes=notes)

    def _detected(self, images: ExposureImages, subtracted: SubtractedExposure) -> tuple[pd.DataFrame, tuple[str, ...]]:
        """Return the detections with ids and sky positions, and what is uncertain of the profile they are measured by.

        Each is an object of its own yet.
        """
        aligned, difference = subtracted.aligned, subtracted.difference
        frames, subtraction = aligned.frames, difference.subtraction
        light = difference_profile(frames.science, frames.template, subtraction, aligned.profile)
        found = detect(
            difference.difference,
            difference.noise,
            fwhm_pixel=subtraction.fwhm_pixel,
            zeropoint=frames.zeropoint,
            correlation=subtraction.correlation,
            settings=images.difference.sought,
            profile=light.profile,
        )
        names = [f"{subtracted.exposure_id}-{row:05d}" for row in range(1, len(found) + 1)]
        x, y = found["x_pixel"].to_numpy(float), found["y_pixel"].to_numpy(float)
        ra, dec = pixel_to_sky(aligned.wcs, x, y) if aligned.wcs is not None else np.full((2, len(x)), np.nan)
        rows = found.assign(candidate_id=names, object_id=names, ra_deg=ra, dec_deg=dec, zeropoint=frames.zeropoint)
        unsure = dict.fromkeys(said.note for said in (light, aligned.profile) if said and said.note)
        return rows, tuple(unsure)

    def _vetoed(self, rows: pd.DataFrame, veto: VetoSettings | None) -> NDArray[np.bool_]:
        """Return which rows lie on an object of the catalogue, (n,)."""
        if veto is None:
            return np.zeros(len(rows), dtype=bool)
        if len(rows) and rows["ra_deg"].isna().all():
            raise InputError("the science image holds no WCS to look up known objects with")
        known = known_places(veto.catalogue, veto.ra_deg, veto.dec_deg)
        return veto_known(
            rows["ra_deg"],
            rows["dec_deg"],
            catalogue_ra_deg=known["ra_deg"],
            catalogue_dec_deg=known["dec_deg"],
            radius_arcsec=veto.radius_arcsec,
        ).vetoed

    def _cut(self, images: ExposureImages, subtracted: SubtractedExposure, rows: pd.DataFrame) -> Batch:
        """Return detections with their cutouts in the survey's channels."""
        x, y = rows["x_pixel"].to_numpy(float), rows["y_pixel"].to_numpy(float)
        pixels, edge_fraction = channel_cutouts(subtracted.channels, x, y, self.settings)
        outside = Outside(edge_fraction=edge_fraction)
        return batch_of(rows, pixels, self.settings, exposure=images.exposure, places=(x, y), outside=outside)

    def _places(
        self, images: ExposureImages, aligned: AlignedExposure, rows: pd.DataFrame
    ) -> tuple[NDArray[np.float64], str]:
        """Return where candidates are, and on which sky, for linking them over exposures."""
        if aligned.wcs is not None or not len(rows):
            return rows[["ra_deg", "dec_deg"]].to_numpy(float) if len(rows) else np.empty((0, 2)), ""
        x, y = rows["x_pixel"].to_numpy(float), rows["y_pixel"].to_numpy(float)
        if aligned.on_template is not None:
            x, y = aligned.on_template(x, y)
        scale_deg = self.settings.pixel_scale_arcsec / ARCSEC_PER_DEG
        sky = images.template_file or str(images.exposure["exposure_id"])  # without a template each exposure is its own
        return np.column_stack([x, y]) * scale_deg, sky
