"""`FilterCandidates` as a pipeline calls it for each of its images."""

import json

import pandas as pd
import pytest

from pipeline.io.results.scores_file import read_scores

TINY = ("--survey", "tiny")
NIGHT = ("--night", "2026-01-02")


def kept(path):
    return pd.read_csv(path / "candidates.csv", dtype={"candidate_id": "str"})


@pytest.mark.replaces("gmadet", "O15")
def test_the_candidates_of_one_image_are_cut_at_the_threshold_of_the_package(project):
    (there,) = project.data.glob("tiny/r1/2026-01-02/Infer-*.parquet")
    scores = read_scores(there)
    exposure = scores["exposure_id"].iloc[0]
    project.make("FilterCandidates", *TINY, *NIGHT, "--exposure", exposure)
    (target,) = project.data.glob("tiny/r1/2026-01-02/FilterCandidates-*")
    called = scores[(scores["exposure_id"] == exposure) & (scores["label_predicted"] == 1)]
    assert set(kept(target)["candidate_id"]) == set(called["candidate_id"])
    counts = json.loads((target / "counts.json").read_text())
    assert (counts["kept"], counts["candidates"]) == (len(called), (scores["exposure_id"] == exposure).sum())
    assert {"manifest.json", "provenance.json"} <= {path.name for path in target.iterdir()}


def test_a_list_and_a_threshold_of_ones_own(project, tmp_path):
    (there,) = project.data.glob("tiny/r1/2026-01-02/Infer-*.parquet")
    scores = read_scores(there).sort_values("score")
    pd.DataFrame({"candidate_id": scores["candidate_id"].iloc[[0, -1]], "mine": [1, 2]}).to_csv(
        tmp_path / "image7.csv", index=False
    )
    limit = f"{scores['score'].median():.6f}"
    project.make("FilterCandidates", *TINY, "--scores", str(there), "--candidates", str(tmp_path / "image7.csv"),
                 "--threshold", limit)  # fmt: skip
    (target,) = project.data.glob("tiny/r1/files/FilterCandidates-image7-*")
    assert kept(target)["mine"].tolist() == [2]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "nothing says what is cut; allowed: one of --night, --cutouts, --files, --scores"),
        ((*NIGHT, "--threshold", "1.5"), "threshold is 1.5; allowed: 0 to 1"),
        ((*NIGHT, "--format", "xls"), "format is 'xls'; allowed: csv, ecsv, fits"),
        (("--scores", "a.csv"), "--scores needs --threshold, or --package, whose threshold is taken"),
    ],
)
def test_what_cannot_be_meant_is_one_line(project, arguments, message):
    refused = project.luigi("FilterCandidates", *TINY, *arguments)
    assert refused.code == 35
    assert refused.line(message)
