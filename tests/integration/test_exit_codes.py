"""The exit codes that a nightly wrapper relies on, and what a user reads beside them."""

import sqlite3
from contextlib import closing

import pytest

OK, MISSING_DATA, TASK_FAILED, SCHEDULING_ERROR, UNHANDLED = 0, 20, 30, 35, 40


@pytest.fixture(params=["checkout", "elsewhere"])
def command_folder(request, project, tmp_path):
    """The folder in which a command is typed."""
    return {} if request.param == "checkout" else {"folder": tmp_path}


def test_a_finished_graph_is_success(project, command_folder):
    assert project.luigi("PlotResults", *project.report, **command_folder).code == OK


def test_a_night_that_is_not_closed_is_missing_data(project, command_folder):
    finished = project.luigi("FetchCutouts", "--survey", "tiny", "--night", "2031-01-01", **command_folder)
    assert finished.code == MISSING_DATA
    assert "no file closed/2031-01-01" in finished.line("night 2031-01-01 of tiny is not closed")
    assert not list(project.data.glob("*/*/2031-01-01/*"))


def test_a_night_that_is_not_closed_is_missing_data_before_the_survey_is_made(new_project):
    sky = new_project.settings("surveys", "tiny")["input"]
    sky["sky"] |= {"exposures_per_night": 1, "nights": 1}
    new_project.change("surveys", "tiny", input=sky)
    finished = new_project.luigi("FetchCutouts", "--survey", "tiny", "--night", "2031-01-01")
    assert finished.code == MISSING_DATA
    assert not new_project.results("FetchCutouts") + new_project.results("FreezeInputs")


def test_a_data_set_that_cannot_be_is_a_failed_task(project, command_folder):
    split = project.settings("datasets", "tiny")["split"] | {"minimum_groups": 4000}
    project.change("datasets", "tiny", split=split)
    finished = project.luigi("BuildDataset", "--survey", "tiny", **command_folder)
    assert finished.code == TASK_FAILED
    assert "at least 4000 of each are needed" in finished.line("BuildDataset: DataSetError")
    assert project.scratch() == []


def test_an_unknown_survey_is_a_scheduling_error(project, command_folder):
    finished = project.luigi("PlotResults", "--survey", "tinny", **command_folder)
    assert finished.code == SCHEDULING_ERROR
    known = ", ".join(sorted(path.stem for path in (project.config / "surveys").glob("*.yaml")))
    assert finished.line(f"unknown survey 'tinny' (did you mean 'tiny'?); known: {known}")
    assert {"synthetic", "tiny", "ztf_alerts"} <= set(known.split(", "))


def test_a_missing_parameter_is_unhandled(project, command_folder):
    finished = project.luigi("FetchCutouts", "--survey", "tiny", **command_folder)
    assert finished.code == UNHANDLED
    assert finished.line("requires the 'night' parameter to be set")


def test_a_mistyped_task_is_named_with_the_nearest(project, command_folder):
    finished = project.luigi("FetchCutout", "--survey", "tiny", **command_folder)
    assert finished.code == 1
    assert finished.output.endswith("Did you mean: FetchCutouts\n")
    assert "Traceback" not in finished.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--night", "yesterday"), "night 'yesterday' is not a date; allowed: a date such as 2026-01-05, or"),
        (("--night", "2026-02-30"), "night '2026-02-30' is not a date"),
        (("--night", "2026-01-01", "--dataset", "tyni"), "unknown dataset 'tyni'"),
        (("--night", "2026-01-01", "--dataset", "synthetic"), "is of survey 'synthetic', not 'tiny'"),
        (("--night", "2026-01-01", "--fold", "3"), "fold is 3; allowed: 0 to 0"),
        (("--night", "2026-01-01", "--classifier", "bosting"), "unknown classifier 'bosting' (did you mean"),
        (("--package", "/nowhere"), "/nowhere"),
    ],
)
def test_a_mistyped_parameter_names_itself_in_one_line(project, arguments, words):
    finished = project.luigi("Infer", "--survey", "tiny", *arguments)
    assert finished.code == SCHEDULING_ERROR
    assert finished.line(words)


def test_every_fault_of_a_settings_file_is_named_at_once(project):
    project.change("surveys", "tiny", cutout_size_pixl=21, longitude_deg="west")
    finished = project.luigi("PlotResults", "--survey", "tiny")
    assert finished.code == SCHEDULING_ERROR
    assert finished.line("unknown key 'cutout_size_pixl' (did you mean 'cut", "'longitude_deg' is 'west'")


def test_a_misspelt_key_of_a_classifier_is_told_before_anything_is_made(project):
    project.forget("TrainClassifier", "CalibratePackage", "BuildDataset", "Infer", "PlotResults")
    project.change("classifiers", "tiny", clasifier="boosting")
    finished = project.luigi("TrainClassifier", "--survey", "tiny")
    assert finished.code == SCHEDULING_ERROR
    assert finished.line("classifiers/tiny.yaml: unknown key 'clasifier' (did you mean 'classifier'?)")
    assert project.results("BuildDataset") == []


def test_a_missing_column_names_itself(project):
    file = project.result("MakeSyntheticSurvey") / "survey.sqlite"
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("ALTER TABLE candidates RENAME COLUMN x_pixel TO column_3")
    project.forget("FetchCutouts", "FreezeInputs")
    finished = project.luigi("FetchCutouts", "--survey", "tiny", "--night", "2026-01-01")
    assert finished.code == TASK_FAILED
    assert finished.line("generic/candidates", "x_pixel")


def test_real_alerts_say_what_to_point_at_them(project):
    arguments = ("--survey", "ztf_alerts", "--night", "2018-01-31")
    finished = project.luigi("FetchCutouts", *arguments, environment={"NIGHTSIFT_ZTF_ALERTS": ""})
    assert finished.code == TASK_FAILED
    assert finished.line("NIGHTSIFT_ZTF_ALERTS is not set: point it at the folder that holds alerts.parquet")


def test_a_damaged_result_is_made_anew(project):
    before = project.contents("MakeSyntheticSurvey")
    (project.result("MakeSyntheticSurvey") / "survey.sqlite").write_bytes(b"no database at all")
    assert project.luigi("MakeSyntheticSurvey", "--survey", "tiny").code == OK
    assert project.contents("MakeSyntheticSurvey") == before
