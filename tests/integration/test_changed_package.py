"""A package that was changed after it was written scores nothing, and one made anew is another."""

import json

import pytest
from small_packages import change_values

from pipeline.errors import InputError, MissingInputError
from pipeline.io.results.scores_file import read_scores

TASK_FAILED, SCHEDULING_ERROR = 30, 35
TINY = ("--survey", "tiny")


@pytest.fixture
def given(project, tmp_path):
    """The package and a night's cutouts of a finished project, as files that a user names."""
    project.result("CalibratePackage").rename(tmp_path / "package")
    project.results("FetchCutouts")[1].rename(tmp_path / "night.h5")
    return tmp_path


def infer(folder):
    """Return the task that scores the named files, made anew."""
    import tasks

    task = tasks.Infer(survey="tiny", cutouts=str(folder / "night.h5"), package=str(folder / "package"))
    tasks.Infer.clear_instance_cache()
    return task


def set_threshold(package, value):
    """Change the threshold in use, and the manifest with it."""
    change_values(package, lambda values: values["thresholds"].update({values["threshold_rule"]: value}))


def flip(file):
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def test_a_flipped_bit_in_any_file_of_a_given_package_is_named(here, given):
    assert not infer(given).complete()
    names = sorted(path.name for path in (given / "package").iterdir())
    assert {"model.onnx", "package.json", "manifest.json"} < set(names)
    for name in names:
        whole = (given / "package" / name).read_bytes()
        flip(given / "package" / name)
        with pytest.raises(InputError, match=name.replace(".", r"\.")):
            infer(given).complete()
        (given / "package" / name).write_bytes(whole)
    (given / "package" / "manifest.json").unlink()
    with pytest.raises(MissingInputError, match=r"package has no manifest\.json"):
        infer(given).complete()


def test_another_threshold_in_a_package_gives_scores_of_another_name(here, given):
    before = infer(given).output().path
    set_threshold(given / "package", 0.999)
    assert infer(given).output().path != before


def test_infer_refuses_an_edited_threshold_and_one_out_of_range(project, given):
    arguments = (*TINY, "--cutouts", "night.h5", "--package", "package")
    file = given / "package" / "package.json"
    whole = file.read_text()
    values = json.loads(whole)
    values["thresholds"][values["threshold_rule"]] = 0.123
    file.write_text(json.dumps(values))
    finished = project.luigi("Infer", *arguments, folder=given)
    assert finished.code == SCHEDULING_ERROR
    assert finished.line("package/package.json was changed after it was written")
    change_values(given / "package", lambda values: values["thresholds"].update(fixed=2.0))
    finished = project.luigi("Infer", *arguments, folder=given)
    assert finished.code == SCHEDULING_ERROR
    assert finished.line("package/package.json: thresholds.fixed is 2.0; allowed: 0 to 1")
    assert not list(project.data.glob("tiny/r1/files/Infer-*"))


SMALLER = ({"size_pixel": 64, "size_pixel_min": 64}, "takes cutouts of 64 pixels a side or more; given")
OTHER = (
    {"channels": ["science", "weight"], "required_channels": ["science", "weight"]},
    "model needs channels science, weight",
)


@pytest.mark.parametrize(
    ("arguments", "contract", "said"),
    [(("--cutouts", "night.h5"), *SMALLER), (("--night", "2026-01-02", "--stream"), *OTHER), ((), *OTHER)],
    ids=["cutouts", "stream", "data set"],
)
def test_cutouts_that_a_package_cannot_score_end_in_one_line_and_no_score(project, given, arguments, contract, said):
    change_values(given / "package", lambda values: values["input"].update(contract))
    finished = project.luigi("Infer", *TINY, *arguments, "--package", "package", folder=given)
    assert finished.code != 0
    assert finished.line(said)
    assert not list(project.data.glob("tiny/r1/*/Infer-package-*"))


def test_thresholds_changed_with_the_manifest_label_otherwise_under_another_name(project, given):
    arguments = (*TINY, "--cutouts", "night.h5", "--package", "package")
    called = []
    for threshold in (0.0, 1.0):
        set_threshold(given / "package", threshold)
        project.make("Infer", *arguments, folder=given)
    for path in project.data.glob("tiny/r1/files/Infer-package-*.parquet"):
        called.append(int((read_scores(path)["label_predicted"] == 1).sum()))
    assert len(called) == 2
    assert min(called) < max(called)


def test_a_package_of_another_survey_scores_with_a_warning_that_the_report_shows(project, given):
    other = {"survey": "other", "pixel_scale_arcsec": 0.25}
    change_values(given / "package", lambda values: values["input"].update(other))
    words = "a model trained on survey other with pixels of 0.25 arcsec scores survey tiny with pixels of 1 arcsec"
    scored = project.make("Infer", *TINY, "--cutouts", "night.h5", "--package", "package", folder=given)
    assert scored.line("WARNING", words)
    (scores,) = project.data.glob("tiny/r1/files/Infer-package-*.parquet")
    project.make("PlotResults", *TINY, "--scores", scores, "--rows", "night.h5", "--replicates", "5", folder=given)
    (page,) = project.data.glob("tiny/r1/files/PlotResults-*/index.html")
    assert words in page.read_text()


def test_a_package_of_the_project_is_checked_by_scores_and_report(project):
    flip(project.result("CalibratePackage") / "history.csv")
    project.forget("PlotResults")
    finished = project.luigi("PlotResults", *project.report)
    assert finished.code == TASK_FAILED
    assert finished.line("history.csv was changed after it was written")
    project.forget("Infer")
    finished = project.luigi("Infer", *TINY)
    assert finished.code == TASK_FAILED
    assert finished.line("history.csv was changed after it was written")
