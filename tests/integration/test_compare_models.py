"""`CompareModels` on reports that are there."""

import json

from pipeline.io.results.content import content_sha256

TINY = ("--survey", "tiny", "--replicates", "20")


def test_a_report_beside_itself_differs_in_nothing_and_is_compared_once(project):
    report = project.result("PlotResults")
    named = ("--champion", report, "--challenger", report, "--night", "2026-01-02")
    project.make("CompareModels", *TINY, *named)
    (folder,) = project.data.glob("tiny/r1/*/CompareModels-*")
    numbers = json.loads((folder / "comparison.json").read_text())
    judged = json.loads((report / "metrics.json").read_text())["counts"]
    assert (numbers["rows"]["both"], numbers["rows"]["sha256"]) == (judged["judged"], judged["rows_sha256"])
    assert {interval["value"] for interval in numbers["differences"].values()} <= {0.0, None}
    counted = numbers["night"]["counted"]
    assert (counted["gained"], counted["lost"]) == (0, 0)
    assert counted["candidates"] == counted["both"] + counted["neither"] > 0
    assert {"index.html", "changes.csv", "strata.csv", "manifest.json"} <= {path.name for path in folder.iterdir()}
    first = content_sha256(folder)
    assert "CompareModels took" not in project.make("CompareModels", *TINY, *named).output
    assert content_sha256(folder) == first


def test_a_champion_that_is_no_report_is_one_line(project, tmp_path):
    refused = project.luigi("CompareModels", *TINY, "--champion", tmp_path)
    assert refused.code in (30, 35)
    assert refused.line("is no report: it has no metrics.json")
