"""Peak memory of a database night, of a data set and of scoring, at 10,000 and 100,000 (``--full``: 1,000,000) rows."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from astropy.io.fits import Header

from benchmarks.inputs import CHANNELS, write_rows
from benchmarks.rows import Row, in_fresh_process
from pipeline.io.database.generic_schema import write_generic_survey
from pipeline.io.fits.image import write_exposure
from pipeline.rng import stream

SIZE, FILES = 15, 10
FEW, MANY, MOST = 10_000, 100_000, 1_000_000
ID_BYTES = 100
"""What tables of ids may take for each row, beside the 10 %."""

_EXPOSURE_ROWS = 1000
_FETCH = """
import json, sys
from pathlib import Path
from pipeline.settings import parse
from pipeline.stages.fetch_cutouts import fetch_cutouts
from pipeline.stages.night_job import NightJob
from pipeline.surveys.load import open_survey
from pipeline.surveys.settings import SurveySettings
survey = open_survey(parse(SurveySettings, json.loads(sys.argv[2]), "benchmark"), "benchmark")
night = "2026-01-01"
job = NightJob(survey=survey, name="benchmark", night=night, manifest=survey.freeze(night))
fetch_cutouts(Path(sys.argv[1]), job)
"""
_BUILD = """
import sys
from pathlib import Path
from pipeline.stages.build_dataset import build_dataset
from pipeline.recipes.dataset import DatasetRecipe
build_dataset(
    Path(sys.argv[1]), sources=[Path(name) for name in sys.argv[2:]],
    recipe=DatasetRecipe(survey="benchmark", nights=("2026-01-01",)),
    linked_within_arcsec=3.0, fold=0, fingerprint="0" * 64, provenance={},
)
"""
_SCORE = """
import sys
from pathlib import Path
from models.scoring.runtime import load
from models.scoring.score_files import Scoring, score_file
scoring = Scoring(package=load(Path(sys.argv[2])), release="r1", seed=1)
score_file(Path(sys.argv[1]), scoring, rows=Path(sys.argv[3]), provenance={})
"""


def run(folder: Path, *, full: bool) -> Iterator[Row]:
    """Compare the peaks of fresh processes that do the same with ten (and a hundred) times the rows."""
    fetched: dict[int, dict[str, float]] = {}
    built: dict[int, dict[str, float]] = {}
    scored: dict[int, dict[str, float]] = {}
    counts = (FEW, MANY, MOST) if full else (FEW, MANY)
    for count in counts:
        fetched[count] = in_fresh_process(_FETCH, str(folder / "night.h5"), json.dumps(_night(folder, count)))
        (folder / "night.h5").unlink()
    for count in counts:
        files = [folder / f"rows{count}-{part}.h5" for part in range(FILES)]
        for part, path in enumerate(files):
            write_rows(path, count // FILES, SIZE, first=part * (count // FILES))
        data_set = folder / f"set{count}.h5"
        built[count] = in_fresh_process(_BUILD, str(data_set), *map(str, files))
        scores = folder / f"scores{count}.parquet"
        scored[count] = in_fresh_process(_SCORE, str(scores), str(folder / "package15"), str(data_set))
        for path in (*files, data_set):
            path.unlink()
    for many in counts[1:]:
        yield _row("FreezeInputs and FetchCutouts of a database night", fetched, many)
        yield _row("BuildDataset", built, many)
        yield _row("Infer", scored, many)


def _night(folder: Path, count: int) -> dict[str, Any]:
    """Write a night of so many candidates, all labelled, whose exposures share one image; return its settings."""
    names = pd.Series([f"e{number:04d}" for number in range(count // _EXPOSURE_ROWS)])
    blanks = ("telescope", "detector", "exposure_s", "zeropoint", "gain", "read_noise", "fwhm_pixel", "saturation")
    exposures = pd.DataFrame({"exposure_id": names, "night": "2026-01-01", "time_mjd": 61041.9, "band": "r"})
    paths = {f"{channel}_path": "image.fits" for channel in CHANNELS}
    exposures = exposures.assign(**dict.fromkeys(blanks), **paths, pixel_scale_arcsec=1.0)
    place = stream(1, "benchmark night").uniform(SIZE, 200 - SIZE, (2, count))
    candidates = pd.DataFrame({"candidate_id": [str(2**60 + row) for row in range(count)]})
    candidates = candidates.assign(
        object_id=candidates["candidate_id"], exposure_id=np.resize(names, count), ra_deg=10.0, dec_deg=5.0,
        x_pixel=place[0], y_pixel=place[1], magnitude=20.0, magnitude_error=0.1, fwhm_pixel=2.0, snr=8.0, flux_sign=1,
    )  # fmt: skip
    (folder / "survey.sqlite").unlink(missing_ok=True)
    eyeballs = pd.DataFrame({"candidate_id": candidates["candidate_id"], "label": np.arange(count) % 2})
    tables = {"exposures": exposures, "candidates": candidates, "eyeballs": eyeballs.assign(judged_at="2026-01-02")}
    write_generic_survey(folder / "survey.sqlite", tables)
    image = np.arange(200 * 200, dtype=np.float32).reshape(200, 200)
    (folder / "image.fits").unlink(missing_ok=True)
    write_exposure(folder / "image.fits", {channel.upper(): (image, Header()) for channel in CHANNELS})
    hdus = {channel: f"{channel}_path:{channel.upper()}" for channel in CHANNELS}
    return {
        "source": "database", "telescope": "T1", "longitude_deg": 0.0, "pixel_scale_arcsec": 1.0,
        "channels": list(CHANNELS), "cutout_size_pixel": SIZE, "closed": {"after_hours": 0},
        "defaults": {"dataset": "d", "classifier": "c"},
        "labels": [{"provider": "list", "table": "eyeballs", "source": "eyeball"}],
        "input": {"folder": str(folder), "queries": "generic", "images": {"hdus": hdus}, "tables": ["eyeballs"]},
    }  # fmt: skip


def _row(name: str, found: dict[int, dict[str, float]], rows: int) -> Row:
    few, many = found[FEW]["peak_mb"], found[rows]["peak_mb"]
    ids = ID_BYTES * (rows - FEW) / 2**20
    return Row(
        what=f"peak memory of {name}, {rows:,} rows of {SIZE} x {SIZE} x 3",
        budget=f"at most 1.1 x, ids {ids:.0f} MB more",
        measured=f"{many:,.0f} MB, {rows / found[rows]['seconds']:,.0f} rows/s",
        naive=f"{FEW:,} rows: {few:,.0f} MB",
        ratio=many / few,
        holds=many <= 1.1 * few + ids,
        peak_mb=many,
    )
