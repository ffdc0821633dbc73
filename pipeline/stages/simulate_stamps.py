"""Simulation for surveys that have cutouts but no images: reals and bogus made from the night's own cutouts."""

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.classes import BOGUS, INJECTED, REAL, SELF_MADE
from pipeline.cutouts.missing import Flag
from pipeline.cutouts.planes import IMAGES, images_of, of_channels, with_all_planes
from pipeline.errors import SettingsError
from pipeline.io.results import schema
from pipeline.io.results.cutout_file import CutoutWriter, open_cutouts
from pipeline.recipes.simulation import SimulationRecipe
from pipeline.recipes.stamps import StampSimulation
from pipeline.rng import stream
from pipeline.stages.night_job import NightJob
from pipeline.stages.simulate_transients import SIMULATIONS
from pipeline.surveys.candidate_columns import describe_pixels
from pipeline.triplets.artefacts import ArtefactSettings, make_bogus, read_settings
from pipeline.triplets.reals import inject_into_cutouts

_BLOCK = 256
_KINDS = {"injected_sky": "injected_random", "injected_host": "injected_host"}


@SIMULATIONS.register("stamps")
def simulate_stamps(path: Path, job: NightJob, *, recipe: SimulationRecipe, cutouts: Path) -> None:
    """Write a cutout file of injected reals and self-made bogus, each in the group of the cutout it is made from.

    Parameters
    ----------
    path : Path
        Cutout file to write.
    job : NightJob
        The night, and its frozen input.
    recipe : SimulationRecipe
        What is simulated; its ``stamps`` are used, or their defaults.
    cutouts : Path
        The night's own cutout file, whose real rows are changed.

    Raises
    ------
    SettingsError
        If the survey's cutouts are not triplets, or if an artefact has an unknown setting or a wrong value.
    """
    settings = recipe.stamps or StampSimulation()
    artefacts = read_settings(settings.artefacts, "stamps.artefacts")
    with open_cutouts(cutouts) as source, CutoutWriter(path, source.header, job.provenance) as writer:
        channels = source.header.channels
        if images_of(channels) != IMAGES:
            raise SettingsError(
                f"the cutouts have the channels {', '.join(channels)}; simulation from cutouts requires "
                f"{', '.join(IMAGES)}, and planes of them behind, if any"
            )
        writer.write_text("simulation", "sources and artefacts were put into stamps, not into images")
        truths = []
        for block, pixels in source.batches(_BLOCK):
            parents = source.candidates(block)
            whole = (parents["flags"].to_numpy() & int(Flag.ALL_MISSING | Flag.NO_TEMPLATE)) == 0
            usable = whole & (parents["label"].to_numpy() == REAL)
            rng = stream(recipe.seed, "stamps", f"{job.night}/{block.start}")
            parents, pixels = parents[usable].reset_index(drop=True), with_all_planes(pixels[usable], channels)
            truths.append(_inject(writer, channels, parents, pixels, settings, rng))
            _add_artefacts(writer, channels, parents, pixels, settings, artefacts, rng)
            job.progress(100 * block.stop / len(source), f"simulated from {block.stop} of {len(source)} cutouts")
        empty = pd.DataFrame({name: [] for name in schema.TRUTH_COLUMNS})
        writer.write_table("truth", schema.TRUTH_COLUMNS, pd.concat([empty, *truths], ignore_index=True))


def _inject(
    writer: CutoutWriter,
    channels: tuple[str, ...],
    parents: pd.DataFrame,
    pixels: NDArray[np.float32],
    settings: StampSimulation,
    rng: np.random.Generator,
) -> pd.DataFrame:
    rows = _draw(len(parents), settings.reals_per_cutout, rng)
    if not len(rows):
        return pd.DataFrame()
    injected, truth = inject_into_cutouts(
        pixels[rows], rng, settings.reals, difference_turned=settings.difference_turned
    )
    kinds = [_KINDS.get(kind, kind) for kind in truth["kind"]]
    injected = of_channels(injected, channels)
    candidates = _children(parents.iloc[rows], INJECTED, kinds, REAL, injected, channels)
    candidates["snr"], candidates["flux_sign"] = truth["snr"].to_numpy(), truth["flux_sign"].to_numpy()
    writer.append(injected, candidates)
    unknown = {"host_id": "", "host_surface_brightness": np.nan, "trail_pixel": 0.0}
    truth = candidates.assign(injection_id=candidates["candidate_id"], recovered=True, **unknown)
    return truth[list(schema.TRUTH_COLUMNS)]


def _add_artefacts(
    writer: CutoutWriter,
    channels: tuple[str, ...],
    parents: pd.DataFrame,
    pixels: NDArray[np.float32],
    settings: StampSimulation,
    artefacts: Mapping[str, ArtefactSettings],
    rng: np.random.Generator,
) -> None:
    count = _count(len(parents), settings.bogus_per_cutout, rng)
    if not count:
        return
    artificial, names, rows = make_bogus(
        pixels, count, rng, settings.mixture or None, artefacts, difference_turned=settings.difference_turned
    )
    artificial = of_channels(artificial, channels)
    writer.append(artificial, _children(parents.iloc[rows], SELF_MADE, list(names), BOGUS, artificial, channels))


def _count(available: int, share: float, rng: np.random.Generator) -> int:
    """Return how many rows to make: a whole number, drawn so that it is ``available * share`` on average."""
    expected = available * share
    return math.floor(expected) + int(rng.random() < expected - math.floor(expected)) if available else 0


def _draw(available: int, share: float, rng: np.random.Generator) -> NDArray[np.int64]:
    count = _count(available, share, rng)
    return rng.choice(available, size=count, replace=count > available) if count else np.zeros(0, dtype=np.int64)


def _children(
    parents: pd.DataFrame,
    source: str,
    kinds: list[str],
    label: int,
    pixels: NDArray[np.float32],
    channels: tuple[str, ...],
) -> pd.DataFrame:
    """Return the rows of simulated cutouts: position and group of their parents, with their own id, kind and label.

    What is measured of a candidate alone is not known; ``fwhm_pixel``, perhaps of the exposure, stays the parent's.
    """
    rows = parents.reset_index(drop=True).copy()
    serial = rows.groupby("candidate_id").cumcount().astype(str)
    rows["candidate_id"] = rows["candidate_id"] + f"~{source}~" + serial
    rows["kind"], rows["label"], rows["label_source"] = kinds, np.int8(label), source
    for column in ("magnitude", "magnitude_error", "snr", "host_offset_arcsec"):
        rows[column] = np.float32(np.nan)
    rows = rows.drop(columns=[name for name in rows if name not in schema.CANDIDATE_COLUMNS])
    describe_pixels(rows, pixels, rows["edge_fraction"].to_numpy(), channels)
    return rows
