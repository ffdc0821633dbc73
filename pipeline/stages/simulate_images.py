"""Simulation for surveys with images: sources are injected into copies, which are subtracted and searched again."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
from astropy.wcs import WCS
from numpy.typing import NDArray

from pipeline.classes import INJECTED, REAL
from pipeline.conversions import ARCSEC_PER_DEG
from pipeline.errors import InputError, SettingsError
from pipeline.imaging.frame import Frame
from pipeline.injection import Hosts, draw_injections
from pipeline.injection.exposure import Simulation, simulate_exposure
from pipeline.io.executor import spread
from pipeline.io.results import schema
from pipeline.io.results.cutout_file import CutoutWriter, open_cutouts
from pipeline.psf import ChosenPsf
from pipeline.recipes.injection import ImageSimulation
from pipeline.recipes.simulation import SimulationRecipe
from pipeline.rng import stream
from pipeline.stages.context_columns import context_of
from pipeline.stages.lost_exposures import require_enough
from pipeline.stages.night_cutouts import header_of
from pipeline.stages.night_job import NightJob
from pipeline.stages.psf_record import PsfRecord, log_psfs, psf_record, write_psfs
from pipeline.stages.simulate_alone import every_source, require_possible
from pipeline.stages.simulate_transients import SIMULATIONS
from pipeline.stages.simulation_inputs import hosts_on_image, psf_of, read_inputs
from pipeline.surveys.base import Batch, ExposureImages, dropped_rows
from pipeline.surveys.batches import batch_of
from pipeline.surveys.edge_policy import Outside
from pipeline.surveys.exposures.aligned_exposure import AlignedExposure, aligned_exposure
from pipeline.surveys.exposures.channels import channel_cutouts, require_searched
from pipeline.surveys.exposures.difference import differencing
from pipeline.surveys.exposures.properties import no_zeropoint
from pipeline.surveys.settings import SurveySettings

log = logging.getLogger(__name__)


@SIMULATIONS.register("images")
def simulate_images(path: Path, job: NightJob, *, recipe: SimulationRecipe, cutouts: Path) -> None:
    """Write a cutout file of the recovered injections as reals, with the truth of recovered and missed ones.

    For each image, the table ``psf`` says which PSF was used and why not a better one, how well it fits the stars
    of the image, and what was assumed about the image. An exposure that cannot be read or subtracted is skipped,
    counted and listed.

    Parameters
    ----------
    path : Path
        Cutout file to write.
    job : NightJob
        The night, and its frozen input.
    recipe : SimulationRecipe
        What is simulated; its ``images`` are used, or their defaults.
    cutouts : Path
        The night's own cutout file, from whose candidates injections keep away.

    Raises
    ------
    SettingsError
        If the survey has no images, or the recipe asks for what its search cannot find.
    TooMuchLostError
        If more exposures are unusable than the survey allows.
    """
    survey = job.survey
    if not survey.has_images:
        raise SettingsError(f"survey {job.name!r} has no images: choose a simulation recipe with 'stamps'")
    settings = recipe.images or ImageSimulation()
    inputs = read_inputs(settings)
    shared = _Shared(
        survey=survey.settings,
        settings=settings,
        seed=recipe.seed,
        folder=survey.folder,
        magnitudes=inputs.magnitudes,
    )
    known, context = _known_places(cutouts), context_of(job)
    truths, psfs, reasons, total, lost = [], [], set(), 0, 0
    with CutoutWriter(path, header_of(job.name, survey.settings), job.provenance) as writer:
        writer.write_text("simulation", "sources were put into the images, which were subtracted and searched anew")
        exposures = _exposures(survey.images(job.night, job.manifest), shared, inputs.hosts, known)
        for done in spread(_simulated, exposures, workers=job.processes):
            total += 1
            lost += done.batch.lost
            reasons |= set(done.batch.dropped["reason"]) if done.batch.lost else set()
            if len(done.batch.candidates):
                found = done.batch.candidates
                writer.append(done.batch.cutouts, found if context is None else context.of_injections(found))
            writer.drop(done.batch.dropped)
            truths.append(done.truth)
            psfs.append(log_psfs(done.psfs))
            job.progress(-1, f"simulated {total} exposures, {writer.kept} sources recovered")
        columns = schema.TRUTH_COLUMNS | (schema.STAR_TRUTH_COLUMNS if settings.variable_share else {})
        writer.write_table("truth", columns, _stacked(truths, columns))
        write_psfs(writer, psfs)
    require_enough(job.night, lost, total, survey.settings.max_lost_fraction, reasons)
    log.info("night %s: %d exposures, %d injections recovered, %d exposures lost", job.night, total, writer.kept, lost)


@dataclass(frozen=True, kw_only=True)
class _Shared:
    """What all exposures of a night share."""

    survey: SurveySettings
    settings: ImageSimulation
    seed: int
    folder: Path
    magnitudes: NDArray[np.float64] | None


@dataclass(frozen=True, kw_only=True)
class _Exposure:
    """One exposure to be simulated, the positions of its own candidates, and the catalogued galaxies on it."""

    images: ExposureImages | Batch
    shared: _Shared
    avoid: NDArray[np.float64] | None = None
    hosts: Hosts | None = None
    fault: str = ""


@dataclass(frozen=True, kw_only=True)
class _Done:
    """One exposure simulated, or lost."""

    batch: Batch
    truth: pd.DataFrame
    psfs: PsfRecord = field(default_factory=PsfRecord)


def _exposures(
    night: Iterator[ExposureImages | Batch],
    shared: _Shared,
    hosts: pd.DataFrame | None,
    known: Mapping[str, NDArray[np.float64]],
) -> Iterator[_Exposure]:
    """Yield the exposures, each with only those catalogued galaxies that lie on it: it may go to another process."""
    for images in night:
        if isinstance(images, Batch):
            yield _Exposure(images=images, shared=shared)
            continue
        require_searched(shared.survey.channels, images.difference)
        require_possible(shared.settings, images.difference)
        exposure_id = str(images.exposure["exposure_id"])
        avoid = known.get(exposure_id)
        try:
            header, shape = images.science_header, images.science.shape
            galaxies = None if hosts is None else hosts_on_image(hosts, header, shape, exposure_id)
        except InputError as error:
            yield _Exposure(images=images, shared=shared, fault=str(error))
            continue
        yield _Exposure(images=images, shared=shared, avoid=avoid, hosts=galaxies)


def _simulated(work: _Exposure) -> _Done:
    """Return the recovered sources of one exposure, its truth and PSFs; a lost batch if it cannot be used."""
    nothing = pd.DataFrame()
    if isinstance(work.images, Batch):
        return _Done(batch=work.images, truth=nothing)
    survey, exposure_id = work.shared.survey, str(work.images.exposure["exposure_id"])
    try:
        if work.fault:
            raise InputError(work.fault)
        settings = work.shared.settings
        exposure = aligned_exposure(work.images, gain=settings.gain, zeropoint=settings.zeropoint)
        simulation, psfs = _simulate(work, work.images, exposure)
    except InputError as error:
        reason = " ".join(str(error).split())
        log.warning("exposure %s: %s", exposure_id, reason)
        dropped = dropped_rows([exposure_id], "simulate", f"exposure unusable: {reason}")
        side = survey.cutout_size_pixel
        pixels = np.zeros((0, side, side, len(survey.channels)), np.float32)
        return _Done(batch=Batch(cutouts=pixels, candidates=nothing, dropped=dropped, lost=1), truth=nothing)
    truth = simulation.truth.assign(band=str(work.images.exposure.get("band") or ""))
    batch = _cut(work.images, simulation, survey, exposure.frames.zeropoint)
    return _Done(batch=batch, truth=truth, psfs=psfs)


def _simulate(work: _Exposure, images: ExposureImages, exposure: AlignedExposure) -> tuple[Simulation, PsfRecord]:
    shared, frames, search = work.shared, exposure.frames, images.difference
    exposure_id, settings = str(images.exposure["exposure_id"]), shared.settings
    if not np.isfinite(frames.zeropoint):
        raise no_zeropoint(images)
    wcs = exposure.wcs or _flat_sky(shared.survey.pixel_scale_arcsec)
    chosen = {"science": _psf(work, images, frames.science, settings.psf.file, f"exposure {exposure_id}")}
    rng = stream(shared.seed, "injection", exposure_id)
    truth = draw_injections(
        images.science,
        settings=settings,
        fwhm_pixel=frames.science.fwhm_pixel,
        wcs=wcs,
        exposure_id=exposure_id,
        rng=rng,
        saturation=frames.science.saturation,
        avoid_xy=work.avoid if search.has_template else every_source(frames.science, frames.template, search),
        hosts=None if work.hosts is None else work.hosts.moved(*exposure.correction),
        magnitudes=shared.magnitudes,
        zeropoint=frames.zeropoint,
    )
    if (truth["flux_sign"] < 0).any():
        label = f"template of exposure {exposure_id}"
        chosen["template"] = _psf(work, images, frames.template, settings.psf.template_file, label)
    simulation = simulate_exposure(
        frames.science,
        frames.template,
        truth=truth,
        zeropoint=frames.zeropoint,
        template_zeropoint=frames.template_zeropoint,
        wcs=wcs,
        rng=rng,
        psf=chosen["science"].model,
        template_psf=chosen["template"].model if "template" in chosen else None,
        match_radius_fwhm=settings.match_radius_fwhm,
        difference=differencing(search),
        detection=search.sought,
        profile=exposure.profile,
    )
    simulation = simulation if exposure.wcs else _without_sky(simulation)
    noted = replace(frames, notes=[*frames.notes, *simulation.notes])
    return simulation, psf_record(exposure_id, chosen, noted, shared.folder)


def _psf(work: _Exposure, images: ExposureImages, frame: Frame, file: str, label: str) -> ChosenPsf:
    return psf_of(frame, work.shared.settings.psf, file, images.exposure, work.shared.folder, label)


def _flat_sky(scale_arcsec: float) -> WCS:
    """Return a WCS for an image without one: a tangent plane with the pixel scale, at an arbitrary position."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.cdelt = [-scale_arcsec / ARCSEC_PER_DEG, scale_arcsec / ARCSEC_PER_DEG]
    wcs.wcs.set()
    return wcs


def _without_sky(simulation: Simulation) -> Simulation:
    """Return a simulation without sky positions, which are not known for an image without a WCS."""
    unknown = {"ra_deg": np.nan, "dec_deg": np.nan}
    return replace(
        simulation, candidates=simulation.candidates.assign(**unknown), truth=simulation.truth.assign(**unknown)
    )


def _cut(images: ExposureImages, simulation: Simulation, survey: SurveySettings, zeropoint: float) -> Batch:
    found = simulation.candidates[simulation.candidates["injection_id"] != ""].reset_index(drop=True)
    planes = {
        "science": simulation.science,
        "template": simulation.template,
        "difference": simulation.difference.difference,
        "score": simulation.difference.score,
    }
    x, y = found["x_pixel"].to_numpy(float), found["y_pixel"].to_numpy(float)
    pixels, edge_fraction = channel_cutouts(planes, x, y, survey)
    kinds = simulation.truth.set_index("injection_id")["kind"]
    offsets = simulation.truth.set_index("injection_id")["host_offset_arcsec"]
    rows = found.assign(
        object_id=found["injection_id"],
        host_offset_arcsec=offsets.reindex(found["injection_id"]).to_numpy(),
        zeropoint=zeropoint,
    )
    stated = {
        "kind": kinds.reindex(found["injection_id"]).to_numpy(),
        "label": np.int8(REAL),
        "label_source": INJECTED,
    }
    outside = Outside(edge_fraction=edge_fraction)
    return batch_of(rows, pixels, survey, exposure=images.exposure, places=(x, y), outside=outside, stated=stated)


def _known_places(cutouts: Path) -> dict[str, NDArray[np.float64]]:
    """Return the pixels ``(n, 2)`` of each exposure's own candidates, from which injections keep away."""
    with open_cutouts(cutouts) as file:
        rows = file.candidates(columns=("exposure_id", "x_pixel", "y_pixel"))
    groups = rows.groupby("exposure_id")
    return {str(name): group[["x_pixel", "y_pixel"]].to_numpy(float) for name, group in groups}


def _stacked(tables: list[pd.DataFrame], columns: Mapping[str, str]) -> pd.DataFrame:
    """Return tables as one, with the given columns in their types."""
    kinds = {name: ("str" if kind == schema.TEXT else kind) for name, kind in columns.items()}
    nothing = pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in kinds.items()})
    return pd.concat([nothing, *(table[list(columns)] for table in tables if len(table))], ignore_index=True)
