"""Three RICE-compressed images and their candidates to cutouts and scores, beside astropy and a bare forward pass."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from astropy.io import fits
from astropy.nddata import Cutout2D

from benchmarks.inputs import CHANNELS
from benchmarks.rows import Row, interleaved, median_ratio, peak_mb
from models.graphs import sessions
from models.scoring import runtime
from pipeline.io.database.generic_schema import write_generic_survey
from pipeline.io.fits.image import write_exposure
from pipeline.rng import stream
from pipeline.surveys.database.survey import DatabaseInput, DatabaseSurvey
from pipeline.surveys.exposures.reader import ImageSettings
from pipeline.surveys.settings import ClosedRule, Defaults, SurveySettings

CANDIDATES, FEW, SIZE, NIGHT = 2_000, 20, 63, "2026-01-01"


def run(folder: Path, *, full: bool) -> Iterator[Row]:
    """Read, cut, flag and score one exposure in a warm process."""
    side = 6144 if full else 3072
    survey = _make_survey(folder, side)
    manifest = survey.freeze(NIGHT)
    package = runtime.load(folder / "package63")
    pixels = next(survey.read(NIGHT, manifest)).cutouts
    session = sessions.open_session(folder / "package63" / "model.onnx")
    seconds = interleaved(
        {
            "ours": lambda: [package.predict(batch.cutouts, CHANNELS) for batch in survey.read(NIGHT, manifest)],
            "naive": lambda: (_decompress(folder), sessions.run(session, pixels, threads=package.threads)),
        },
        repeats=5,
    )
    ratio = median_ratio(seconds["ours"], seconds["naive"])
    yield Row(
        what=f"three {side:,} x {side:,} RICE images, {len(pixels):,} candidates to scores",
        budget="at most 1.5 x",
        measured=f"{np.median(seconds['ours']):.2f} s",
        naive=f"bare decompression and forward pass: {np.median(seconds['naive']):.2f} s",
        ratio=ratio,
        holds=ratio <= 1.5,
        peak_mb=peak_mb(),
    )
    yield _cutting_row(survey, folder, side)
    few = folder / "few"
    few.mkdir()
    yield _cutting_row(_make_survey(few, side, FEW), few, side)


def _cutting_row(survey: DatabaseSurvey, folder: Path, side: int) -> Row:
    """Measure images to cutouts with their flags beside astropy, one `Cutout2D` after the other."""
    manifest = survey.freeze(NIGHT)
    rows = next(survey.read(NIGHT, manifest)).candidates
    seconds = interleaved(
        {
            "ours": lambda: list(survey.read(NIGHT, manifest)),
            "naive": lambda: _one_by_one(folder, rows["x_pixel"], rows["y_pixel"]),
        },
        repeats=3,
    )
    ratio = median_ratio(seconds["ours"], seconds["naive"])
    return Row(
        what=f"three {side:,} x {side:,} RICE images, {len(rows):,} candidates to cutouts",
        budget="faster than one by one",
        measured=f"{np.median(seconds['ours']):.2f} s",
        naive=f"Cutout2D one by one: {np.median(seconds['naive']):.2f} s",
        ratio=ratio,
        holds=ratio < 1.0,
        peak_mb=peak_mb(),
    )


def _one_by_one(folder: Path, x: pd.Series, y: pd.Series) -> np.ndarray:
    planes = []
    for image in _decompress(folder):
        image[~(np.abs(image) < 1e30)] = np.nan
        cuts = [Cutout2D(image, place, SIZE, mode="partial", fill_value=np.nan) for place in zip(x, y, strict=True)]
        planes.append(np.stack([cut.data for cut in cuts]))
    pixels = np.stack(planes, axis=-1)
    np.isnan(pixels).mean(axis=(1, 2))
    return pixels


def _decompress(folder: Path) -> list[np.ndarray]:
    with fits.open(folder / "exposure.fits.fz", memmap=False) as opened:
        return [opened[name].data for name in CHANNELS]


def _make_survey(folder: Path, side: int, count: int = CANDIDATES) -> DatabaseSurvey:
    rng = stream(1, "benchmark exposure")
    images = {name: (rng.normal(100.0, 5.0, (side, side)).astype(np.float32), fits.Header()) for name in CHANNELS}
    write_exposure(folder / "exposure.fits.fz", {name.upper(): image for name, image in images.items()})
    x, y = rng.uniform(0, side - 1, (2, count))
    ids = [f"c{row:06d}" for row in range(count)]
    found = {"candidate_id": ids, "object_id": ids, "exposure_id": "e1", "ra_deg": 1.0, "dec_deg": 2.0}
    paths = dict.fromkeys((f"{name}_path" for name in CHANNELS), "exposure.fits.fz")
    tables = {
        "exposures": pd.DataFrame([{"exposure_id": "e1", "night": NIGHT, "saturation": 5e4, **paths}]),
        "candidates": pd.DataFrame({**found, "x_pixel": x, "y_pixel": y}),
    }
    for name, columns in _columns().items():
        tables[name] = tables[name].reindex(columns=columns)
    write_generic_survey(folder / "survey.sqlite", tables)
    settings = SurveySettings(
        source="database",
        telescope="T",
        longitude_deg=0.0,
        pixel_scale_arcsec=1.0,
        channels=CHANNELS,
        cutout_size_pixel=SIZE,
        closed=ClosedRule(after_hours=0.0),
        defaults=Defaults(dataset="", classifier=""),
        input={},
    )
    survey_input = DatabaseInput(
        folder=str(folder),
        queries="generic",
        images=ImageSettings(hdus={name: f"{name}_path:{name.upper()}" for name in CHANNELS}),
    )
    return DatabaseSurvey(settings, survey_input)


def _columns() -> dict[str, list[str]]:
    """Return the columns of the generic schema that an exposure and a candidate have."""
    return {
        "exposures": [
            "exposure_id", "night", "telescope", "detector", "band", "time_mjd", "exposure_s", "zeropoint", "gain",
            "read_noise", "saturation", "fwhm_pixel", "pixel_scale_arcsec", "science_path", "template_path",
            "difference_path",
        ],
        "candidates": [
            "candidate_id", "object_id", "exposure_id", "ra_deg", "dec_deg", "x_pixel", "y_pixel", "magnitude",
            "magnitude_error", "fwhm_pixel", "snr", "flux_sign",
        ],
    }  # fmt: skip
