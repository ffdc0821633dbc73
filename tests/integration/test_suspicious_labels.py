"""Suspicious labels by the command a user types, and what is refused."""

import pandas as pd

from pipeline.io.results.dataset_file import open_dataset
from pipeline.io.results.scores_file import read_scores

FIND = ("FindSuspiciousLabels", "--survey", "tiny", "--row-folds", "2", "--shown", "3")


def test_one_command_scores_every_row_and_lists_what_contradicts_its_label(project):
    project.make(*FIND)
    (scores,) = project.data.glob("*/*/*/ScoreTrainingRows-*.parquet")
    (folder,) = project.data.glob("*/*/*/FindSuspiciousLabels-*")
    with open_dataset(project.result("BuildDataset")) as file:
        rows = pd.concat([file.candidates(part) for part in ("train", "validation", "test")])
    found = read_scores(scores)
    assert found["candidate_id"].tolist() == rows["candidate_id"].tolist()
    assert "injected" in set(rows["label_source"])
    assert found["score"].notna().all()
    listed = pd.read_csv(folder / "suspicious.csv", dtype={"candidate_id": str})
    assert set(listed["candidate_id"]) <= set(rows["candidate_id"])
    joined = listed.merge(found[["candidate_id", "p_1"]], on="candidate_id")
    own = joined["p_1"].where(joined["given_label"] == "real", 1 - joined["p_1"])
    pd.testing.assert_series_equal(
        own, joined["self_confidence"], check_names=False, check_dtype=False, atol=1e-6, rtol=0
    )
    assert (folder / "index.html").read_text().count("<article") == min(3, len(listed))
    assert project.scratch() == []


def test_a_survey_with_a_target_and_folds_that_cannot_be_are_one_line(project):
    finished = project.luigi("FindSuspiciousLabels", "--survey", "tiny", "--row-folds", "1")
    assert finished.line("--row-folds is '1'; allowed: a whole number, 2 to 100")
    finished = project.luigi("ScoreTrainingRows", "--survey", "tiny", "--row-folds", "3", "--by", "night")
    assert finished.line("row_folds is 3, but the rows that teach are of 2 nights")
