"""The search of one exposure: aligned, subtracted, searched, vetoed, and its candidates cut out.

Tested by tests/pipeline/surveys/image_pairs/test_survey.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.astrometry.projection import pixel_to_sky
from pipeline.conversions import ARCSEC_PER_DEG
from pipeline.detection.detect import detect
from pipeline.detection.veto import veto_known
from pipeline.errors import InputError
from pipeline.subtraction.difference import Difference
from pipeline.subtraction.flux_profile import difference_profile
from pipeline.surveys.base import Batch, ExposureImages, dropped_rows, measured_exposures
from pipeline.surveys.batches import batch_of
from pipeline.surveys.edges import Outside
from pipeline.surveys.exposures.channels import channel_cutouts
from pipeline.surveys.exposures.difference import AlignedExposure, aligned_exposure, differencing
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
    given : ImagePairsInput
        Its catalogues.
    images : ImageSettings
        Its images, and how they are subtracted.
    folder : Path
        Where relative paths start.
    """

    def __init__(self, settings: SurveySettings, given: ImagePairsInput, images: ImageSettings, folder: Path) -> None:
        self.settings, self.input = settings, given
        self.files = ImageFiles(settings, images, folder)

    def found(self, exposure: Mapping[str, Any], frozen: Mapping[str, Any]) -> Found:
        """Return the candidates of one exposure; a lost batch where it cannot be searched."""
        exposure_id, nowhere = str(exposure["exposure_id"]), np.empty((0, 2))
        item = self.pair(exposure, frozen)
        if isinstance(item, Batch):
            return Found(exposure_id=exposure_id, batch=item, places=nowhere)
        try:
            aligned = aligned_exposure(item)
            made = differencing(item.difference)(aligned.frames.science, aligned.frames.template)
            return self._candidates(item, aligned, made)
        except InputError as error:
            lost = self.files.lost(exposure, pd.Series(dtype="str"), error)
            return Found(exposure_id=exposure_id, batch=lost, places=nowhere)

    def pair(self, exposure: Mapping[str, Any], frozen: Mapping[str, Any]) -> ExposureImages | Batch:
        """Return the images of one exposure; a lost batch where one is unusable."""
        item = self.files.pair(exposure, frozen)
        if isinstance(item, Batch):
            return item
        return replace(item, zeropoint=self.input.zeropoint)

    def _candidates(self, item: ExposureImages, aligned: AlignedExposure, made: Difference) -> Found:
        frames, subtraction = aligned.frames, made.subtraction
        light = difference_profile(frames.science, frames.template, subtraction, aligned.profile)
        unsure = tuple(dict.fromkeys(said.note for said in (light, aligned.profile) if said and said.note))
        found = detect(
            made.difference,
            made.noise,
            fwhm_pixel=subtraction.fwhm_pixel,
            zeropoint=frames.zeropoint,
            correlation=subtraction.correlation,
            settings=item.difference.sought,
            profile=light.profile,
        )
        exposure_id = str(item.exposure["exposure_id"])
        names = [f"{exposure_id}-{row:05d}" for row in range(1, len(found) + 1)]
        x, y = found["x_pixel"].to_numpy(float), found["y_pixel"].to_numpy(float)
        sky = pixel_to_sky(aligned.wcs, x, y) if aligned.wcs is not None else np.full((2, len(x)), np.nan)
        rows = found.assign(
            candidate_id=names, object_id=names, ra_deg=sky[0], dec_deg=sky[1], zeropoint=frames.zeropoint
        )
        vetoed = self._vetoed(rows, self.input.veto)
        rows, x, y = rows[~vetoed].reset_index(drop=True), x[~vetoed], y[~vetoed]
        batch = self._cut(item, frames.science.pixels, made, rows)
        dropped = [
            batch.dropped,
            dropped_rows(np.array(names, dtype=object)[vetoed], "veto", "a known object"),
            *(dropped_rows([exposure_id], "wcs", text) for text in aligned.offset_notes),
            *(dropped_rows([exposure_id], "zeropoint", text) for text in aligned.fallbacks),
            *(dropped_rows([exposure_id], "noise", text) for text in made.notes),
            *(dropped_rows([exposure_id], "psf", text) for text in unsure),
        ]
        measured = measured_exposures([exposure_id], aligned.measured_offset, made.noise_spread)
        batch = replace(batch, dropped=pd.concat(dropped, ignore_index=True), measured=measured)
        places, sheet = self._places(item, aligned, batch.candidates)
        notes = (*frames.notes, *made.notes, *unsure)
        return Found(exposure_id=exposure_id, batch=batch, places=places, sky=sheet, notes=notes)

    def _vetoed(self, rows: pd.DataFrame, veto: VetoSettings | None) -> NDArray[np.bool_]:
        """Return which rows stand on an object of the catalogue, (n,)."""
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

    def _cut(self, item: ExposureImages, science: NDArray[np.float32], made: Difference, rows: pd.DataFrame) -> Batch:
        survey = self.settings
        images = {
            "science": science, "template": made.template, "difference": made.difference, "score": made.score,
        }  # fmt: skip
        x, y = rows["x_pixel"].to_numpy(float), rows["y_pixel"].to_numpy(float)
        pixels, edge_fraction = channel_cutouts(images, x, y, survey)
        outside = Outside(edge_fraction=edge_fraction)
        return batch_of(rows, pixels, survey, exposure=item.exposure, places=(x, y), outside=outside)

    def _places(
        self, item: ExposureImages, aligned: AlignedExposure, rows: pd.DataFrame
    ) -> tuple[NDArray[np.float64], str]:
        """Return where candidates are, and on which sky, for linking them over exposures."""
        if aligned.wcs is not None or not len(rows):
            return rows[["ra_deg", "dec_deg"]].to_numpy(float) if len(rows) else np.empty((0, 2)), ""
        x, y = rows["x_pixel"].to_numpy(float), rows["y_pixel"].to_numpy(float)
        if aligned.on_template is not None:
            x, y = aligned.on_template(x, y)
        scale_deg = self.settings.pixel_scale_arcsec / ARCSEC_PER_DEG
        sheet = item.template_file or str(item.exposure["exposure_id"])  # without a template each exposure is its own
        return np.column_stack([x, y]) * scale_deg, sheet


def search_exposure(search: ExposureSearch, frozen: Mapping[str, Any], exposure: Mapping[str, Any]) -> Found:
    """Search one exposure, in any process."""
    return search.found(exposure, frozen)
