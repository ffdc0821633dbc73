"""Golden results: the same input gives what it gave before, or the task's ``revision`` is a new one.

The input is an alert table of whole numbers, so that digests hold on every platform; what comes out of an
optimiser is compared to a tolerance.
"""

import json
import sqlite3
from contextlib import closing

import h5py
import numpy as np
import pandas as pd
import pytest

from pipeline.io.results.content import array_digest, frame_digest
from pipeline.io.results.cutout_file import open_cutouts
from pipeline.io.results.scores_file import read_scores

SIZE, ROWS = 15, 160
NIGHTS = ("2026-02-01", "2026-02-02")
SURVEY = {
    "source": "alert_table",
    "telescope": "G1",
    "longitude_deg": 0.0,
    "pixel_scale_arcsec": 1.0,
    "channels": ["science", "template", "difference"],
    "cutout_size_pixel": SIZE,
    "closed": {"after_hours": 0},
    "input": {
        "folder": "${NIGHTSIFT_GOLDEN}",
        "layout": "channel_last",
        "columns": {
            name: name
            for name in ("candidate_id", "object_id", "ra_deg", "dec_deg", "time_mjd", "magnitude", "snr", "flux_sign")
        },
        "negative_values": ["-1"],
        "labels": {"label": "label", "label_source": "label_source"},
    },
    "labels": [{"provider": "list", "table": "labels"}],
    "defaults": {"dataset": "golden", "classifier": "tiny", "baseline": "tiny", "simulation": "golden"},
}
GOLDEN = {
    ("FreezeInputs", 2): "3971df534968e458",
    ("FetchCutouts", 3): "0a0028dd130e79a2",
    ("BuildDataset", 2): "eccfdbea2bada90e",
    ("SimulateTransients", 4): [8, 4, 242.0],  # rows, reals, spread of their pixels
    ("PlotResults", 8): [152, 62, 30, 32, 1.0],  # rows, judged rows, reals, bogus, AUC
    ("MakeSyntheticSurvey", 4): [4, 270, 18.7],  # exposures, candidates to ten, mean magnitude
}
SCORES = {
    ("TrainClassifier", 3, "CalibratePackage", 1, "Infer", 2): [0.0625, 0.9286] * 3 + [0.0625] * 2,
}


def write_alerts(folder):
    """Write reals with a round source and bogus with one bright pixel, all in whole numbers."""
    row = np.arange(ROWS)
    label = row % 2
    y, x = np.indices((SIZE, SIZE)) - SIZE // 2
    source = np.maximum(0, 60 - 9 * (x**2 + y**2))
    spike = np.where((x == 0) & (y == 0), 90, 0)
    texture = (x[None] * 7 + y[None] * 13 + row[:, None, None] * 31) % 11
    flux = (1 + row % 5)[:, None, None] * np.where(label[:, None, None] == 1, source, spike)
    template = 100 + texture
    science = template + flux + (texture * 3) % 5
    pixels = np.stack([science, template, science - template], axis=-1).astype(np.float32)
    pixels[::17, 0, :, :] = np.nan
    table = pd.DataFrame(
        {
            "candidate_id": [f"{2**53 + 1 + number}" for number in row],
            "object_id": [f"00{number // 4:03d}" for number in row],
            "ra_deg": 10.0 + (row // 4) / 64,
            "dec_deg": 5.0,
            "time_mjd": 61072.875 + (row % 4 // 2),
            "magnitude": 16.0 + row % 8 / 2,
            "snr": 10.0 + row % 16,
            "flux_sign": np.where(row % 3 == 0, -1, 1),
            "label": np.where(row % 20 == 7, -1, label),
            "label_source": "eyeball",
        }
    )
    folder.mkdir()
    table.to_parquet(folder / "alerts.parquet")
    with h5py.File(folder / "cutouts.h5", "w") as file:
        file["cutouts"] = pixels


@pytest.fixture(scope="module")
def golden(tmp_path_factory, settings_written):
    """A project whose graph was built from the alerts."""
    project = settings_written(tmp_path_factory.mktemp("golden") / "project")
    write_alerts(project.root / "alerts")
    project.write("surveys", "golden", SURVEY)
    project.write("simulations", "golden", {"stamps": {"reals_per_cutout": 0.1, "bogus_per_cutout": 0.1}})
    split = {"by": "object", "test": 0.3, "validation": 0.3, "seed": 1, "minimum_groups": 2}
    project.write("datasets", "golden", {"survey": "golden", "nights": list(NIGHTS), "max_ratio": 2, "split": split})
    alerts = {"NIGHTSIFT_GOLDEN": str(project.root / "alerts")}
    project.make("PlotResults", "--survey", "golden", "--replicates", "10", environment=alerts)
    project.make("SimulateTransients", "--survey", "golden", "--night", NIGHTS[0], environment=alerts)
    return project


def revision(name):
    import tasks

    return getattr(tasks, name).revision


def expect_golden(name, digest):
    key = (name, revision(name))
    assert GOLDEN.get(key) == digest, f"{name} gives another result: raise its revision, and enter {key}: {digest!r}"


def test_manifest(golden):
    said = json.loads(golden.results("FreezeInputs")[0].read_text())
    expect_golden("FreezeInputs", said["files"]["cutouts.h5"]["sha256"][:16])


def digest_of(path, *tables):
    with open_cutouts(path) as file:
        parts = [array_digest(file.pixels()), frame_digest(file.candidates())]
        parts += [frame_digest(file.table(name)) for name in tables]
        if path.name.startswith("BuildDataset"):
            parts.append(array_digest(file.split()[0]))
    return array_digest(np.array(parts))[:16]


def test_cutouts(golden):
    expect_golden("FetchCutouts", digest_of(golden.results("FetchCutouts")[0], "dropped"))


def test_data_set(golden):
    expect_golden("BuildDataset", digest_of(golden.result("BuildDataset"), "dropped"))


def rounded(values, digits=3):
    return [float(f"{value:.{digits}g}") for value in values]


def test_simulated_stamps(golden):
    with open_cutouts(golden.result("SimulateTransients")) as file:
        pixels, candidates = file.pixels(), file.candidates()
    expect_golden(
        "SimulateTransients", [len(pixels), int((candidates["label"] == 1).sum()), *rounded([np.nanstd(pixels)])]
    )


def test_scores(golden):
    import tasks

    scores = read_scores(golden.result("Infer")).set_index("candidate_id")["score"].sort_index()
    key = tuple(
        part
        for task in (tasks.TrainClassifier, tasks.CalibratePackage, tasks.Infer)
        for part in (task.__name__, task.revision)
    )
    expected = SCORES.get(key, [])
    found = [round(value, 4) for value in scores.iloc[:8].tolist()]
    assert found == pytest.approx(expected, abs=1e-3), f"raise a revision, and enter {key}: {found}"


def test_report(golden):
    numbers = json.loads((golden.result("PlotResults") / "metrics.json").read_text())
    counts = [numbers["counts"][name] for name in ("rows", "judged", "real", "bogus")]
    expect_golden("PlotResults", [*counts, *rounded([numbers["models"]["tiny"]["metrics"]["auc"]["value"]], 2)])


def test_synthetic_sky(finished_project):
    with closing(sqlite3.connect(finished_project.result("MakeSyntheticSurvey") / "survey.sqlite")) as database:
        counts = [
            database.execute(f"SELECT COUNT(*) FROM {name}").fetchone()[0] for name in ("exposures", "candidates")
        ]
        magnitude = database.execute("SELECT AVG(magnitude) FROM candidates").fetchone()[0]
    found = [counts[0], round(counts[1], -1), *rounded([magnitude])]
    expect_golden("MakeSyntheticSurvey", found)
