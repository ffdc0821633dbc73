"""What of a given package makes its scores others."""

import hashlib
import json
from dataclasses import replace

import pytest
from small_packages import rewrite_manifest, write_small_package

import tasks
from pipeline.errors import IncompatiblePackageError, SettingsError
from pipeline.io import settings_files


@pytest.fixture
def small_package(tmp_path):
    return write_small_package(tmp_path / "package")


def identity(package):
    """Return what the identity of scores says of the package that made them."""
    tasks.Infer.clear_instance_cache()
    return tasks.Infer(survey="synthetic", night="2026-01-05", package=str(package)).decides()["package"]


def edit(package, **changes):
    """Change ``package.json`` as one who also makes it agree with its files and manifest."""
    file = package / "package.json"
    values = json.loads(file.read_text())
    for path, value in changes.items():
        *outer, last = path.split("__")
        inner = values
        for name in outer:
            inner = inner[name]
        inner[last] = value
    values["files"] = {name: hashlib.sha256((package / name).read_bytes()).hexdigest() for name in values["files"]}
    file.write_text(json.dumps(values))
    rewrite_manifest(package)


def test_folds_of_a_recipe_without_folds_are_refused():
    tasks.ScoreFolds.clear_instance_cache()
    with pytest.raises(SettingsError, match=r"^datasets/synthetic.yaml has no folds to join"):
        tasks.ScoreFolds(survey="synthetic").deps()
    assert len(tasks.ScoreFolds(survey="ztf_alerts", dataset="ztf_by_object").deps()) > 1


def test_a_stated_fwhm_gives_other_scores(small_package):
    tasks.Infer.clear_instance_cache()
    task = tasks.Infer(survey="synthetic", night="2026-01-05", package=str(small_package))
    before = task.decides()
    vars(task)["settings"] = replace(task.settings, fwhm_pixel=4.5)
    assert task.decides() == before | {"fwhm_pixel": 4.5}


@pytest.mark.parametrize(
    "stated", [{"cutout_size_pixel": 15}, {"magic_values": (0.0,)}, {"pixel_scale_arcsec": 0.5}, {"edges": "drop"},
               {"input": {"format": "psat_list", "options": {"hdu": 1}}}],
)  # fmt: skip
def test_files_read_in_another_way_give_other_scores(small_package, tmp_path, stated):
    (tmp_path / "a.fits").write_bytes(b"some")
    tasks.Infer.clear_instance_cache()
    task = tasks.Infer(survey="psat_stamps", files=str(tmp_path / "a.fits"), package=str(small_package))
    before = task.decides()
    vars(task)["settings"] = replace(task.settings, **stated)
    assert task.decides() != before


@pytest.mark.parametrize("graph", ["model.onnx", "posterior.onnx"])
def test_another_graph_gives_other_scores(small_package, graph):
    before = identity(small_package)
    (small_package / graph).write_bytes(b"another")
    edit(small_package)
    assert identity(small_package) != before


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("thresholds__mdr", 0.41),
        ("threshold_rule", "fixed"),
        ("classes", ["artefact", "real"]),
        ("calibration__slope", 1.5),
        ("input__channels", ["difference", "science"]),
        ("input__required_channels", []),
        ("input__size_pixel", 13),
        ("input__survey", "other"),
        ("posterior__samples", 4),
    ],
)
def test_another_value_that_decides_a_score_or_label_gives_other_scores(small_package, place, value):
    before = identity(small_package)
    edit(small_package, **{place: value})
    assert identity(small_package) != before


def test_a_copy_and_another_history_give_the_same_scores(small_package, tmp_path):
    before = identity(small_package)
    copy = small_package.rename(tmp_path / "copy")
    (copy / "history.csv").write_text("epoch,loss\n0,1.0\n")
    edit(copy)
    assert identity(copy) == before


def test_samples_give_other_scores_and_none_those_of_before(small_package):
    tasks.Infer.clear_instance_cache()
    asked = {"survey": "synthetic", "night": "2026-01-05", "package": str(small_package)}
    assert tasks.Infer(**asked, posterior_samples=5).decides() == tasks.Infer(**asked).decides() | {
        "posterior_samples": 5
    }


@pytest.mark.parametrize("task", ["Infer", "SamplePosterior"])
def test_a_package_without_dropout_asked_for_samples_is_refused_before_a_night_is_read(small_package, task):
    edit(small_package, posterior__masks=[])
    asked = getattr(tasks, task)(
        survey="synthetic", night="2026-01-05", package=str(small_package), posterior_samples=5
    )
    with pytest.raises(IncompatiblePackageError, match="no dropout to sample 5 times"):
        asked.deps()


@pytest.mark.parametrize("classifier", ["default", "boosting"])
def test_what_has_no_dropout_is_refused_before_it_is_trained(classifier):
    asked = tasks.Infer(survey="synthetic", night="2026-01-05", classifier=classifier, posterior_samples=5)
    with pytest.raises(SettingsError, match=f"--posterior-samples is 5; allowed for {classifier}, which is no network"):
        asked.deps()
    network = tasks.Infer(survey="synthetic", night="2026-01-05", classifier="braai", posterior_samples=5)
    assert len(network.deps()) > 0


def test_what_can_give_no_reasons_is_refused_before_a_night_is_read_or_anything_trained(small_package):
    asked = {"survey": "synthetic", "night": "2026-01-05", "reasons": True}
    with pytest.raises(
        IncompatiblePackageError, match="toy-0123456789ab cannot give reasons; allowed: packages of real"
    ):
        tasks.Infer(**asked, package=str(small_package)).deps()
    for classifier in ("default", "braai"):
        with pytest.raises(
            SettingsError, match=f"--reasons is set; {classifier} cannot give reasons; allowed: packages"
        ):
            tasks.Infer(**asked, classifier=classifier).deps()


@pytest.mark.parametrize(
    ("classifier", "outliers", "may"),
    [("boosting", {}, True), ("braai", {}, False), ("braai", {"reasons": True}, True)],
)
def test_a_recipe_with_outliers_may_give_reasons(classifier, outliers, may, tmp_path, monkeypatch):
    own = {**settings_files.raw("classifiers", classifier), "outliers": outliers}
    plain = settings_files.raw
    monkeypatch.setattr(settings_files, "raw", lambda kind, name: own if name == classifier else plain(kind, name))
    packaging = tasks.Infer(survey="synthetic", night="2026-01-05", classifier=classifier).packaging()
    assert packaging.may_give_reasons == may
