"""A range of nights: every one of them, the empty ones too."""

import pandas as pd
import pytest

from pipeline.io.results.cutout_file import open_cutouts
from pipeline.io.results.scores_file import read_scores


def scored_nights(project):
    return sorted(path.parent.name for path in project.data.glob("*/*/2*/Infer-*") if "_" not in path.parent.name)


def ask(project, start, stop, of="Infer"):
    return project.luigi("NightRange", "--of", of, "--survey", "tiny", "--start", start, "--stop", stop)


def test_both_ends_and_a_night_without_data_are_done(project):
    (project.result("MakeSyntheticSurvey") / "closed" / "2026-01-03").touch()
    finished = ask(project, "2026-01-01", "2026-01-03")
    assert finished.code == 0, finished.output
    assert scored_nights(project) == ["2026-01-01", "2026-01-02", "2026-01-03"]
    (empty,) = project.data.glob("tiny/all/2026-01-03/FetchCutouts-*.h5")
    with open_cutouts(empty) as cutouts:
        assert len(cutouts) == 0
    (scores,) = project.data.glob("tiny/r1/2026-01-03/Infer-*.parquet")
    there = read_scores(next(iter(project.data.glob("tiny/r1/2026-01-02/Infer-*.parquet"))))
    pd.testing.assert_frame_equal(read_scores(scores), there[:0])


def test_simulating_into_a_night_without_data_is_an_empty_result(project):
    (project.result("MakeSyntheticSurvey") / "closed" / "2026-01-03").touch()
    finished = project.luigi("SimulateTransients", "--survey", "tiny", "--night", "2026-01-03")
    assert finished.code == 0, finished.output
    (empty,) = project.data.glob("tiny/all/2026-01-03/SimulateTransients-*.h5")
    with open_cutouts(empty) as cutouts:
        assert len(cutouts) == 0


def test_a_night_that_is_not_closed_stops_only_itself(project):
    project.forget("FetchCutouts", "FreezeInputs")
    finished = ask(project, "2026-01-02", "2026-01-03", of="FetchCutouts")
    assert finished.code == 20
    assert len(list(project.data.glob("tiny/all/2026-01-02/FetchCutouts-*"))) == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("2026-01-05", "2026-01-01"), "the range of nights ends (2026-01-01) before it starts (2026-01-05)"),
        (("2020-01-01", "2026-01-01"), "2193 nights of Infer are too many tasks for one run; allowed: 500 nights"),
        (("2026-01-01", "soon"), "night 'soon' is not a date"),
        (("2026-01-01", "2026-01-02", "Inferr"), "unknown per-night task 'Inferr'"),
        (("2026-01-01", "2026-01-02", "PlotResults"), "unknown per-night task 'PlotResults'"),
    ],
)
def test_an_impossible_range_names_itself(project, arguments, words):
    finished = ask(project, *arguments)
    assert finished.code == 35
    assert finished.line(words)


def test_a_data_set_of_the_future_is_refused_before_anything_is_built(survey):
    survey.change("surveys", "own", closed={"after_hours": 2})
    survey.change("datasets", "own", nights=["2026-01-01..2026-01-02", "2099-01-02"])
    finished = survey.luigi("BuildDataset", "--survey", "own")
    assert finished.code == 35
    assert finished.line("datasets/own.yaml: nights: 2099-01-02 lies in the future (1 of 3 nights do)")
    assert not list(survey.data.glob("own/**/FreezeInputs-*"))


def test_a_night_of_the_future_is_told_with_the_nights_that_there_are(survey):
    survey.change("surveys", "own", closed={"after_hours": 2})
    finished = survey.luigi("FetchCutouts", "--survey", "own", "--night", "2099-01-02")
    assert finished.code == 20
    assert finished.line("it lies in the future: the survey own has")
