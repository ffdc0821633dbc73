import dataclasses

import numpy as np
import pytest

from models.packages import calibrating
from models.packages.card import merits
from models.packages.out_of_fold_logits import out_of_fold_logits
from models.packages.quantised import write_calibrated
from models.recipes.classifier import load
from models.scoring import runtime
from pipeline.datasets.refolded import RefoldedDataSet
from pipeline.errors import InputError, SettingsError
from pipeline.io.results.commit import commit
from pipeline.recipes.learned_fold import LearnedFold
from pipeline.scores.calibration import fit_platt


def grouped(dataset):
    """The data set with a group and a night for every two rows."""
    parts = {}
    for part, (rows, cutouts) in dataset.parts.items():
        names = [f"{part}{row // 2}" for row in range(len(rows))]
        nowhere = dict.fromkeys(("x_pixel", "y_pixel", "ra_deg", "dec_deg"), np.nan)
        more = rows.assign(candidate_id=part + rows["candidate_id"], group_id=names, object_id=names, **nowhere)
        more = more.assign(exposure_id="", detector="", label_source="eye")
        parts[part] = (more.assign(night=[f"2026-01-{1 + row % 4:02d}" for row in range(len(rows))]), cutouts)
    return dataclasses.replace(dataset, parts=parts, fingerprint="3" * 64)


@pytest.fixture(scope="module")
def folded(toy, dataset, tmp_path_factory):
    """A small forest on a data set with groups, and its packages of two learned folds."""
    whole, folder = grouped(dataset), tmp_path_factory.mktemp("folds")
    views = [RefoldedDataSet(whole, LearnedFold(number=number, count=2)) for number in (1, 2)]
    made = [toy.train_and_write(folder / str(n), view, toy.features) for n, view in enumerate([whole, *views])]
    return whole, views, made[0], [one.package for one in made[1:]]


def test_every_row_has_the_raw_logit_of_the_fold_that_held_it(folded):
    whole, views, _, folders = folded
    rows = out_of_fold_logits(folders, whole).set_index("candidate_id")
    assert len(rows) == 240
    for view, folder in zip(views, folders, strict=True):
        held = view.candidates("validation")["candidate_id"]
        package = runtime.load(folder)
        line = package.content["calibration"]
        found = package.logits(view.cutouts("validation"), view.channels)[:, 0]
        np.testing.assert_allclose(line["slope"] * rows.loc[held, "logit"] + line["intercept"], found, atol=1e-4)


def test_calibration_and_thresholds_are_those_of_all_these_rows(folded, tmp_path):
    whole, _, made, folders = folded
    rows = out_of_fold_logits(folders, whole)
    recipe = dataclasses.replace(made.recipe, calibration_folds=2)
    folder = tmp_path / "package"
    commit(
        folder,
        lambda to: write_calibrated(to, made.files, whole, recipe, provenance={}, out_of_fold=rows),
        directory=True,
    )
    package = runtime.load(folder)
    wanted = fit_platt(rows["logit"], rows["label"])
    stated = package.content["calibration"]
    assert (stated["slope"], stated["intercept"]) == pytest.approx((wanted.slope, wanted.intercept))
    assert package.content["calibration_check"]["rows"] == 240
    assert package.content["validation_strata"]["whole"]["n_real"] == int((rows["label"] == 1).sum())
    raw = made.trained.fitted.logits(whole.cutouts("test"))[:, 0]
    np.testing.assert_allclose(package.logits(whole.cutouts("test"), whole.channels)[:, 0], wanted.calibrated(raw),
                               atol=1e-4)  # fmt: skip
    assert "one of 2 further trainings that did not learn from it" in merits(package.content)
    assert "further trainings" not in merits(runtime.load(made.package).content)


def test_folds_in_another_order_or_of_another_data_set_are_refused(folded):
    whole, _, made, folders = folded
    with pytest.raises(InputError, match=r"learned from data set '\w{12}', not from the fold 1/2 of '333333333333'"):
        out_of_fold_logits(folders[::-1], whole)
    assert calibrating.calibrate(made.files, whole, made.recipe).logits["held"].any()


def test_a_number_of_folds_that_cannot_be_is_refused(toy):
    with pytest.raises(SettingsError, match="'calibration_folds' is 1; allowed: 2 to 100, or 0 for none"):
        load({**toy.features, "calibration_folds": 1}, "mine")
    with pytest.raises(SettingsError, match="folds compute in float32: allowed with another precision: 0"):
        load({**toy.network, "posterior_samples": 0, "scoring_precision": "int8", "calibration_folds": 3}, "mine")
