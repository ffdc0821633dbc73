"""A package that is given needs no recipe of a data set or classifier: whatever scores with it is planned without."""

import luigi
import pytest
import yaml
from small_packages import change_values, write_small_package

import tasks
from commands.plan import plan, walk
from pipeline.errors import IncompatiblePackageError, SettingsError
from pipeline.io.settings_files import ROOT

NIGHT = "2021-11-21"


@pytest.fixture
def given_package(tmp_path, monkeypatch):
    """A package, and a survey whose recipes nobody wrote."""
    config = tmp_path / "config"
    (config / "surveys").mkdir(parents=True)
    (config / "datasets").mkdir()
    settings = yaml.safe_load((ROOT / "config/surveys/ztf_packets.yaml").read_text())
    settings["defaults"] = {"dataset": "unwritten", "classifier": "unwritten", "baseline": "unwritten"}
    (config / "surveys/mine.yaml").write_text(yaml.safe_dump(settings))
    (config / "surveys/heir.yaml").write_text(yaml.safe_dump({"extends": "mine", "defaults": {"dataset": "theirs"}}))
    (config / "datasets/theirs.yaml").write_text(yaml.safe_dump({"survey": "mine", "nights": [NIGHT]}))
    monkeypatch.setenv("NIGHTSIFT_CONFIG", str(config))
    monkeypatch.setenv("NIGHTSIFT_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("NIGHTSIFT_ZTF_PACKETS", str(tmp_path))
    luigi.task_register.Register.clear_instance_cache()
    return write_small_package(tmp_path / "package")


def planned(task):
    """Return the families of a task and of all that it needs, each with its place looked up."""
    found = list(walk(task, set()))
    assert all(one.output().path for one in found if isinstance(one, tasks.Infer | tasks.FetchCutouts))
    return {one.task_family for one in found}


SCORING = {"NightClosed", "FreezeInputs", "FetchCutouts", "Infer"}


def test_a_night_is_planned(given_package):
    assert planned(tasks.Infer(survey="mine", night=NIGHT, package=str(given_package))) == SCORING


def test_a_night_that_is_scored_as_it_is_read_is_planned(given_package):
    assert "Infer" in planned(tasks.Infer(survey="mine", night=NIGHT, package=str(given_package), stream=True))


UNLIKE = {"channels": ["science", "weight"], "required_channels": ["science", "weight"]}


@pytest.mark.parametrize("stream", [False, True])
def test_a_night_that_the_package_cannot_score_is_refused_before_it_is_fetched(given_package, stream, capsys):
    change_values(given_package, lambda values: values["input"].update(UNLIKE))
    night = tasks.Infer(survey="mine", night=NIGHT, package=str(given_package), stream=stream)
    said = "the model needs channels science, weight; the cutouts have science, template, difference"
    with pytest.raises(IncompatiblePackageError, match=said):
        night.deps()
    assert plan(["Infer", "--survey", "mine", "--night", NIGHT, "--package", str(given_package)]) == 0
    assert said in capsys.readouterr().out


@pytest.mark.parametrize("given", ["cutouts", "dataset_file"])
def test_files_are_planned(given_package, tmp_path, given):
    (tmp_path / "rows.h5").write_bytes(b"rows")
    assert planned(tasks.Infer(survey="mine", package=str(given_package), **{given: str(tmp_path / "rows.h5")})) == {
        "Infer"
    }


def test_a_range_of_nights_hands_the_package_on(given_package):
    given = {"survey": "mine", "start": NIGHT, "stop": "2021-11-22", "package": str(given_package)}
    assert planned(tasks.NightRange(of="Infer", **given)) == {*SCORING, "NightRange"}


def test_objects_are_scored_by_the_package_of_each_survey(given_package):
    given = {"survey": "mine", "start": NIGHT, "stop": NIGHT, "also": "heir"}
    objects = tasks.ScoreObjects(**given, packages=f"{given_package},{given_package}")
    assert planned(objects) == {*SCORING, "ScoreObjects"}
    assert [task.package for name, task in objects.requires().items() if "scores" in name] == [str(given_package)] * 2
    one_of_all = tasks.ScoreObjects(**given, packages=str(given_package))
    assert {name: task.task_id for name, task in one_of_all.requires().items()} == {
        name: task.task_id for name, task in objects.requires().items()
    }


def test_another_number_of_packages_than_of_surveys_is_refused(given_package):
    given = {"survey": "mine", "start": NIGHT, "stop": NIGHT, "packages": f"{given_package},{given_package}"}
    with pytest.raises(
        SettingsError, match="--packages names 2 packages; allowed: one for all surveys, or one for each"
    ):
        tasks.ScoreObjects(**given).requires()


def test_given_scores_are_reported(given_package, tmp_path):
    (tmp_path / "scores.csv").write_text("candidate_id,score\na,0.5\n")
    report = tasks.PlotResults(survey="mine", scores=str(tmp_path / "scores.csv"), packages=str(given_package))
    assert report.output().path.parent.name == "files"
    assert list(walk(report, set())) == [report]


def test_the_plan_of_such_a_night_is_shown(given_package, capsys):
    assert plan(["Infer", "--survey", "mine", "--night", NIGHT, "--package", str(given_package)]) == 0
    assert f"{NIGHT}/Infer-package-" in capsys.readouterr().out


def test_the_rows_of_a_data_set_of_another_survey_say_what_to_write(given_package):
    with pytest.raises(SettingsError, match=r"is of survey 'mine', not 'heir': write datasets/heir\.yaml .*--package"):
        tasks.Infer(survey="heir", package=str(given_package)).requires()["rows"].folder()
