"""A night of stamps or packets loads what reads them and nothing that subtracts images; an empty one is light."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from pipeline.io.alerts.packet_writer import fits_bytes, write_packets, ztf_packet
from pipeline.io.tables import label_states

CHECKOUT = Path(__file__).resolve().parents[2]
FULL, EMPTY = "2026-01-05", "2026-02-01"
SURVEY = {
    "telescope": "T", "longitude_deg": -116.86, "pixel_scale_arcsec": 1.0, "cutout_size_pixel": 5,
    "channels": ["science", "template", "difference"], "closed": {"after_hours": 0},
    "defaults": {"dataset": "d", "classifier": "c"},
}  # fmt: skip
HEAVY = (
    "scipy.signal", "scipy.spatial", "scipy.stats", "scipy.optimize", "scipy.interpolate", "scipy.ndimage",
    "astropy.cosmology",
    "astropy.coordinates", "astropy.wcs", "astropy.table", "astropy.time", "sqlalchemy", "sep", "photutils", "sklearn",
    "matplotlib", "tensorflow", "onnxruntime",
)  # fmt: skip
"""What other kinds of survey need."""

FETCH = """
import sys, luigi
from tasks import FetchCutouts
task = FetchCutouts(survey="small", night=sys.argv[1])
assert luigi.build([task], local_scheduler=True)
print("loaded", *sorted(name for name in sys.argv[2:] if name in sys.modules))
"""


def packets(folder):
    """Write alert packets; return where they are."""
    stamps = [fits_bytes(image) for image in np.random.default_rng(1).normal(size=(3, 5, 5)).astype(np.float32)]
    alerts = [ztf_packet(stamps, object_id=f"o{row}", candid=row + 1, jd=2461046.9, history=0) for row in range(4)]
    write_packets(folder / "night.avro", alerts)
    return {"source": "alert_packets", "input": {"packets": str(folder), "stamp_size_pixel": 5}}


def stamps(folder):
    """Write stamps of another system; return where they are."""
    cube = np.random.default_rng(1).normal(size=(6, 5, 5, 3)).astype(np.float32)
    np.savez(folder / "cube.npz", cube=cube, labels=np.arange(6) % 2, mags=np.full(6, 18.0), candids=np.arange(6))
    given = {"format": "gmadet_cube", "folder": str(folder), "paths": ["cube.npz"], "night": FULL}
    return {"source": "stamp_set", "input": given}


@pytest.fixture(params=[packets, stamps])
def fetch(request, tmp_path):
    """Return what fetches a night in a client, with a limit that makes luigi fork or none, and returns what it says."""
    for name in ("config/surveys", "input"):
        (tmp_path / name).mkdir(parents=True)
    survey = SURVEY | request.param(tmp_path / "input")
    (tmp_path / "config/surveys/small.yaml").write_text(yaml.safe_dump(survey))

    def run(night, timeout_s):
        (tmp_path / "luigi.cfg").write_text(f"[worker]\ntimeout = {timeout_s}\n")
        given = {"DATA": "data", "CONFIG": "config"}
        places = {f"NIGHTSIFT_{name}": str(tmp_path / place) for name, place in given.items()}
        environment = os.environ | places | {"LUIGI_CONFIG_PATH": str(tmp_path / "luigi.cfg")}
        command = [sys.executable, "-c", FETCH, night, *HEAVY]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=CHECKOUT)
        assert done.returncode == 0, done.stderr
        return done.stdout, done.stderr

    return run


def pids(log):
    """The processes in which luigi ran tasks, by the task."""
    lines = [line for line in log.splitlines() if "] Worker " in line and " running " in line]
    return {line.split(" running ")[1].split("(")[0].strip(): line.split("[pid ")[1].split("]")[0] for line in lines}


def test_a_night_loads_nothing_that_other_kinds_of_survey_need(fetch):
    said, _ = fetch(FULL, timeout_s=0)
    assert said.split() == ["loaded"]


def test_an_empty_night_is_fetched_without_a_process_of_its_own(fetch):
    _, log = fetch(EMPTY, timeout_s=86400)
    ran = pids(log)
    assert set(ran) == {"FreezeInputs", "FetchCutouts"}
    assert len(set(ran.values())) == 1


def test_a_survey_without_labels_remembers_no_state_of_label_tables(fetch, tmp_path):
    fetch(EMPTY, timeout_s=0)
    assert list((tmp_path / "data").glob("small/*/*/FetchCutouts-*"))
    assert not (tmp_path / "data" / label_states.NAME).exists()


def test_a_night_with_rows_is_fetched_in_a_process_of_its_own(fetch):
    _, log = fetch(FULL, timeout_s=86400)
    ran = pids(log)
    assert ran["FreezeInputs"] != ran["FetchCutouts"]


def test_a_process_that_reads_and_scores_packets_loads_no_optimisers_and_no_astropy():
    program = """
import sys
import models.scoring.score_files, pipeline.surveys.alerts.packet_survey, pipeline.surveys.night_parts
print("loaded", *sorted({"astropy", "scipy", "onnxruntime", "tensorflow"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=CHECKOUT)
    assert done.stdout.split() == ["loaded"], done.stderr
