"""The synthetic survey: a sky rendered, subtracted and searched, left on disk as a survey would leave it."""

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from astropy.io.fits import Header
from astropy.wcs import WCS
from numpy.typing import NDArray

from pipeline.detection.detect import DetectionSettings, detect
from pipeline.errors import InputError
from pipeline.imaging.frame import Frame
from pipeline.io.database.generic_schema import write_generic_survey
from pipeline.io.executor import spread
from pipeline.io.fits.image import write_exposure
from pipeline.psf import Moffat
from pipeline.sky import (
    Exposure,
    Field,
    SkySettings,
    Template,
    Visit,
    draw_field,
    explain,
    plan_visits,
    render_exposure,
    render_template,
)
from pipeline.subtraction.difference import difference_of
from pipeline.subtraction.subtract import Subtraction
from pipeline.surveys.base import SURVEYS
from pipeline.surveys.database.survey import DatabaseInput, DatabaseSurvey
from pipeline.surveys.synthetic.tables import image_path, survey_tables

log = logging.getLogger(__name__)

_FULL = 0.98
"""Pixels count as saturated from this share of the full well."""


@dataclass(frozen=True, kw_only=True)
class SyntheticInput(DatabaseInput):
    """The ``input`` of a synthetic survey: a database survey, and the sky that it is made from.

    Attributes
    ----------
    folder : str
        Where the files lie; empty: where `MakeSyntheticSurvey` put them.
    seed : int
        Decides everything that is drawn.
    sky : SkySettings
        The sky that the survey is made from.
    """

    folder: str = ""
    seed: int = 1
    sky: SkySettings = field(default_factory=SkySettings)


@SURVEYS.register("synthetic", settings=SyntheticInput, made=True)
class SyntheticSurvey(DatabaseSurvey):
    """A database survey that makes its own files first."""

    def closed(self, night: str) -> bool:
        """Tell whether the night is closed; before the survey is made, whether it is to be one of its nights."""
        survey_input = self.input
        if not isinstance(survey_input, SyntheticInput) or self.folder.is_dir():
            return super().closed(night)
        return night in {visit.night for visit in plan_visits(survey_input.sky, survey_input.seed)}

    def make(self, folder: Path, progress: Callable[[int, int], None] | None = None) -> None:
        """Make the survey's files in an empty folder, its exposures by as many processes as the adapter has."""
        survey_input = self.input
        if isinstance(survey_input, SyntheticInput):
            make_survey(folder, survey_input.sky, survey_input.seed, progress, workers=self.workers)


def make_survey(
    directory: Path,
    settings: SkySettings,
    seed: int,
    progress: Callable[[int, int], None] | None = None,
    *,
    workers: int = 1,
) -> None:
    """Render all exposures of a synthetic survey, subtract, detect, and write files and database.

    An exposure that cannot be subtracted, as where a sky of few stars leaves too few in common, is logged and left
    out, as if it had not been taken.

    Parameters
    ----------
    directory : Path
        An existing folder; gets ``images/<night>/<exposure_id>.fits.fz`` (HDUs SCIENCE, TEMPLATE,
        DIFFERENCE), ``survey.sqlite`` and, for each night, ``closed/<night>``.
    settings : SkySettings
        The sky, the site, the detector.
    seed : int
        Decides everything that is drawn; equal settings and seed give equal content.
    progress : callable, optional
        Called with the exposures done and their total number.
    workers : int
        Processes that share the exposures; 0: one per core. They do not change the result.

    Raises
    ------
    InputError
        If no exposure at all can be subtracted.
    """
    visits = plan_visits(settings, seed)
    fields = {field: draw_field(settings, field, visits, seed) for field in range(settings.fields)}
    kept, found, faults = [], [], []
    searched = spread(_observe, _observations(directory, settings, seed, visits, fields), workers=workers)
    for done, (visit, result) in enumerate(zip(visits, searched, strict=True), start=1):
        if isinstance(result, str):
            faults.append(result)
            log.warning("exposure %s is left out: %s", visit.exposure_id, result)
        else:
            kept.append(visit)
            found.append(result)
        if progress is not None:
            progress(done, len(visits))
    if not kept:
        raise InputError(f"none of {len(visits)} exposures of the sky could be subtracted; the first: {faults[0]}")
    tables = survey_tables(kept, fields, pd.concat(found, ignore_index=True), settings, seed)
    write_generic_survey(directory / "survey.sqlite", tables)
    for night in dict.fromkeys(visit.night for visit in visits):
        marker = directory / "closed" / night
        marker.parent.mkdir(exist_ok=True)
        marker.touch()


@dataclass(frozen=True, kw_only=True)
class _Observation:
    """All that one exposure is made from."""

    directory: Path
    settings: SkySettings
    seed: int
    visit: Visit
    objects: Field
    template: Template


def _observations(
    directory: Path, settings: SkySettings, seed: int, visits: list[Visit], fields: Mapping[int, Field]
) -> Iterator[_Observation]:
    """Yield the exposures in order of time, with the templates of their fields."""
    templates: dict[int, Template] = {}
    for visit in visits:
        objects = fields[visit.field]
        if visit.field not in templates:
            templates[visit.field] = render_template(settings, visit.field, objects, seed)
        yield _Observation(
            directory=directory,
            settings=settings,
            seed=seed,
            visit=visit,
            objects=objects,
            template=templates[visit.field],
        )


@dataclass(frozen=True, kw_only=True)
class Observed:
    """An exposure that was subtracted and searched.

    Attributes
    ----------
    exposure : Exposure
        The images as they were rendered.
    subtraction : Subtraction
        Their difference, with its noise.
    candidates : DataFrame
        Detections with the columns of their truth, ``kind is_real source_id``.
    """

    exposure: Exposure
    subtraction: Subtraction
    candidates: pd.DataFrame


def observe(settings: SkySettings, visit: Visit, objects: Field, template: Template, seed: int) -> Observed:
    """Render one exposure, subtract and search it, and find the source of each candidate.

    Parameters
    ----------
    settings : SkySettings
        The sky, the site, the detector.
    visit, objects, template : Visit, Field, Template
        When and how the exposure is taken, what is in its field, and the field's template.
    seed : int
        Decides the noise.

    Raises
    ------
    InputError
        If it cannot be subtracted.
    """
    exposure = render_exposure(settings, visit, objects, template, seed)
    subtraction = difference_of(*frames(exposure, settings), is_aligned=True).subtraction
    found = detect(
        subtraction.difference,
        subtraction.noise,
        fwhm_pixel=subtraction.fwhm_pixel,
        zeropoint=visit.zeropoint,
        correlation=subtraction.correlation,
        settings=DetectionSettings(threshold_sigma=settings.threshold_sigma),
        profile=Moffat(fwhm_pixel=subtraction.fwhm_pixel, beta=settings.psf_beta),
    )
    truth = explain(found, exposure, float(np.nanmedian(subtraction.noise)), settings)
    return Observed(exposure=exposure, subtraction=subtraction, candidates=pd.concat([found, truth], axis=1))


def _observe(work: _Observation) -> pd.DataFrame | str:
    """Observe one exposure and write its images; return its candidates, or why it cannot be subtracted."""
    settings, visit = work.settings, work.visit
    try:
        observed = observe(settings, visit, work.objects, work.template, work.seed)
    except InputError as error:
        return " ".join(str(error).split())
    exposure, candidates = observed.exposure, observed.candidates
    ra, dec = exposure.wcs.pixel_to_world_values(candidates["x_pixel"], candidates["y_pixel"])
    names = [f"{visit.exposure_id}{row:07d}" for row in range(1, len(candidates) + 1)]
    path = work.directory / image_path(visit)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_exposure(path, dict(_hdus(exposure, observed.subtraction, settings)))
    log.info("exposure %s: %d candidates, %d real", visit.exposure_id, len(candidates), candidates["is_real"].sum())
    return candidates.assign(
        candidate_id=names, exposure_id=visit.exposure_id, time_mjd=visit.time_mjd, ra_deg=ra, dec_deg=dec
    )


def frames(exposure: Exposure, settings: SkySettings) -> tuple[Frame, Frame]:
    """Return science image and template of an exposure in the form in which they are subtracted."""
    coadded = settings.template_exposures
    return (
        Frame(
            pixels=exposure.science,
            gain=settings.gain,
            read_noise=settings.read_noise,
            saturation=_FULL * settings.saturation,
            fwhm_pixel=exposure.visit.fwhm_pixel,
        ),
        Frame(
            pixels=exposure.template,
            gain=settings.gain * coadded,
            read_noise=settings.read_noise * coadded**0.5,
            saturation=_FULL * settings.saturation,
            fwhm_pixel=settings.template_seeing_pixel,
        ),
    )


def _hdus(
    exposure: Exposure, subtraction: Subtraction, settings: SkySettings
) -> Iterator[tuple[str, tuple[NDArray[np.float32], Header]]]:
    """Yield the HDUs of an exposure's file."""
    science, template = frames(exposure, settings)
    visit = exposure.visit
    yield "SCIENCE", (science.pixels, _header(exposure.wcs, science, visit, visit.zeropoint, settings))
    yield (
        "TEMPLATE",
        (template.pixels, _header(exposure.template_wcs, template, visit, settings.zeropoint, settings)),
    )
    header = _header(exposure.wcs, science, visit, visit.zeropoint, settings)
    header["FWHM"] = round(subtraction.fwhm_pixel, 4)
    header["CONVOLVD"] = (subtraction.convolved, "image that was convolved")
    yield "DIFFERENCE", (subtraction.difference, header)


def _header(wcs: WCS, frame: Frame, visit: Visit, zeropoint: float, settings: SkySettings) -> Header:
    """Return the header of one image."""
    header = wcs.to_header()
    cards: Mapping[str, tuple[str | float, str]] = {
        "EXPID": (visit.exposure_id, "exposure"),
        "NIGHT": (visit.night, "local date of the evening"),
        "TELESCOP": (settings.telescope, ""),
        "DETECTOR": (settings.detector, ""),
        "FILTER": (settings.band, ""),
        "MJD-OBS": (visit.time_mjd, "[d] UTC, middle of the exposure"),
        "EXPTIME": (settings.exposure_s, "[s]"),
        "GAIN": (frame.gain, "[electron/adu]"),
        "RDNOISE": (round(frame.read_noise, 4), "[electron]"),
        "SATURATE": (frame.saturation, "[adu]"),
        "MAGZERO": (round(zeropoint, 4), "[mag] of 1 adu"),
        "FWHM": (round(frame.fwhm_pixel, 4), "[pixel]"),
        "BUNIT": ("adu", ""),
    }
    for key, card in cards.items():
        header[key] = card
    return header
