"""Simulation for surveys that have images: sources injected into copies, subtracted and searched again."""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from astropy.wcs import WCS
from numpy.typing import NDArray

from pipeline.cutouts import extract_cutouts
from pipeline.errors import InputError
from pipeline.injection import InjectionSettings, draw_injections
from pipeline.io import schema
from pipeline.io.cutout_file import CutoutWriter, open_cutouts
from pipeline.recipes import ImageSimulation, SimulationRecipe
from pipeline.rng import stream
from pipeline.simulate import Simulation, simulate_exposure
from pipeline.subtraction import Frame
from pipeline.surveys.base import Batch, ExposureImages, Survey, dropped_rows
from pipeline.surveys.fetch import header_of, require_enough
from pipeline.surveys.rows import candidates_frame, describe_pixels, drop_at_edges
from pipeline.surveys.settings import SurveySettings

log = logging.getLogger(__name__)
_NEEDED = {"gain": "GAIN", "read_noise": "RDNOISE", "saturation": "SATURATE", "fwhm_pixel": "FWHM"}
_ZEROPOINT = "MAGZERO"


def simulate_images(
    path: Path,
    survey: Survey,
    *,
    name: str,
    night: str,
    recipe: SimulationRecipe,
    cutouts: Path,
    manifest: Mapping[str, Any],
    provenance: Mapping[str, Any],
    progress: Callable[[float, str], None],
) -> None:
    """Write a cutout file of the recovered injections as real, with the truth of recovered and missed.

    An exposure that cannot be read or subtracted is skipped, counted and listed; `TooMuchLostError` when more
    than the survey's ``max_lost_fraction`` is lost.
    """
    settings = recipe.images or ImageSimulation()
    known = _known_places(cutouts)
    truths, reasons, total, lost = [], set(), 0, 0
    with CutoutWriter(path, header_of(name, survey.settings), provenance) as writer:
        writer.write_text("simulation", "sources were put into the images, which were subtracted and searched anew")
        for item in survey.images(night, manifest):
            total += 1
            batch, truth = _one(item, survey.settings, settings, recipe.seed, known)
            lost += batch.lost
            reasons |= set(batch.dropped["reason"]) if batch.lost else set()
            if len(batch.candidates):
                writer.append(batch.cutouts, batch.candidates)
            writer.drop(batch.dropped)
            truths.append(truth)
            progress(-1, f"simulated {total} exposures, {writer.kept} sources recovered")
        writer.write_table("truth", schema.TRUTH_COLUMNS, pd.concat([_no_truth(), *truths], ignore_index=True))
    require_enough(night, lost, total, survey.settings.max_lost_fraction, reasons)
    log.info("night %s: %d exposures, %d injections recovered, %d exposures lost", night, total, writer.kept, lost)


def _one(
    item: ExposureImages | Batch,
    survey: SurveySettings,
    settings: ImageSimulation,
    seed: int,
    known: Mapping[str, NDArray[np.float64]],
) -> tuple[Batch, pd.DataFrame]:
    """Return the recovered sources of one exposure and its truth; a lost batch when it cannot be used."""
    if isinstance(item, Batch):
        return item, _no_truth()
    exposure_id = str(item.exposure["exposure_id"])
    try:
        simulation = _simulate(item, settings, seed, known.get(exposure_id))
    except InputError as error:
        log.warning("exposure %s: %s", exposure_id, error)
        dropped = dropped_rows([exposure_id], "simulate", f"exposure unusable: {' '.join(str(error).split())}")
        side = survey.cutout_size_pixel
        nothing = np.zeros((0, side, side, len(survey.channels)), np.float32)
        return Batch(cutouts=nothing, candidates=pd.DataFrame(), dropped=dropped, lost=1), _no_truth()
    return _cut(item, simulation, survey), simulation.truth


def _simulate(
    item: ExposureImages, settings: ImageSimulation, seed: int, avoid: NDArray[np.float64] | None
) -> Simulation:
    exposure_id = str(item.exposure["exposure_id"])
    science = _frame(item.science, item.science_header, exposure_id)
    template = _frame(item.template, item.template_header, exposure_id)
    rng = stream(seed, "injection", exposure_id)
    truth = draw_injections(
        item.science,
        settings=InjectionSettings(
            number=settings.per_exposure,
            magnitude_min=settings.magnitude_min,
            magnitude_max=settings.magnitude_max,
            host_share=settings.host_share,
            negative_share=settings.negative_share,
        ),
        fwhm_pixel=science.fwhm_pixel,
        wcs=WCS(item.science_header),
        exposure_id=exposure_id,
        rng=rng,
        saturation=science.saturation,
        avoid_xy=avoid,
    )
    return simulate_exposure(
        science,
        template,
        truth=truth,
        zeropoint=_card(item.science_header, _ZEROPOINT, exposure_id),
        template_zeropoint=_card(item.template_header, _ZEROPOINT, exposure_id),
        wcs=WCS(item.science_header),
        rng=rng,
        match_radius_fwhm=settings.match_radius_fwhm,
    )


def _frame(pixels: NDArray[np.float32], header: Any, exposure_id: str) -> Frame:
    return Frame(pixels=pixels, **{name: _card(header, card, exposure_id) for name, card in _NEEDED.items()})


def _card(header: Any, card: str, exposure_id: str) -> float:
    if card not in header:
        raise InputError(f"exposure {exposure_id}: FITS key {card} is missing in the header")
    return float(header[card])


def _cut(item: ExposureImages, simulation: Simulation, survey: SurveySettings) -> Batch:
    found = simulation.candidates[simulation.candidates["injection_id"] != ""].reset_index(drop=True)
    images = {
        "science": simulation.science,
        "template": simulation.template,
        "difference": simulation.subtraction.difference,
    }
    x, y = found["x_pixel"].to_numpy(float), found["y_pixel"].to_numpy(float)
    cuts = [extract_cutouts(images[channel], x, y, survey.cutout_size_pixel) for channel in survey.channels]
    pixels = np.stack([cut.pixels for cut in cuts], axis=-1)
    kinds = simulation.truth.set_index("injection_id")["kind"]
    offsets = simulation.truth.set_index("injection_id")["host_offset_arcsec"]
    rows = found.assign(
        object_id=found["injection_id"], host_offset_arcsec=offsets.reindex(found["injection_id"]).to_numpy()
    )
    rows = candidates_frame(rows, item.exposure, survey, x, y)
    rows["kind"] = kinds.reindex(found["injection_id"]).to_numpy()
    rows["label"], rows["label_source"] = np.int8(schema.REAL), "injected"
    saturation = item.exposure.get("saturation", np.inf)
    describe_pixels(rows, pixels, cuts[0].edge_fraction, survey.channels, saturation)
    return drop_at_edges(pixels, rows, survey.max_edge_fraction, found[:0])


def _known_places(cutouts: Path) -> dict[str, NDArray[np.float64]]:
    """Return where each exposure's own candidates are, which injections keep away from."""
    with open_cutouts(cutouts) as file:
        rows = file.candidates(columns=("exposure_id", "x_pixel", "y_pixel"))
    groups = rows.groupby("exposure_id")
    return {str(name): group[["x_pixel", "y_pixel"]].to_numpy(float) for name, group in groups}


def _no_truth() -> pd.DataFrame:
    kinds = {name: ("str" if kind == schema.TEXT else kind) for name, kind in schema.TRUTH_COLUMNS.items()}
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in kinds.items()})
