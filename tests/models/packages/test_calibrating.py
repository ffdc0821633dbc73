import dataclasses

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.metrics import f1_score, log_loss

from models.packages import calibrating
from models.packages.calibration_choice import CHOICE, with_method
from models.packages.merits import CLASS_MERITS, OF_EACH_PACKAGE, merits
from models.packages.package import write_package
from models.recipes.classifier import load
from models.scoring.runtime import load as load_package
from pipeline.errors import DataSetError, InputError
from pipeline.io.results.commit import commit
from pipeline.io.results.parquet_table import read_table
from pipeline.metrics import THRESHOLD_RULES
from pipeline.scores.calibration import IDENTITY, fit_platt, fit_platt_prior
from pipeline.scores.class_calibration import fit_calibration, fit_vector_scaling


def recipe_of(toy, **changes):
    return load({**toy.features, **changes}, "test")


def scores_and_labels(ensemble, dataset):
    logits = ensemble.trained.fitted.logits(dataset.cutouts("validation"))[:, 0]
    return logits, dataset.candidates("validation")["label"].to_numpy()


@pytest.mark.parametrize(("method", "fit"), [("platt", fit_platt), ("platt_prior", fit_platt_prior)])
def test_the_calibration_is_that_of_the_validation_rows(method, fit, toy, ensemble, dataset):
    found = calibrating.calibrate(ensemble.files, dataset, recipe_of(toy, calibration=method))
    wanted = fit(*scores_and_labels(ensemble, dataset))
    assert (found.calibration.slope, found.calibration.intercept) == pytest.approx(
        (wanted.slope, wanted.intercept), rel=1e-3
    )


@pytest.mark.replaces("psat-ml", "P8")
@pytest.mark.parametrize(("rule", "target"), [("mdr", 0.04), ("mdr", 0.2), ("fpr", 0.1)])
def test_another_threshold_needs_no_training(rule, target, toy, ensemble, dataset):
    recipe = recipe_of(toy, threshold_rule=rule, threshold_parameter={"target": target})
    found = calibrating.calibrate(ensemble.files, dataset, recipe)
    logits, labels = scores_and_labels(ensemble, dataset)
    scores = found.calibration.apply(logits)
    assert found.thresholds[rule] == pytest.approx(THRESHOLD_RULES[rule](labels, scores, target=target), abs=1e-4)
    called = scores >= found.thresholds[rule] - 1e-6
    assert ((~called[labels == 1]).mean() if rule == "mdr" else called[labels == 0].mean()) <= target
    assert set(found.thresholds) == set(OF_EACH_PACKAGE)


def test_a_threshold_keeps_its_promise_on_scores_that_float32_cannot_tell_apart(toy):
    """Logits above 17 give a score of 1: no threshold lets some of these pass and others not."""
    logits = np.r_[np.linspace(18.0, 30.0, 10), np.linspace(-9.0, 9.0, 190), np.linspace(25.0, 36.0, 200)]
    labels = np.repeat([0, 1], 200)
    recipe = recipe_of(toy, calibration="none", threshold_rule="fpr", threshold_parameter={"target": 0.02})
    threshold = merits(recipe, logits[:, None], labels, IDENTITY).thresholds["fpr"]
    called = IDENTITY.apply(logits).astype(np.float32) >= threshold
    assert called[labels == 0].mean() <= 0.02


def test_scores_and_their_metrics_are_at_the_surveys_base_rate(toy, ensemble, dataset, tmp_path):
    recipe = recipe_of(toy, calibrated_to="base_rate")
    found = calibrating.calibrate(ensemble.files, dataset, recipe, survey={"base_rate": 0.02})
    plain = calibrating.calibrate(ensemble.files, dataset, recipe_of(toy))
    logits, labels = plain.logits["logit"].to_numpy(), plain.logits["label"].to_numpy()
    moved = plain.calibration.at_prevalence(labels.mean(), 0.02)
    assert found.calibration == moved
    assert (found.prevalence, found.fitted_prevalence) == (0.02, plain.prevalence)
    weights = np.where(labels == 1, 0.02 / labels.mean(), 0.98 / (1 - labels.mean()))
    wanted = np.average((moved.apply(logits) - labels) ** 2, weights=weights)
    assert found.metrics["brier"] == pytest.approx(wanted, rel=1e-9)
    commit(tmp_path / "package", lambda path: write_package(path, ensemble.files, found, provenance={}), directory=True)
    package = load_package(tmp_path / "package")
    stated = package.content["calibration"]
    assert (stated["prevalence"], stated["fitted_prevalence"]) == (0.02, plain.prevalence)
    assert package.prevalence == 0.02
    assert "base rate, a share of reals of 0.02, to which" in (tmp_path / "package" / "card.md").read_text()
    cutouts = dataset.cutouts("validation")
    np.testing.assert_allclose(package.predict(cutouts, dataset.channels)[:, 1], moved.apply(logits), atol=1e-5)


@pytest.mark.replaces("gmadet", "O10")
def test_the_best_threshold_by_each_rule_is_in_the_package(toy, ensemble, dataset, tmp_path):
    recipe = recipe_of(toy, threshold_rule="budget", threshold_parameter={"looks": 5})
    survey = {"base_rate": 0.1, "candidates_per_night": 100.0}
    found = calibrating.calibrate(ensemble.files, dataset, recipe, survey=survey)
    commit(tmp_path / "package", lambda path: write_package(path, ensemble.files, found, provenance={}), directory=True)
    content = load_package(tmp_path / "package").content
    assert set(content["best_thresholds"]) == set(THRESHOLD_RULES)
    assert content["best_thresholds"]["budget"] == pytest.approx(survey | found.best_thresholds["budget"])
    assert content["best_thresholds"]["budget"]["looks"] == 5
    assert set(content["thresholds"]) == {*OF_EACH_PACKAGE, "budget"}
    scores, labels = found.calibration.apply(found.logits["logit"]), found.logits["label"]
    called = scores >= content["best_thresholds"]["f1_mcc"]["threshold"]
    assert content["best_thresholds"]["f1_mcc"]["f1"] == pytest.approx(f1_score(labels, called))
    assert "f1_mcc" in (tmp_path / "package" / "card.md").read_text()


@pytest.mark.parametrize(("nights", "by"), [(4, "night"), (1, "group")])
def test_the_package_says_what_its_calibration_does_for_other_rows(nights, by, toy, ensemble, dataset, tmp_path):
    candidates, cutouts = dataset.parts["validation"]
    rows = candidates.assign(night=[f"2026-01-0{1 + row % nights}" for row in range(len(candidates))])
    changed = dataclasses.replace(dataset, parts={**dataset.parts, "validation": (rows, cutouts)})
    found = calibrating.calibrate(ensemble.files, changed, recipe_of(toy))
    check = found.check
    assert (check["rows"], check["by"], check["blocks"]) == (len(rows), by, 4 if by == "night" else 5)
    logits, labels = found.logits["logit"].to_numpy(), found.logits["label"].to_numpy()
    assert check["before"]["brier"]["value"] == pytest.approx(np.mean((expit(logits) - labels) ** 2))
    if by == "night":
        nights = rows["night"].to_numpy()
        scores = np.empty(len(rows))
        for night in np.unique(nights):
            own = nights == night
            scores[own] = fit_platt(logits[~own], labels[~own]).apply(logits[own])
        assert check["after"]["brier"]["value"] == pytest.approx(np.mean((scores - labels) ** 2))
    assert (check["between_nights"] is None) == (by == "group")
    commit(tmp_path / "package", lambda path: write_package(path, ensemble.files, found, provenance={}), directory=True)
    assert load_package(tmp_path / "package").content["calibration_check"] == check
    card = (tmp_path / "package" / "card.md").read_text()
    assert ("| brier | " in card) and ("calibration moves by" in card) == (by == "night")


def test_by_night_the_calibration_is_the_one_that_is_best_on_nights_that_did_not_fit_it(toy):
    rng = np.random.default_rng(0)
    nights = np.repeat([f"2026-01-{day:02d}" for day in range(1, 9)], 100)
    candidates = pd.DataFrame({"night": nights, "object_id": np.arange(800).astype(str)})
    logits = rng.normal(0, 2, 800)
    recipe = recipe_of(toy, calibration="by_night")
    for chance, chosen in (
        (expit(0.5 * logits), {"temperature"}),
        (expit(6 * np.tanh(logits - 1)), {"beta", "isotonic"}),
    ):
        labels = (rng.random(800) < chance).astype(int)
        found = with_method(recipe, logits[:, None], labels, candidates)
        losses = {}
        for method in CHOICE:
            scores = np.empty(800)
            for night in np.unique(nights):
                own = nights == night
                fitted = fit_calibration(method, logits[~own, None], labels[~own])
                scores[own] = fitted.apply(logits[own])
            losses[method] = log_loss(labels, scores)
        assert found.calibration == min(losses, key=losses.get)
        assert found.calibration in chosen
    assert with_method(recipe_of(toy), logits[:, None], labels, candidates).calibration == "platt"


def test_the_package_states_the_calibration_that_was_chosen_for_it(toy, ensemble, dataset, tmp_path):
    found = calibrating.calibrate(ensemble.files, dataset, recipe_of(toy, calibration="by_night"))
    commit(tmp_path / "package", lambda path: write_package(path, ensemble.files, found, provenance={}), directory=True)
    content = load_package(tmp_path / "package").content
    assert content["recipe"]["calibration"] == "by_night"
    assert content["calibration"]["method"] in CHOICE
    with pytest.raises(InputError, match="calibration is 'by_night' for 3 classes; allowed for more than two"):
        fit_calibration("by_night", np.zeros((3, 3)), np.array([0, 1, 2]))


def test_two_validation_rows_calibrate_and_say_nothing_of_other_rows(toy, ensemble, dataset):
    candidates, cutouts = dataset.parts["validation"]
    labels = candidates["label"].to_numpy()
    two = [int(np.flatnonzero(labels == label)[0]) for label in (0, 1)]
    rows = (candidates.iloc[two].reset_index(drop=True), cutouts[two])
    changed = dataclasses.replace(dataset, parts={**dataset.parts, "validation": rows})
    for method in ("platt", "beta", "isotonic", "temperature", "platt_prior", "by_night"):
        found = calibrating.calibrate(ensemble.files, changed, recipe_of(toy, calibration=method))
        assert found.check == {}
        assert np.isfinite(found.calibration.apply([-50.0, 0.0, 50.0])).all()


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


@pytest.mark.replaces("4most", "M2")
def test_a_package_of_three_classes_holds_its_calibration_in_its_graph(of_three_classes):
    dataset, (folder, tempered) = of_three_classes
    package = load_package(folder)
    rows = read_table(folder / "logits.parquet")
    logits, labels = rows[["logit_0", "logit_1", "logit_2"]].to_numpy(np.float64), rows["label"].to_numpy()
    scaling = fit_vector_scaling(logits, labels)
    stated = package.content["calibration"]
    assert (stated["method"], stated["prevalence"]) == ("platt", None)
    np.testing.assert_allclose([stated["scale"], stated["shift"]], [scaling.scale, scaling.shift], rtol=1e-6)
    assert stated["class_shares"] == pytest.approx({"artefact": 1 / 3, "star": 1 / 3, "transient": 1 / 3})
    cutouts = dataset.cutouts("validation")
    given = package.predict(cutouts, dataset.channels)
    np.testing.assert_allclose(given, scaling.probabilities(logits), atol=1e-5)
    found = package.content["metrics"]
    assert found["log_loss"] == pytest.approx(log_loss(labels, scaling.probabilities(logits)), rel=1e-6)
    assert found["macro_f1"] == pytest.approx(f1_score(labels, given.argmax(axis=1), average="macro"))
    assert set(found) == set(CLASS_MERITS)
    card = (folder / "card.md").read_text()
    assert "shares of the classes: artefact 0.333, star 0.333, transient 0.333." in card
    assert "| macro_f1 |" in card
    one = load_package(tempered).content["calibration"]
    assert len(set(one["scale"])) == 1
    assert set(one["shift"]) == {0.0}
