"""What makes a report another one."""

import re
import shutil

import pytest
import yaml
from small_packages import CONTENT, write_small_package

import tasks
from pipeline.errors import IncompatiblePackageError, SettingsError
from pipeline.io.settings_files import ROOT


def test_which_of_two_classifiers_is_judged_decides_the_report():
    pair = ("boosting", "triplet_cnn")
    first, second = (
        tasks.PlotResults(survey="synthetic", classifier=judged, baseline=other) for judged, other in (pair, pair[::-1])
    )
    assert first.fingerprint != second.fingerprint


def test_a_report_may_compare_with_no_other_classifier():
    alone = tasks.PlotResults(survey="synthetic", classifier="vgg6", baseline="none")
    assert list(alone.models) == ["vgg6"]
    assert [name for name in alone.requires() if name.startswith("scores")] == ["scores vgg6"]
    beside = tasks.PlotResults(survey="synthetic", classifier="vgg6")
    assert list(beside.models) == ["vgg6", "boosting"]


def test_the_cuts_that_a_report_compares_with_decide_it_and_no_other_result(tmp_path, monkeypatch):
    shutil.copytree(ROOT / "config", tmp_path / "config")
    monkeypatch.setenv("NIGHTSIFT_CONFIG", str(tmp_path / "config"))
    mine = {"extends": "rules", "settings": {"cuts": {"elongation": {"most": 0.5}, "residual": None}}}
    (tmp_path / "config/classifiers/mine.yaml").write_text(yaml.safe_dump(mine))
    published, changed, without = (tasks.PlotResults(survey="synthetic", rules=name) for name in ("", "mine", "none"))
    assert set(published.cuts) - set(changed.cuts) == {"residual"}
    assert changed.cuts["elongation"] == {**published.cuts["elongation"], "most": 0.5}
    assert without.cuts == {}
    assert len({report.fingerprint for report in (published, changed, without)}) == 3
    assert {str(report.requires()) for report in (published, changed, without)} == {str(published.requires())}
    assert tasks.PlotResults(survey="galaxies").cuts == tasks.PlotResults(survey="fourmost").cuts == {}


@pytest.mark.parametrize(
    ("recipe", "said"),
    [
        ({"classifier": "boosting"}, "rules 'mine' is a recipe of the classifier 'boosting'; allowed: one of 'rules'"),
        ({"extends": "rules", "settings": {"cuts": {"x": {"feature": "star", "most": 1}}}}, "unknown feature 'star'"),
    ],
)
def test_cuts_that_cannot_be_are_refused_before_anything_is_made(tmp_path, monkeypatch, recipe, said):
    shutil.copytree(ROOT / "config", tmp_path / "config")
    monkeypatch.setenv("NIGHTSIFT_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("NIGHTSIFT_DATA", str(tmp_path / "data"))
    (tmp_path / "config/classifiers/mine.yaml").write_text(yaml.safe_dump(recipe))
    with pytest.raises(SettingsError, match=re.escape(said)):
        tasks.PlotResults(survey="synthetic", rules="mine").deps()


def test_reports_of_other_classes_than_real_and_bogus_have_a_revision_of_their_own(monkeypatch):
    def prints(survey):
        return tasks.PlotResults(survey=survey).fingerprint

    before = [prints("synthetic"), prints("galaxies")]
    monkeypatch.setattr("tasks.plot_results.CLASSES_REVISION", 99)
    tasks.PlotResults.clear_instance_cache()
    assert prints("synthetic") == before[0]
    assert prints("galaxies") != before[1]


def beside(survey, *folders, **given):
    return tasks.PlotResults(survey=survey, packages=",".join(map(str, folders)), **given)


def test_packages_are_scored_on_the_rows_of_the_data_set_or_of_all_folds(tmp_path):
    package = write_small_package(tmp_path / "ImportModel-braai-0123456789ab")
    found = beside("synthetic", package, "starter").requires()
    assert [name for name in found if name.startswith("beside")] == ["beside braai", "beside starter"]
    assert found["beside braai"].package == str(package)
    own = found["scores boosting" if "scores boosting" in found else next(iter(found))]
    assert found["beside starter"].requires()["rows"] == own.requires()["rows"]
    folds = beside("ztf_alerts", package, dataset="ztf_by_night").requires()["beside braai"]
    assert folds.task_family == "ScoreFolds"
    assert folds.readable() == f"ztf_by_night-{package.name}"
    assert [one.package for one in folds.requires().values()] == [str(package)] * len(folds.requires())
    assert len({one.fold for one in folds.requires().values()}) == folds.recipe.split.folds


def test_packages_beside_decide_the_report_and_leave_others_as_they_are(tmp_path):
    package = write_small_package(tmp_path / "mine")
    without, one = tasks.PlotResults(survey="synthetic"), beside("synthetic", package)
    assert without.fingerprint != one.fingerprint
    assert "beside" not in without.decides()
    assert without.requires().keys() < one.requires().keys()


def test_packages_that_cannot_stand_beside_are_refused_before_anything_is_made(tmp_path, monkeypatch):
    monkeypatch.setenv("NIGHTSIFT_DATA", str(tmp_path / "data"))
    large = write_small_package(tmp_path / "large", input=CONTENT["input"] | {"size_pixel": 500})
    with pytest.raises(IncompatiblePackageError, match=r"--packages \S+large: the model takes cutouts of 500 pixels"):
        beside("synthetic", large).deps()
    with pytest.raises(SettingsError, match=r"--packages: galaxies has the classes .*; allowed without --scores"):
        beside("galaxies", large).deps()
    with pytest.raises(SettingsError, match="another column of the report is called 'rules'"):
        beside("synthetic", write_small_package(tmp_path / "rules")).deps()


def test_what_is_drawn_decides_a_report_and_words_at_their_defaults_do_not(tmp_path, monkeypatch):
    shutil.copytree(ROOT / "config", tmp_path / "config")
    monkeypatch.setenv("NIGHTSIFT_CONFIG", str(tmp_path / "config"))
    (tmp_path / "config/reports/mine.yaml").write_text("guides: [0.04]")
    (tmp_path / "config/reports/same.yaml").write_text("# All at their defaults.\nguides: [0.01, 0.05]")
    plain, same, mine, titled = (
        tasks.PlotResults(survey="synthetic", **given)
        for given in ({}, {"report": "same"}, {"report": "mine"}, {"title": "For the meeting"})
    )
    assert plain.fingerprint == same.fingerprint
    assert len({report.fingerprint for report in (plain, mine, titled)}) == 3
    assert mine.drawn.guides == (0.04,)
    assert titled.drawn.title == "For the meeting"


def test_a_folder_of_settings_without_reports_has_the_defaults(tmp_path, monkeypatch):
    shutil.copytree(ROOT / "config", tmp_path / "config", ignore=shutil.ignore_patterns("reports"))
    plain = tasks.PlotResults(survey="synthetic").fingerprint
    monkeypatch.setenv("NIGHTSIFT_CONFIG", str(tmp_path / "config"))
    assert tasks.PlotResults(survey="synthetic").fingerprint == plain


def test_a_figure_that_no_report_has_is_refused_before_anything_is_made(tmp_path, monkeypatch):
    shutil.copytree(ROOT / "config", tmp_path / "config")
    monkeypatch.setenv("NIGHTSIFT_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("NIGHTSIFT_DATA", str(tmp_path / "data"))
    (tmp_path / "config/reports/mine.yaml").write_text("plots: [roc, class_roc]")
    with pytest.raises(SettingsError, match=r"reports/mine.yaml: unknown plot 'class_roc'"):
        tasks.PlotResults(survey="synthetic", report="mine").deps()
