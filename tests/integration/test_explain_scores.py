"""`ExplainScores` as a user runs it on the package of a recipe."""

import json

from pipeline.io.results.content import content_sha256
from pipeline.io.results.parquet_table import read_table

ASKED = ("--survey", "tiny", "--each", "4", "--pictured", "1", "--repeats", "2")


def test_the_scores_of_a_package_without_a_network_are_explained_by_its_features(project):
    project.make("ExplainScores", *ASKED)
    (folder,) = project.data.glob("tiny/all/*/ExplainScores-*")
    numbers = json.loads((folder / "explained.json").read_text())
    (member,) = numbers["members"]
    assert member["kind"] == "features"
    assert member["heat_maps"] == 0
    assert len(member["importance"]) == member["dimensions"]
    assert len(read_table(folder / member["file"])) == sum(numbers["rows"].values()) > 0
    assert {"index.html", "manifest.json", "provenance.json"} <= {path.name for path in folder.iterdir()}
    first = content_sha256(folder)
    assert "ExplainScores took" not in project.make("ExplainScores", *ASKED).output
    assert content_sha256(folder) == first
