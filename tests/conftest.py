"""What tests of several folders make their small data with."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.io.cutout_file import CutoutHeader, CutoutWriter
from pipeline.io.schema import CANDIDATE_COLUMNS


@pytest.fixture
def make_rows():
    """Return a function that makes candidate rows of given columns, the others blank."""

    def make(candidate_ids, **columns):
        ids = [str(name) for name in candidate_ids]
        frame = pd.DataFrame({"candidate_id": pd.Series(ids, dtype="str")})
        for name, kind in CANDIDATE_COLUMNS.items():
            if name != "candidate_id":
                blank = "" if kind == "text" else 0
                frame[name] = pd.Series(columns.get(name, [blank] * len(ids))).astype("str" if kind == "text" else kind)
        if "object_id" not in columns:
            frame["object_id"] = "o" + frame["candidate_id"]
        if "group_id" not in columns:
            frame["group_id"] = frame["object_id"]
        if "ra_deg" not in columns:  # far apart from each other, wherever they are used
            frame["ra_deg"] = [sum(name.encode()) % 359 + len(name) / 100 for name in ids]
            frame["dec_deg"] = [hash_to_degrees(name) for name in ids]
        return frame

    return make


def hash_to_degrees(name):
    number = 0
    for letter in name.encode():
        number = (number * 131 + letter) % 1_000_003
    return number / 1_000_003 * 120 - 60


@pytest.fixture
def make_cutouts():
    """Return a function that writes a cutout file; the pixels of a row are made of its id."""

    def make(path, rows, size=3, channels=("science", "template", "difference"), pixels=None, **header):
        head = CutoutHeader(survey="toy", channels=channels, size_pixel=size, pixel_scale_arcsec=1.0, **header)
        if pixels is None:
            pixels = np.stack([pixels_of(name, size, len(channels)) for name in rows["candidate_id"]] or [
                np.zeros((size, size, len(channels)), np.float32)
            ])[: len(rows)]  # fmt: skip
        with CutoutWriter(path, head) as writer:
            writer.append(np.asarray(pixels, dtype=np.float32), rows)
        return path

    return make


def pixels_of(name, size=3, channels=3):
    """Return pixels that only this id has."""
    rng = np.random.default_rng(list(name.encode()))
    return rng.normal(size=(size, size, channels)).astype(np.float32)


@pytest.fixture
def pixels_of_id():
    return pixels_of


@pytest.fixture(scope="session")
def real_data():
    """Return the folder of real observations beside the checkout, or skip."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no real observations: {folder} is absent")
    return folder


CHANNELS = ["science", "template", "difference"]
NIGHT = "2026-01-05"
COMMON = {
    "telescope": "T1",
    "longitude_deg": 0.0,
    "pixel_scale_arcsec": 1.0,
    "channels": CHANNELS,
    "cutout_size_pixel": 5,
    "closed": {"marker": "closed-{night}"},
    "defaults": {"dataset": "d", "classifier": "c"},
}
HDUS = {channel: f"{channel}_path:{channel.upper()}" for channel in CHANNELS}


def open_made_survey(folder, mapping):
    from pipeline.settings import parse
    from pipeline.surveys.load import open_survey
    from pipeline.surveys.settings import SurveySettings

    return open_survey(parse(SurveySettings, COMMON | mapping, "toy.yaml"), "toy", folder)


@pytest.fixture
def database_survey(tmp_path, monkeypatch):
    """Return a function that makes a survey of FITS images and a database in a folder of its own, and opens it.

    Pixel (x, y) of exposure e is ``1000 e + 10 y + x`` in each channel, give or take its compression.
    """
    monkeypatch.setenv("NIGHTSIFT_DATA", str(tmp_path / "data"))

    def make(candidates=None, exposures=("e1", "e2"), folder=None, tables=None, **settings):
        from pipeline.io.generic_survey import write_generic_survey

        folder = folder or tmp_path / "survey"
        folder.mkdir(parents=True, exist_ok=True)
        for number, name in enumerate(exposures, start=1):
            write_images(folder / f"{name}.fits", 1000.0 * number)
        rows = pd.DataFrame(
            {
                "exposure_id": pd.Series(list(exposures), dtype="str"),
                "night": NIGHT,
                "time_mjd": 61045.9,
                "saturation": 1e6,
                "band": "r",
                **{f"{channel}_path": [f"{name}.fits" for name in exposures] for channel in CHANNELS},
            }
        )
        for column in ("telescope", "detector", "exposure_s", "zeropoint", "gain", "read_noise", "fwhm_pixel"):
            rows[column] = None
        rows["pixel_scale_arcsec"] = 1.0
        if candidates is None:
            candidates = place({"c1": ("e1", 10, 12), "c2": ("e1", 20, 8), "c3": ("e2", 15, 15)})
        empty = {name: pd.DataFrame(columns=list(columns)) for name, columns in REFERENCE_TABLES.items()}
        given = {"exposures": rows, "candidates": candidates, **empty, **(tables or {})}
        (folder / "survey.sqlite").unlink(missing_ok=True)
        write_generic_survey(folder / "survey.sqlite", given)
        given_input = {"folder": str(folder), "images": {"hdus": HDUS}, "tables": list(REFERENCE_TABLES)}
        source = settings.pop("source", "database")
        return open_made_survey(None, {"source": source, "input": given_input | settings.pop("input", {}), **settings})

    return make


REFERENCE_TABLES = {
    "eyeballs": ("candidate_id", "label", "judged_at"),
    "movers": ("mover_id", "exposure_id", "time_mjd", "ra_deg", "dec_deg", "magnitude"),
    "variables": ("variable_id", "ra_deg", "dec_deg", "variable_type"),
    "truth": ("candidate_id", "kind", "is_real", "source_id"),
}


def place(where):
    """Return candidates by id, each with its exposure and place."""
    exposure, x, y = zip(*where.values(), strict=True) if where else ((), (), ())
    frame = pd.DataFrame({"candidate_id": pd.Series(list(where), dtype="str"), "exposure_id": list(exposure)})
    frame = frame.assign(object_id="o" + frame["candidate_id"], ra_deg=np.arange(len(frame)) * 2.0, dec_deg=0.0)
    frame = frame.assign(x_pixel=list(x), y_pixel=list(y), magnitude=20.0, magnitude_error=0.1, fwhm_pixel=2.0)
    return frame.assign(snr=8.0, flux_sign=1)


def write_images(path, level):
    from astropy.io.fits import Header

    from pipeline.io.fits import write_exposure

    y, x = np.indices((40, 40))
    pixels = (level + 10 * y + x).astype(np.float32)
    path.unlink(missing_ok=True)
    write_exposure(path, {channel.upper(): (pixels, Header()) for channel in CHANNELS})


@pytest.fixture
def place_candidates():
    return place


@pytest.fixture
def alert_survey(tmp_path):
    """Return a function that makes a table of alerts with stamps in a folder of its own, and opens it."""

    def make(count=6, folder=None, stamps=None, change=None, **settings):
        import h5py

        folder = folder or tmp_path / "alerts"
        folder.mkdir(parents=True, exist_ok=True)
        table = pd.DataFrame(
            {
                "candid": 2**53 + 1 + np.arange(count),
                "object": [f"o{row // 2}" for row in range(count)],
                "ra": np.arange(count) * 2.0,
                "dec": 0.0,
                "jd": 2461046.4 + np.where(np.arange(count) < count - 1, 0.0, 1.0),
                "fid": 2.0,
                "positive": ["t", "f"] * (count // 2) + ["t"] * (count % 2),
                "verdict": np.where(np.arange(count) % 2 == 0, 1, -1),
                "by": ["spec", ""] * (count // 2) + ["spec"] * (count % 2),
                "drb": np.linspace(0, 1, count),
            }
        )
        (change or (lambda frame: frame))(table).to_parquet(folder / "alerts.parquet")
        if stamps is None:
            stamps = np.random.default_rng(1).normal(size=(count, 3, 5, 5))
        with h5py.File(folder / "cutouts.h5", "w") as file:
            file["cutouts"] = np.asarray(stamps, dtype=np.float32)
        columns = {"candidate_id": "candid", "object_id": "object", "ra_deg": "ra", "dec_deg": "dec", "time_mjd": "jd"}
        given = {
            "folder": str(folder),
            "time_format": "jd",
            "columns": columns | {"band": "fid", "flux_sign": "positive"},
            "bands": {"2": "r"},
            "labels": {"label": "verdict", "label_source": "by"},
            "kinds": {"spec": "transient"},
            "teacher": "drb",
            "references": {"drb": "drb"},
        }
        given |= settings.pop("input", {})
        return open_made_survey(None, {"source": "alert_table", "input": given, **settings})

    return make
