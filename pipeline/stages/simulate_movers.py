"""Simulation from real pixels: known movers are added to catalogued galaxies, and galaxies alone become bogus."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.classes import BOGUS, INJECTED, REAL, SELF_MADE
from pipeline.conversions import ARCSEC_PER_DEG
from pipeline.errors import SettingsError
from pipeline.io.results import schema
from pipeline.io.results.cutout_file import CutoutWriter, open_cutouts
from pipeline.io.results.night_manifest import Manifest
from pipeline.recipes.movers import MoverSimulation
from pipeline.recipes.simulation import SimulationRecipe
from pipeline.rng import stream
from pipeline.stages.lost_exposures import require_enough
from pipeline.stages.night_cutouts import header_of
from pipeline.stages.night_job import NightJob
from pipeline.stages.simulate_transients import SIMULATIONS
from pipeline.stages.simulation_inputs import read_hosts
from pipeline.surveys.base import Batch
from pipeline.surveys.candidate_columns import describe_pixels
from pipeline.surveys.exposures.placed_cutouts import PlacedCutouts
from pipeline.surveys.settings import SurveySettings
from pipeline.triplets.mover_pairs import add_mover, jittered, pair_with_galaxies

log = logging.getLogger(__name__)

_RESIDUAL = "galaxy residual"
_TRANSIENT = "injected_mover"


@runtime_checkable
class CutsAnywhere(Protocol):
    """A survey that can cut its images at any position."""

    def cutouts_at(self, night: str, manifest: Manifest, places: pd.DataFrame) -> Iterator[PlacedCutouts | Batch]:
        """Yield cutouts at ``exposure_id candidate_id ra_deg dec_deg``, an exposure at a time."""


@SIMULATIONS.register("movers")
def simulate_movers(path: Path, job: NightJob, *, recipe: SimulationRecipe, cutouts: Path) -> None:
    """Write a cutout file of movers on galaxies as reals and of galaxies alone as bogus, with the truth.

    A transient is in one group with its mover (``object_id``) and with everything else on its galaxy (``group_id``).

    Parameters
    ----------
    path : Path
        Cutout file to write.
    job : NightJob
        The night, and its frozen input.
    recipe : SimulationRecipe
        What is simulated; it must have ``movers``.
    cutouts : Path
        The night's own cutout file, which has the movers.

    Raises
    ------
    SettingsError
        If the survey cannot cut its images at any position, or the recipe has no ``movers``.
    TooMuchLostError
        If more exposures are unusable than the survey allows.
    """
    survey, settings = job.survey, recipe.movers
    if settings is None or not isinstance(survey, CutsAnywhere):
        raise SettingsError(
            f"survey {job.name!r} has no images to cut movers and galaxies from; choose another simulation"
        )
    places = _places(_movers(cutouts, settings), _galaxies(settings), settings, recipe.seed)
    truths, lost, total, reasons = [], 0, 0, set()
    with CutoutWriter(path, header_of(job.name, survey.settings), job.provenance) as writer:
        writer.write_text("simulation", "stamps of known movers were added to stamps of galaxies")
        for placed in survey.cutouts_at(job.night, job.manifest, places):
            total += 1
            if isinstance(placed, Batch):
                lost += placed.lost
                reasons |= set(placed.dropped["reason"])
                writer.drop(placed.dropped)
                continue
            pixels, rows = _simulated(placed, places, survey.settings)
            writer.drop(placed.batch.dropped)
            if len(rows):
                writer.append(pixels, rows[list(schema.CANDIDATE_COLUMNS)])
                truths.append(_truth(rows[rows["kind"] == _TRANSIENT]))
            job.progress(-1, f"simulated {total} exposures, {writer.kept} cutouts made")
        none = pd.DataFrame({column: [] for column in schema.TRUTH_COLUMNS})
        writer.write_table("truth", schema.TRUTH_COLUMNS, pd.concat([none, *truths], ignore_index=True))
    require_enough(job.night, lost, total, survey.settings.max_lost_fraction, reasons)
    log.info("night %s: %d cutouts of movers on galaxies and of galaxies alone", job.night, writer.kept)


def _movers(cutouts: Path, settings: MoverSimulation) -> pd.DataFrame:
    """Return the night's known movers within the recipe's range of magnitudes."""
    with open_cutouts(cutouts) as file:
        rows = file.candidates()
    known = (rows["label"] == REAL) & (rows["label_source"] == "mover")
    known &= rows["magnitude"].between(settings.magnitude_min, settings.magnitude_max)
    return rows[known].reset_index(drop=True)


def _galaxies(settings: MoverSimulation) -> pd.DataFrame:
    hosts = read_hosts(settings.hosts)
    return hosts[hosts["magnitude"] < settings.max_host_magnitude].reset_index(drop=True)


def _places(movers: pd.DataFrame, galaxies: pd.DataFrame, settings: MoverSimulation, seed: int) -> pd.DataFrame:
    """Return where to cut: movers, their galaxies, and galaxies alone; ``new_id`` is the candidate that comes of it."""
    parts = [movers.iloc[:0].assign(role="", new_id="", host_id="", host_magnitude=np.nan)]
    where = galaxies[["ra_deg", "dec_deg"]].to_numpy(float)
    for exposure_id, on_exposure in movers.groupby("exposure_id", sort=True):
        rng = stream(seed, "movers", str(exposure_id))
        pairing = pair_with_galaxies(
            on_exposure[["ra_deg", "dec_deg"]].to_numpy(float),
            where,
            galaxies["magnitude"].to_numpy(float),
            search_arcsec=settings.search_arcsec,
            residuals_per_mover=settings.residuals_per_mover,
        )
        names = [f"{exposure_id}~mover~{number:05d}" for number in range(len(pairing.mover))]
        chosen = on_exposure.iloc[pairing.mover]
        parts.append(chosen.assign(role="mover", new_id=names, host_id="", host_magnitude=np.nan))
        hosts = jittered(where[pairing.host], settings.jitter_arcsec, rng)
        parts.append(
            _at(chosen, hosts, galaxies.iloc[pairing.host], where[pairing.host]).assign(role="host", new_id=names)
        )
        alone = jittered(where[pairing.residual], settings.jitter_arcsec / 2.0, rng)
        blank = on_exposure.iloc[np.zeros(len(pairing.residual), dtype=int)]
        names = [f"{exposure_id}~residual~{number:05d}" for number in range(len(pairing.residual))]
        residual = _at(blank, alone, galaxies.iloc[pairing.residual], where[pairing.residual])
        parts.append(residual.assign(role="residual", new_id=names))
    places = pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)
    return places.assign(candidate_id=places["role"] + "~" + places["new_id"])


def _at(
    rows: pd.DataFrame, positions: NDArray[np.float64], galaxies: pd.DataFrame, centres: NDArray[np.float64]
) -> pd.DataFrame:
    """Return rows moved to positions around galaxies."""
    apart = positions - centres
    apart[:, 0] *= np.cos(np.radians(centres[:, 1]))
    return rows.assign(
        ra_deg=positions[:, 0],
        dec_deg=positions[:, 1],
        host_id=galaxies["host_id"].to_numpy(),
        host_magnitude=galaxies["magnitude"].to_numpy(float),
        host_offset_arcsec=(np.hypot(*apart.T) * ARCSEC_PER_DEG).astype(np.float32),
    )


def _simulated(
    placed: PlacedCutouts, places: pd.DataFrame, survey: SurveySettings
) -> tuple[NDArray[np.float32], pd.DataFrame]:
    """Return the simulated cutouts ``(n, y, x, channel)`` and rows that come of the cutouts of one exposure."""
    row_of = {name: row for row, name in enumerate(placed.batch.candidates["candidate_id"])}
    cut_here = places[places["candidate_id"].isin(row_of)]
    hosts, movers = cut_here[cut_here["role"] == "host"], set(cut_here["new_id"][cut_here["role"] == "mover"])
    hosts = hosts[hosts["new_id"].isin(movers)]
    first = [row_of[f"mover~{name}"] for name in hosts["new_id"]]
    second = [row_of[f"host~{name}"] for name in hosts["new_id"]]
    pixels = placed.batch.cutouts
    frames = [[frame[rows] for frame in placed.frames] for rows in (first, second)]
    transients = add_mover(pixels[first], pixels[second], survey.channels, *frames)
    alone = cut_here[cut_here["role"] == "residual"]
    third = [row_of[name] for name in alone["candidate_id"]]
    simulated = np.concatenate([transients, pixels[third]])
    rows = pd.concat([_as_real(hosts), _as_bogus(alone)], ignore_index=True)
    cut = placed.batch.candidates.iloc[second + third]
    for column in ("x_pixel", "y_pixel"):
        rows[column] = cut[column].to_numpy()
    describe_pixels(rows, simulated, cut["edge_fraction"].to_numpy(), survey.channels)
    return simulated, rows


def _as_real(hosts: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of transients: the measurements of their movers, at their own positions."""
    return hosts.assign(
        candidate_id=hosts["new_id"],
        group_id="host~" + hosts["host_id"],
        kind=_TRANSIENT,
        label=np.int8(REAL),
        label_source=INJECTED,
    )


def _as_bogus(alone: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of galaxies alone: only their catalogued magnitude is known."""
    nothing = dict.fromkeys(("magnitude_error", "fwhm_pixel", "snr"), np.float32(np.nan))
    return alone.assign(
        candidate_id=alone["new_id"],
        object_id="host~" + alone["host_id"],
        group_id="host~" + alone["host_id"],
        kind=_RESIDUAL,
        label=np.int8(BOGUS),
        label_source=SELF_MADE,
        magnitude=alone["host_magnitude"].astype(np.float32),
        flux_sign=np.int8(1),
        **nothing,
    )


def _truth(rows: pd.DataFrame) -> pd.DataFrame:
    unknown = {"host_surface_brightness": np.nan, "trail_pixel": 0.0, "recovered": True}
    return rows.assign(injection_id=rows["candidate_id"], **unknown)[list(schema.TRUTH_COLUMNS)]
