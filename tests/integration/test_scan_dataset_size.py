"""A scan of the training set's size by the command a user types: resumed after kill -9, from a file, refused."""

import json
import os
import signal
import time

import pandas as pd
import pytest

SCAN = ("ScanDatasetSize", "--survey", "tiny", "--replicates", "20", "--repeats", "3")
SIZES = ("--sizes", "0.4,0.6,0.8,1")


def folder(project):
    """Return the one finished scan."""
    (found,) = [path for path in project.data.glob("*/*/*/ScanDatasetSize-*") if path.suffix != ".scan"]
    return found


def sizes(project):
    return pd.read_csv(folder(project) / "sizes.csv", dtype={"size": str}).drop(columns="seconds")


@pytest.mark.replaces("gmadet", "O13")
def test_a_killed_scan_goes_on_after_its_last_training_and_ends_as_an_undisturbed_one(project):
    process = project.start("luigi", "--module", "tasks", *SCAN, *SIZES, "--local-scheduler")
    kept = lambda: list(project.data.rglob("*.scan/*/figures.json"))  # noqa: E731
    until = time.monotonic() + 120
    while not kept() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    finished = len(kept())
    assert 0 < finished < 12
    assert project.scratch()
    resumed = project.make(*SCAN, *SIZES)
    assert resumed.output.count("done before") == finished
    assert kept() == []
    assert project.scratch() == []
    disturbed = sizes(project)
    folder(project).rename(project.root / "disturbed")
    assert "done before" not in project.make(*SCAN, *SIZES).output
    assert sizes(project).equals(disturbed)
    assert (folder(project) / "curve.png").stat().st_size > 10_000


@pytest.mark.replaces("gmadet", "O13")
def test_all_rows_are_as_good_as_the_report_says_and_a_file_of_the_data_set_gives_the_same(project):
    project.make(*SCAN, "--sizes", "0.5,1")
    found = sizes(project)
    report = json.loads((project.result("PlotResults") / "metrics.json").read_text())
    judged = report["models"]["tiny"]["metrics"]
    first = found[(found["size"] == "1") & (found["repeat"] == 1)].iloc[0]
    for name in ("auc", "average_precision", "mdr_at_fpr_1pc", "fpr_at_mdr_5pc"):
        assert first[name] == pytest.approx(judged[name]["value"], abs=1e-6), name
    said = json.loads((folder(project) / "scan.json").read_text())
    assert said["held_fixed"]["test"]["rows"] == report["counts"]["judged"]
    assert said["held_fixed"]["test"]["groups"] == report["counts"]["judged_groups"]
    folder(project).rename(project.root / "of-the-recipe")
    project.make(*SCAN, "--sizes", "1.0,0.5", "--dataset-file", project.result("BuildDataset"))
    assert sizes(project).equals(found)


@pytest.mark.parametrize(
    ("given", "code", "words"),
    [
        ("0.5,1.5", 40, "--sizes holds '1.5'; allowed: shares above 0 up to 1"),
        ("0.0001,1", 30, "too few for each class where no group is divided; the smallest possible is"),
        ("100000", 30, "--sizes 100000 asks for more training rows than"),
    ],
)
def test_sizes_that_cannot_be_are_one_line_and_leave_nothing(project, given, code, words):
    finished = project.luigi(*SCAN, "--sizes", given)
    assert finished.code == code
    assert finished.line(words)
    assert not list(project.data.glob("*/*/*/ScanDatasetSize-*"))


def test_what_decides_the_figures_is_the_identity(here):
    import tasks

    scan = tasks.ScanDatasetSize(survey="tiny", sizes="0.5,1")
    same = tasks.ScanDatasetSize(survey="tiny", sizes="1.0, 0.50")
    assert scan is same
    others = [{"sizes": "0.4,1"}, {"repeats": 4}, {"seed": 2}, {"replicates": 10}, {"classifier": "tiny_network"}]
    given = [tasks.ScanDatasetSize(**{"survey": "tiny", "sizes": "0.5,1", **other}) for other in others]
    assert len({scan.fingerprint, *(one.fingerprint for one in given)}) == 6
