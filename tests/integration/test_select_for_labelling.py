"""Candidates to label by the command a user types, round after round."""

import pandas as pd

SELECT = ("SelectForLabelling", "--survey", "tiny", "--count", "5", "--labelled")


def lists(project):
    found = sorted(project.data.glob("*/*/*/SelectForLabelling-*.csv"))
    return [pd.read_csv(path, dtype={"candidate_id": str, "reason": str}) for path in found]


def test_each_round_proposes_others_and_a_rerun_the_same(project):
    night = ("--night", project.nights[1], "--package", "starter")
    project.make(*SELECT, *night)
    (first,) = lists(project)
    assert first["reason"].value_counts().to_dict() == {"margin": 3, "core_set": 1, "random": 1}
    project.make(*SELECT, *night, "--round", "2", "--by", "random")
    both = pd.concat(lists(project))
    assert len(both) == both["candidate_id"].nunique() == 10
    for path in project.data.glob("*/*/*/SelectForLabelling-*.csv"):
        path.unlink()
    project.make(*SELECT, *night, "--round", "2", "--by", "random")
    project.make(*SELECT, *night)
    again = pd.concat(lists(project))
    assert sorted(again["candidate_id"]) == sorted(both["candidate_id"])
    finished = project.luigi(*SELECT, "--by", "disagreement")
    assert finished.line("strategy 'disagreement' needs further packages: name them by --also")
    finished = project.luigi(*SELECT, "--by", "guess")
    assert finished.line("strategy 'guess' is not known; allowed, each once: ")
