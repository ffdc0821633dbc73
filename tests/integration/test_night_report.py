"""`NightReport` as an operator runs it in the morning."""

import json
import shutil

from pipeline.io.results.content import content_sha256
from pipeline.io.results.scores_file import read_scores

NIGHT = ("--survey", "tiny", "--night", "2026-01-02")


def test_a_night_is_reported_from_its_scores_once_and_the_same_again(project):
    project.make("NightReport", *NIGHT)
    (folder,) = project.data.glob("tiny/r1/2026-01-02/NightReport-*")
    (there,) = project.data.glob("tiny/r1/2026-01-02/Infer-*.parquet")
    scores, numbers = read_scores(there), json.loads((folder / "night.json").read_text())
    assert numbers["counts"]["scored"] == len(scores)
    assert numbers["counts"]["called"] == (scores["label_predicted"] == 1).sum()
    assert {row["exposure_id"]: row["candidates"] for row in numbers["exposures"]} == dict(
        scores["exposure_id"].value_counts()
    )
    assert len(list((folder / "exposures").glob("*.html"))) == scores["exposure_id"].nunique()
    assert {"index.html", "manifest.json", "provenance.json"} <= {path.name for path in folder.iterdir()}
    assert [row["night"] for row in numbers["nights"]] == ["2026-01-02"]  # no night before it is scored yet
    first = content_sha256(folder)
    assert "NightReport took" not in project.make("NightReport", *NIGHT).output
    shutil.rmtree(folder)
    project.make("NightReport", *NIGHT)
    assert content_sha256(folder) == first


def test_earlier_scored_nights_are_compared_with_and_make_another_report(project):
    project.make("Infer", "--survey", "tiny", "--night", "2026-01-01")
    project.make("NightReport", *NIGHT)
    (folder,) = project.data.glob("tiny/r1/2026-01-02/NightReport-*")
    numbers = json.loads((folder / "night.json").read_text())
    assert [row["night"] for row in numbers["nights"]] == ["2026-01-01", "2026-01-02"]
    (before,) = project.data.glob("tiny/r1/2026-01-01/Infer-*.parquet")
    assert numbers["nights"][0]["candidates"] == len(read_scores(before))


def test_a_report_needs_a_night(project):
    refused = project.luigi("NightReport", "--survey", "tiny")
    assert refused.code == 35
    assert refused.line("NightReport needs --night, a date such as 2026-01-05")
