"""A night of simulated transients: exposures injected, subtracted and searched, by one process and by several."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.rows import Row, in_fresh_process, interleaved, median_ratio, peak_mb
from pipeline.io import settings_files
from pipeline.io.executor import cores
from pipeline.io.results.content import content_sha256
from pipeline.recipes.injection import ImageSimulation
from pipeline.recipes.simulation import SimulationRecipe
from pipeline.stages.fetch_cutouts import fetch_cutouts
from pipeline.stages.night_job import NightJob
from pipeline.stages.simulate_transients import simulate_transients
from pipeline.surveys.base import Source
from pipeline.surveys.load import open_survey
from pipeline.surveys.settings import SurveySettings

NIGHT, SIDE, FEW, MANY = "2026-01-01", 512, 4, 16
_IMAGE_MB = SIDE * SIDE * 4 / 2**20
"""An image of the survey."""

_SIMULATE = """
import sys
from pathlib import Path
from benchmarks.simulation import simulate, survey_of
folder = Path(sys.argv[1])
simulate(survey_of(folder, int(sys.argv[2])), folder, processes=1)
"""


def run(folder: Path, *, full: bool) -> Iterator[Row]:
    """Time a night by one process and by one per core; compare the memory of four exposures with that of sixteen."""
    few = _made(folder / "simulated_few", FEW)
    survey = survey_of(few, FEW)
    many = MANY * (4 if full else 1)
    ways = {f"{number}": partial(simulate, survey, few, processes=number) for number in (1, cores())}
    seconds = interleaved(ways, repeats=3)
    one, all_cores = seconds["1"], seconds[f"{cores()}"]
    ratio = median_ratio(one, all_cores)
    same = len({content_sha256(few / f"simulated{number}.h5") for number in (1, cores())}) == 1
    yield Row(
        what=f"a night of {FEW} exposures of {SIDE} x {SIDE} pixels simulated, {cores()} processes",
        budget="equal result",
        measured=f"{FEW / np.median(all_cores):.2f} exposures/s",
        naive=f"one process: {FEW / np.median(one):.2f} exposures/s",
        ratio=ratio,
        holds=same,
        peak_mb=peak_mb(),
    )
    peaks = {}
    for count, place in ((FEW, few), (many, _made(folder / "simulated_many", many))):
        peaks[count] = in_fresh_process(_SIMULATE, str(place), str(count))["peak_mb"]
    yield Row(
        what=f"peak memory of a night of {many} exposures simulated, one process",
        budget=f"at most 1.1 x and an image ({_IMAGE_MB:.0f} MB) more",
        measured=f"{peaks[many]:,.0f} MB",
        naive=f"{FEW} exposures: {peaks[FEW]:,.0f} MB",
        ratio=peaks[many] / peaks[FEW],
        holds=peaks[many] <= 1.1 * peaks[FEW] + _IMAGE_MB,
        peak_mb=peaks[many],
    )


def survey_of(folder: Path, exposures: int) -> Source:
    """Return a synthetic survey of one night."""
    settings = settings_files.load("surveys", "synthetic", SurveySettings)
    sky = {"nights": 1, "exposures_per_night": exposures, "fields": 1, "size_pixel": SIDE, "interval_minute": 5.0}
    survey_input = {**settings.input, "sky": {**settings.input["sky"], **sky}}
    return open_survey(replace(settings, input=survey_input), "synthetic", folder)


def simulate(survey: Source, folder: Path, *, processes: int) -> None:
    """Simulate the night with forty sources per exposure."""
    simulate_transients(
        folder / f"simulated{processes}.h5",
        NightJob(survey=survey, name="synthetic", night=NIGHT, manifest=survey.freeze(NIGHT), processes=processes),
        recipe=SimulationRecipe(seed=1, images=ImageSimulation()),
        cutouts=folder / "cutouts.h5",
    )


def _made(folder: Path, exposures: int) -> Path:
    """Make the survey's files and the night's own cutouts, which injections keep away from."""
    folder.mkdir()
    survey = survey_of(folder, exposures)
    survey.make(folder)
    job = NightJob(survey=survey, name="synthetic", night=NIGHT, manifest=survey.freeze(NIGHT))
    fetch_cutouts(folder / "cutouts.h5", job)
    return folder
