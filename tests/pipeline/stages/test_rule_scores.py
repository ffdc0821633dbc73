import numpy as np
import pandas as pd
import pytest

from models.inputs.image_sampling import MEASURED_ROWS
from pipeline.errors import SettingsError
from pipeline.features import physical_features
from pipeline.features.cuts import FeatureCuts, cuts_of
from pipeline.plots.data import ReportData
from pipeline.report.binary.measures import measure_binary
from pipeline.report.bootstrap import Bootstrap
from pipeline.stages import rule_scores as rule_scores_module
from pipeline.stages.rule_scores import rule_scores

SIGNAL = {"feature": "difference_fit_snr", "least": 1.0}
SHARP = {"feature": "difference_sharpness", "most": 0.3, "scale": 0.1}
CUTS = {"signal": SIGNAL, "cosmic_ray": SHARP}
IDS = ["star", "faint", "hit", "unlabelled", "faint star"]


def stamps(size=21):
    rng = np.random.default_rng(3)
    yy, xx = np.mgrid[:size, :size] - size // 2
    star = np.exp(-0.5 * (xx**2 + yy**2) / 1.1**2)
    hit = (xx == 0) & (yy == 0)
    sources = [60 * star, 0 * star, 300 * hit, 60 * star, 1 * star]
    images = rng.normal(size=(len(sources), 2, size, size))
    science, template = images[:, 0] + np.stack(sources), images[:, 1]
    return np.stack([science, template, science - template], axis=-1).astype(np.float32)


@pytest.fixture
def rows(make_rows):
    return make_rows(IDS, label=[1, 0, 0, -1, 1], night=["2026-01-05"] * 5)


@pytest.fixture
def file(rows, make_cutouts, tmp_path):
    return make_cutouts(tmp_path / "rows.h5", rows, size=21, pixels=stamps())


def test_the_scores_are_those_of_the_cuts_on_the_features_of_each_row(file, rows):
    scored, outcomes = rule_scores(rows.iloc[::-1], [file], CUTS)
    found = scored.set_index("candidate_id")["score"]
    wanted = FeatureCuts.of(cuts_of(CUTS)[0]).logits(physical_features(stamps()))
    labelled = [0, 1, 2, 4]
    assert found[[IDS[row] for row in labelled]].to_numpy() == pytest.approx(wanted[labelled], abs=1e-5)
    assert np.isnan(found["unlabelled"])
    failed = outcomes.failed.set_index("candidate_id")
    assert failed.loc["star"].tolist() == [False, False]
    assert failed.loc["faint", "signal"]
    assert failed.loc["hit"].tolist() == [False, True]
    assert outcomes.ranges == {
        "signal": ("difference_fit_snr", "at least 1"),
        "cosmic_ray": ("difference_sharpness", "at most 0.3"),
    }


def test_a_row_in_two_files_counts_by_the_first(file, rows, make_rows, make_cutouts, tmp_path):
    other = make_cutouts(tmp_path / "other.h5", rows, size=21, pixels=stamps()[::-1].copy())
    once, twice = (rule_scores(rows, files, CUTS)[0]["score"] for files in ([file], [file, other]))
    assert once.equals(twice)
    assert not once.equals(rule_scores(rows, [other, file], CUTS)[0]["score"])


def test_the_psf_of_each_file_decides_its_own_sampling(file, rows, make_rows, make_cutouts, tmp_path, monkeypatch):
    more = make_rows([f"other {name}" for name in IDS], label=[1, 0, 0, -1, 1], night=["2026-01-06"] * 5)
    second = make_cutouts(tmp_path / "second.h5", more, size=21, pixels=stamps())
    seen = []
    monkeypatch.setattr(rule_scores_module, "typical_fwhm", lambda pixels, _: seen.append(len(pixels)) or 4.4)
    scored = rule_scores(pd.concat([rows, more], ignore_index=True), [file, second], CUTS)[0]["score"].to_numpy()
    wanted = FeatureCuts.of(cuts_of(CUTS)[0]).logits(physical_features(stamps(), fwhm_pixel=4.4))
    wanted[3] = np.nan
    assert scored == pytest.approx(np.tile(wanted, 2), abs=1e-5, nan_ok=True)
    assert seen == [len(IDS), len(IDS)]  # of the file, as its scores are measured, with or without a label


def test_the_psf_is_measured_in_the_rows_in_which_packages_measure_it():
    assert rule_scores_module.FIRST_ROWS == MEASURED_ROWS


@pytest.mark.parametrize(
    "unlike", [{"pixel_state": "l2"}, {"channels": ("red", "green", "blue")}, {"size": 7, "pixels": stamps(7)}]
)
def test_what_cannot_be_measured_has_no_baseline_of_rules(rows, make_cutouts, tmp_path, unlike):
    path = make_cutouts(tmp_path / "other.h5", rows, **{"size": 21, "pixels": stamps()} | unlike)
    assert rule_scores(rows, [path], CUTS) is None


def test_wrong_cuts_are_refused_before_anything_is_measured(rows):
    with pytest.raises(SettingsError, match=r"cuts\.signal: unknown feature 'signal'"):
        rule_scores(rows, [], {"signal": {"feature": "signal", "least": 1}})


def test_a_report_counts_whom_each_cut_rejects_and_whom_it_alone(file, rows):
    scored, outcomes = rule_scores(rows, [file], CUTS)
    data = ReportData(title="t", survey="toy", scores={"m": rows.assign(score=0.5), "rules": scored}, cuts=outcomes)
    cuts = measure_binary(data, Bootstrap(replicates=2, seed=0))["cuts"]
    assert cuts["rows"] == {"real": 2, "bogus": 2}
    failed = outcomes.failed.set_index("candidate_id")
    for name, found in cuts["by_cut"].items():
        assert found["rejected"]["real"] == failed.loc[["star", "faint star"], name].sum()
        assert found["rejected"]["bogus"] == failed.loc[["faint", "hit"], name].sum()
    assert cuts["by_cut"]["cosmic_ray"]["rejected_alone"]["bogus"] >= 1
    assert cuts["passed"] == {"real": 1, "bogus": 0}
