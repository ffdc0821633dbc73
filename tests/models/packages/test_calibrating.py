import dataclasses

import numpy as np
import pytest

from models.packages import calibrating
from models.recipes.classifier import load
from pipeline.errors import DataSetError, InputError
from pipeline.metrics import THRESHOLD_RULES
from pipeline.scores.calibration import fit_platt, fit_platt_prior


def recipe_of(toy, **changes):
    return load({**toy.features, **changes}, "test")


def scores_and_labels(ensemble, dataset):
    logits = ensemble.trained.fitted.logits(dataset.cutouts("validation"))[:, 0]
    return logits, dataset.candidates("validation")["label"].to_numpy()


@pytest.mark.parametrize(("method", "fit"), [("platt", fit_platt), ("platt_prior", fit_platt_prior)])
def test_the_calibration_is_that_of_the_validation_rows(method, fit, toy, ensemble, dataset):
    found = calibrating.calibrate(ensemble.files, dataset, recipe_of(toy, calibration=method))
    wanted = fit(*scores_and_labels(ensemble, dataset))
    assert (found.platt.slope, found.platt.intercept) == pytest.approx((wanted.slope, wanted.intercept), rel=1e-3)


@pytest.mark.replaces("psat-ml", "P8")
@pytest.mark.parametrize(("rule", "target"), [("mdr", 0.04), ("mdr", 0.2), ("fpr", 0.1)])
def test_another_threshold_needs_no_training(rule, target, toy, ensemble, dataset):
    recipe = recipe_of(toy, threshold_rule=rule, threshold_parameter={"target": target})
    found = calibrating.calibrate(ensemble.files, dataset, recipe)
    logits, labels = scores_and_labels(ensemble, dataset)
    scores = found.platt.apply(logits)
    assert found.thresholds[rule] == pytest.approx(THRESHOLD_RULES[rule](labels, scores, target=target), abs=1e-4)
    called = scores >= found.thresholds[rule] - 1e-6
    assert ((~called[labels == 1]).mean() if rule == "mdr" else called[labels == 0].mean()) <= target
    assert set(found.thresholds) == set(THRESHOLD_RULES)


def test_rows_of_untrusted_sources_do_not_judge(toy, ensemble, dataset):
    candidates, cutouts = dataset.parts["validation"]
    doubtful = candidates.assign(label_source=np.where(np.arange(len(candidates)) % 4 < 2, "teacher", "list"))
    changed = dataclasses.replace(dataset, parts={**dataset.parts, "validation": (doubtful, cutouts)})
    found = calibrating.calibrate(ensemble.files, changed, recipe_of(toy))
    assert set(found.logits["label_source"]) == {"list"}
    assert len(found.logits) == (doubtful["label_source"] == "list").sum()


def test_a_class_without_a_row_that_judges_is_refused(toy, ensemble, dataset):
    candidates, cutouts = dataset.parts["validation"]
    bogus = candidates.assign(label=np.int8(0))
    changed = dataclasses.replace(dataset, parts={**dataset.parts, "validation": (bogus, cutouts)})
    with pytest.raises(DataSetError, match="the validation part has no usable row of class real"):
        calibrating.calibrate(ensemble.files, changed, recipe_of(toy))


def test_another_data_set_than_that_of_the_training_is_refused(toy, ensemble, dataset):
    other = dataclasses.replace(dataset, fingerprint="1" * 64)
    with pytest.raises(InputError, match=r"was trained on data set '000000000000', not on '111111111111'"):
        calibrating.calibrate(ensemble.files, other, recipe_of(toy))
