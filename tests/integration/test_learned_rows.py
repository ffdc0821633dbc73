"""A report of a night leaves out what the package learned from, and says where that cannot be known."""

import json
import shutil

import pytest
from small_packages import change_values

from pipeline.io.results.dataset_file import open_dataset
from pipeline.io.results.scores_file import read_scores

TINY = ("--survey", "tiny", "--replicates", "5")


@pytest.fixture
def learned_night(project):
    """The project, the scores of a night, and how many of its rows each part of the data set has."""
    (scores,) = project.data.glob("tiny/r1/2026-01-02/Infer-*.parquet")
    with open_dataset(project.result("BuildDataset")) as dataset:
        learned = {part: set(dataset.candidates(part)["candidate_id"]) for part in ("train", "validation")}
    there = set(read_scores(scores)["candidate_id"])
    left_out = {part: len(names & there) for part, names in learned.items()}
    assert min(left_out.values()) > 0
    return project, scores, left_out


def report_of(project, *arguments, scores):
    """Return ``counts`` and the page of the report that is made anew."""
    project.forget("PlotResults")
    project.make("PlotResults", *TINY, "--scores", scores, *arguments)
    made = project.result("PlotResults")
    return json.loads((made / "metrics.json").read_text())["counts"], (made / "index.html").read_text()


def test_scores_of_a_night_leave_out_what_their_package_learned_from(learned_night):
    project, scores, left_out = learned_night
    counts, page = report_of(project, scores=scores)
    assert counts["left_out_learned"] == {scores.stem: left_out}
    assert counts["perhaps_learned"] == {}
    assert counts["rows"] == len(read_scores(scores)) - sum(left_out.values())
    assert counts["called_real_by_night"]["2026-01-02"]["candidates"] == len(read_scores(scores))
    assert f"{left_out['train']} training and {left_out['validation']} validation rows were left out" in page


def test_a_table_of_scores_knows_its_package_by_name_and_a_moved_package_is_named(learned_night, tmp_path):
    project, scores, left_out = learned_night
    read_scores(scores).to_csv(tmp_path / "night.csv", index=False)
    rows = ("--rows", project.results("FetchCutouts")[1])
    counts, _ = report_of(project, *rows, scores=tmp_path / "night.csv")
    assert counts["left_out_learned"] == {"night": left_out}
    project.result("CalibratePackage").rename(tmp_path / "package")
    counts, page = report_of(project, *rows, scores=tmp_path / "night.csv")
    assert counts["left_out_learned"] == {}
    assert counts["perhaps_learned"] == {"night": len(read_scores(scores))}
    assert "cannot be known for night" in page
    counts, _ = report_of(project, *rows, "--packages", tmp_path / "package", scores=tmp_path / "night.csv")
    assert counts["left_out_learned"] == {"night": left_out}


def test_of_a_package_of_before_nobody_knows_what_it_learned_from(learned_night):
    project, scores, _ = learned_night
    package = project.result("CalibratePackage")
    (package / "training_ids.npy").unlink()
    change_values(package, lambda values: values["files"].pop("training_ids.npy"))
    counts, page = report_of(project, scores=scores)
    assert counts["perhaps_learned"] == {scores.stem: len(read_scores(scores))}
    assert f"cannot be known for {scores.stem}" in page


def test_test_rows_of_another_data_set_that_the_package_learned_from_are_left_out(learned_night, tmp_path):
    project, _, _ = learned_night
    (scores,) = project.data.glob("tiny/r1/2026-01-01_2026-01-02/Infer-*.parquet")
    table = read_scores(scores)
    trained = table["split"] == 0
    table.assign(split=2).to_csv(tmp_path / "others.csv", index=False)
    counts, _ = report_of(project, "--rows", project.result("BuildDataset"), scores=tmp_path / "others.csv")
    assert counts["left_out_learned"]["others"]["train"] == trained.sum()
    assert counts["judged"] <= (table["split"] == 2).sum()


@pytest.mark.parametrize(
    ("package", "why"),
    [("named", "no model package in"), ("copied", "which made none of the scores; they were made by tiny-9")],
)
def test_a_package_that_is_none_or_made_none_of_the_scores_is_refused(learned_night, tmp_path, package, why):
    project, scores, _ = learned_night
    shutil.copytree(project.result("CalibratePackage"), tmp_path / "copied")
    (tmp_path / "named").mkdir()
    read_scores(scores).assign(model="tiny-9").to_csv(tmp_path / "night.csv", index=False)
    arguments = ("--rows", project.results("FetchCutouts")[1], "--packages", tmp_path / package)
    finished = project.luigi("PlotResults", *TINY, "--scores", tmp_path / "night.csv", *arguments)
    assert finished.code in (30, 35)
    assert finished.line(why)


def test_a_package_beside_the_classifier_that_made_it_agrees_with_it_on_every_judged_row(project):
    package = project.result("CalibratePackage")
    project.forget("PlotResults")
    project.make("PlotResults", *TINY, "--packages", package)
    numbers = json.loads((project.result("PlotResults") / "metrics.json").read_text())
    column = next(name for name in numbers["models"] if name in package.name and name != numbers["classifier"])
    own, beside = (numbers["models"][name] for name in (numbers["classifier"], column))
    for name in ("auc", "mdr_at_fpr_5pc", "brier", "log_loss"):  # ece is less a noise that is drawn for each model
        assert beside["metrics"][name]["value"] == own["metrics"][name]["value"], name
    assert beside["threshold"] == own["threshold"]
    assert numbers["differences"][column]["n"] == numbers["counts"]["judged"]
    assert numbers["differences"][column]["metrics"]["auc"]["value"] == 0.0
