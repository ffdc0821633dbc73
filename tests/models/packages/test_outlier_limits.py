import dataclasses
import json
import shutil

import numpy as np
import pytest
from small_packages import rewrite_manifest
from stacks import FIXED, written

import models.inputs.metadata
from models.packages.outlier_limits import fit_outliers
from models.packages.package import write_package
from models.packages.quantised import write_calibrated
from models.recipes.classifier import load
from models.recipes.outlier_recipe import OutlierRecipe
from models.scoring import runtime
from models.scoring.reasons import explaining
from pipeline.cutouts.missing import Flag
from pipeline.errors import InputError, SettingsError
from pipeline.io.files.digests import file_digest
from pipeline.io.results.commit import commit
from pipeline.scores.outliers import OutlierMeasure


@pytest.fixture(scope="module")
def flagging(tmp_path_factory, ensemble, dataset):
    """The package of the ensemble with a flag of outliers."""
    recipe = dataclasses.replace(ensemble.recipe, outliers=OutlierRecipe(false_alarms=0.05))
    folder = tmp_path_factory.mktemp("flagging") / "package"
    given = {"provenance": {}, "progress": lambda *_: None}
    commit(folder, lambda to: write_calibrated(to, ensemble.files, dataset, recipe, **given), directory=True)
    return folder


def strange(dataset, rng):
    """Cutouts of the test part; the second half are stripes, which no training row is like."""
    cutouts = dataset.cutouts("test").copy()
    cutouts[20:] = 50.0 + 400.0 * (np.arange(15) % 3 == 0)[:, None, None] + rng.normal(size=cutouts[20:].shape)
    return cutouts


def scored(folder, dataset, toy, cutouts):
    frame = toy.candidates(np.zeros(len(cutouts), int)).assign(flags=np.int32(0))
    return runtime.load(folder).scored(frame, cutouts, dataset.channels, 1)


def test_a_candidate_unlike_all_training_rows_is_flagged_and_others_are_not(flagging, dataset, toy, ensemble):
    cutouts = strange(dataset, np.random.default_rng(0))
    cutouts[0] = np.nan
    rows = scored(flagging, dataset, toy, cutouts)
    flagged = (rows["flags"] & int(Flag.UNLIKE_TRAINING)).to_numpy() > 0
    assert np.isnan(rows["unlikeness"][0])
    assert flagged[20:].all()
    assert flagged[1:20].mean() < 0.5
    assert (flagged == (rows["unlikeness"].to_numpy() > 1)).all()
    plain = scored(ensemble.package, dataset, toy, cutouts)
    np.testing.assert_allclose(rows["score"], plain["score"], atol=1e-6)
    assert "unlikeness" not in plain


def test_package_and_card_state_the_false_alarms_on_held_rows(flagging):
    stated = json.loads((flagging / "package.json").read_text())["outliers"]
    assert (stated["rows"], stated["held"]["rows"], stated["held"]["nights"]) == (160, 80, 0)
    assert "Outliers: a candidate is flagged as unlike the training rows" in (flagging / "card.md").read_text()


def test_features_are_measured_once(flagging, dataset, monkeypatch):
    measured, before = [], models.inputs.metadata.features_of
    monkeypatch.setattr(
        "models.scoring.model_inputs.features_of", lambda *given: measured.append(len(given[0])) or before(*given)
    )
    runtime.load(flagging).judged(dataset.cutouts("test"), dataset.channels, [])
    assert measured == [40]


def test_a_stack_flags_by_its_member_on_features(flagging, network, dataset, toy, tmp_path):
    folder = written(tmp_path / "stack", [network.package, flagging], FIXED, dataset)
    cutouts = strange(dataset, np.random.default_rng(1))
    of_stack, of_member = (scored(one, dataset, toy, cutouts) for one in (folder, flagging))
    np.testing.assert_allclose(of_stack["unlikeness"], of_member["unlikeness"], rtol=1e-6)
    frame = toy.candidates(np.zeros(len(cutouts), int)).assign(flags=np.int32(0))
    told, own = (
        explaining(runtime.load(one)).scored(frame.copy(), cutouts, dataset.channels, 1) for one in (folder, flagging)
    )
    alike = told["label_predicted"] == own["label_predicted"]
    assert alike.mean() >= 0.5
    assert (told["reason"] == own["reason"])[alike].all()


def test_too_few_training_rows_give_a_line_and_no_flag(ensemble, toy, tmp_path, caplog):
    few = toy.dataset(rows=(40, 80, 4))
    recipe = dataclasses.replace(ensemble.recipe, outliers=OutlierRecipe())
    found = fit_outliers(ensemble.files, few, recipe)
    assert "no flag of outliers: 40 training rows cannot tell" in caplog.text
    folder = tmp_path / "package"
    how = {"provenance": {}, "outliers": found}
    commit(folder, lambda to: write_package(to, ensemble.files, ensemble.calibrated, **how), directory=True)
    assert not runtime.load(folder).flags_outliers
    assert "no candidate is flagged as unlike the training rows, because 40" in (folder / "card.md").read_text()


def test_a_measure_that_was_exchanged_flags_nothing(flagging, tmp_path, dataset):
    folder = shutil.copytree(flagging, tmp_path / "package")
    np.save(folder / "outliers.npy", np.zeros((3, 3)))
    with pytest.raises(InputError, match=r"outliers.npy was changed"):
        runtime.load(folder)
    values = json.loads((folder / "package.json").read_text())
    values["files"]["outliers.npy"] = file_digest(folder / "outliers.npy")
    (folder / "package.json").write_text(json.dumps(values))
    rewrite_manifest(folder)
    with pytest.raises(InputError, match=r"outliers.npy: shape \(3, 3\); allowed: finite rows"):
        runtime.load(folder).judged(dataset.cutouts("test"), dataset.channels, [])


def test_shares_out_of_range_and_whole_numbers_are_refused(toy):
    with pytest.raises(SettingsError, match="'outliers' is set; distances are taken in float32, not in int8: none"):
        load({**toy.network, "posterior_samples": 0, "scoring_precision": "int8", "outliers": {}}, "mine")
    with pytest.raises(
        SettingsError, match=r"'outliers\.reasons' is set; feature_ensemble gives reasons by what it takes"
    ):
        load({**toy.features, "outliers": {"reasons": True}}, "mine")
    assert load({**toy.features, "outliers": {}}, "mine").stated["outliers"] == {"false_alarms": 0.01}  # as before
    with pytest.raises(SettingsError, match=r"'false_alarms' is 0.5; allowed: above 0, at most 0.2"):
        load({**toy.features, "outliers": {"false_alarms": 0.5}}, "mine")


@pytest.fixture(scope="module")
def flagging_network(tmp_path_factory, network, dataset):
    """The package of the network with a flag of outliers."""
    recipe = dataclasses.replace(network.recipe, outliers=OutlierRecipe(false_alarms=0.05))
    folder = tmp_path_factory.mktemp("flagging") / "network"
    given = {"provenance": {}, "progress": lambda *_: None}
    commit(folder, lambda to: write_calibrated(to, network.files, dataset, recipe, **given), directory=True)
    return folder


def test_a_network_flags_in_its_latent_layer_and_scores_as_before(flagging_network, network, dataset, toy):
    cutouts = strange(dataset, np.random.default_rng(0))
    cutouts[0] = np.nan
    rows, plain = (scored(one, dataset, toy, cutouts) for one in (flagging_network, network.package))
    np.testing.assert_allclose(rows["score"], plain["score"], atol=1e-6)
    np.testing.assert_array_equal(rows["score_std"], plain["score_std"])  # its dropout samples as well
    assert np.isnan(rows["unlikeness"][0])
    flagged = (rows["flags"] & int(Flag.UNLIKE_TRAINING)).to_numpy() > 0
    assert (flagged == (rows["unlikeness"].to_numpy() > 1)).all()
    stated = json.loads((flagging_network / "package.json").read_text())["outliers"]
    assert (stated["space"], stated["features"], stated["rows"]) == ("latent", 8, 160)
    assert "distance in the 8 numbers of the network's latent layer" in (flagging_network / "card.md").read_text()


def test_the_distance_of_a_network_is_that_of_its_latent_numbers(flagging_network, network, dataset):
    given = dataset.cutouts("test")
    keras = network.trained.fitted.model
    hidden = type(keras)(keras.inputs[0], keras.get_layer("logits").input)
    latent = {part: np.asarray(hidden(dataset.cutouts(part), training=False)) for part in ("train", "test")}
    measure = OutlierMeasure.fit(latent["train"], dataset.candidates("train")["label"])
    limit = np.quantile(measure.distances(latent["train"]), 0.95)
    package = runtime.load(flagging_network)
    found = package.unlikeness(package.prepared(given, dataset.channels))
    np.testing.assert_allclose(found, measure.distances(latent["test"]) / limit, rtol=2e-3)


def test_a_classifier_of_a_table_flags_rows_far_from_all_it_learned(toy, tmp_path):
    table = toy.table(rows=(150, 90, 60))
    made = toy.train_and_write(tmp_path, table, {"classifier": "table_forest", "settings": {"n_estimators": 5}})
    recipe = dataclasses.replace(made.recipe, outliers=OutlierRecipe())
    folder = tmp_path / "flagging"
    commit(folder, lambda to: write_calibrated(to, made.files, table, recipe, provenance={}), directory=True)
    rows = table.cutouts("test").copy()
    rows[30:, ..., 0] = 1000.0
    found = scored(folder, table, toy, rows)["unlikeness"]
    assert (found[30:] > 1).all()
    assert (found[:30] > 1).mean() < 0.2
