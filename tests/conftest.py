"""What tests of several folders make their small data with; surveys come from ``tests/fixtures``."""

import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, settings

from pipeline.io.results.cutout_file import CutoutHeader, CutoutWriter
from pipeline.io.results.schema import CANDIDATE_COLUMNS

# Threads of scikit-learn wait for each other longer than the small data of tests take one; it reads this when it loads.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# The same examples in every run, so that a test fails for what changed; NIGHTSIFT_FUZZ=1 draws new ones each time.
# How fast examples are drawn and tried depends on what else runs, and is no fault of what is tested.
settings.register_profile("repeatable", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("default" if os.environ.get("NIGHTSIFT_FUZZ") else "repeatable")

pytest_plugins = ("image_surveys", "image_pair_surveys", "packet_surveys", "stamp_surveys")


@pytest.fixture(autouse=True)
def _no_tasks_of_other_tests():
    """Forget Luigi's tasks after a test: it keeps each by its parameters, with the settings that were read then."""
    yield
    if register := sys.modules.get("luigi.task_register"):
        register.Register.clear_instance_cache()


@pytest.fixture
def data_folder(tmp_path, monkeypatch):
    """Return an empty folder that all results of a test go to."""
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("NIGHTSIFT_DATA", str(folder))
    return folder


@pytest.fixture(scope="session")
def make_rows():
    """Return a function that makes candidate rows of given columns, the others blank."""

    def make(candidate_ids, **columns):
        ids = [str(name) for name in candidate_ids]
        frame = pd.DataFrame({"candidate_id": pd.Series(ids, dtype="str")})
        for name, kind in CANDIDATE_COLUMNS.items():
            if name != "candidate_id":
                blank = "" if kind == "text" else 58226.0 if name == "time_mjd" else 0
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


@pytest.fixture(scope="session")
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


@pytest.fixture(scope="session")
def pixels_of_id():
    return pixels_of


@pytest.fixture(scope="session")
def real_data():
    """Return the folder of real observations beside the checkout, or skip."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no real observations: {folder} is absent")
    return folder
