"""Training rows by class: repeated, left out or drawn by imbalanced-learn, while those that judge stay as they are."""

import importlib.util
import logging

import numpy as np
import pandas as pd
import pytest

from models.recipes.classifier import load
from models.training import batches
from models.training.imbalanced import DRAWN, origins
from models.training.rows import select_rows
from models.training.sampling import sampled
from models.training.train import contract_of, train
from pipeline.errors import MissingExtraError, SettingsError

FOREST = {"classifier": "table_forest", "settings": {"n_estimators": 5}, "class_weight": "none"}
COUNTS = [60, 20, 10]


@pytest.fixture
def table(toy):
    """A table of 60, 20 and 10 training rows by class, some without a label, and weights of its own."""
    made = toy.table(rows=(100, 60, 30))
    rows = made.candidates("train")
    rows["label"] = np.repeat([0, 1, 2, -1], [*COUNTS, 10]).astype(np.int8)
    rows["weight"] = np.linspace(0.5, 1.5, 100)
    return made


def resampled(table, seed=1, recipe=FOREST, **sampling):
    recipe = load({**recipe, "sampling": sampling}, "test")
    contract = contract_of(table, recipe)
    return sampled(table, contract, recipe, seed), recipe, contract


def counts(view):
    return np.bincount(view.candidates("train")["label"]).tolist()


@pytest.mark.replaces("4most", "M5")
@pytest.mark.parametrize(
    ("sampling", "wanted"),
    [
        ({"method": "random_over"}, [60, 60, 60]),
        ({"method": "random_over", "share": 0.5}, [60, 30, 30]),
        ({"method": "random_over", "rows": 25}, [60, 25, 25]),
        ({"method": "random_under"}, [10, 10, 10]),
        ({"method": "random_under", "share": 0.4}, [25, 20, 10]),
        ({"method": "random_under", "rows": 15}, [15, 15, 10]),
        ({"method": "SMOTE", "share": 0.5}, [60, 30, 30]),
        ({"method": "BorderlineSMOTE"}, [60, 60, 60]),
        ({"method": "NearMiss"}, [10, 10, 10]),
        ({"method": "ClusterCentroids", "rows": 20}, [20, 20, 10]),
    ],
)
def test_each_class_has_the_rows_that_are_asked_for(table, sampling, wanted):
    before = {part: (table.candidates(part).copy(), table.cutouts(part).copy()) for part in ("validation", "test")}
    view, *_ = resampled(table, **sampling)
    assert counts(view) == wanted
    assert view.cutouts("train").shape == (sum(wanted), 1, 1, 5)
    for part, (candidates, cutouts) in before.items():
        pd.testing.assert_frame_equal(view.candidates(part), candidates)
        np.testing.assert_array_equal(view.cutouts(part), cutouts)
        read = np.concatenate([block for _, block in view.batches(part, 7)])
        np.testing.assert_array_equal(read, cutouts)


def test_no_row_is_repeated_twice_more_than_another_of_its_class(table):
    view, *_ = resampled(table, method="random_over")
    often = view.candidates("train")["candidate_id"].value_counts()
    assert sorted(often.unique().tolist()) == [1, 3, 6]
    assert (view.fingerprint, table.fingerprint) != (table.fingerprint, view.fingerprint)
    assert resampled(table, method="random_over")[0].fingerprint == view.fingerprint
    other = resampled(table, method="random_over", share=0.5)[0].candidates("train")["candidate_id"].tolist()
    assert other == resampled(table, method="random_over", share=0.5)[0].candidates("train")["candidate_id"].tolist()
    assert other != resampled(table, 2, method="random_over", share=0.5)[0].candidates("train")["candidate_id"].tolist()


@pytest.mark.parametrize("method", ["random_over", "random_under", "SMOTE", "TomekLinks", "SMOTETomek"])
def test_rows_of_the_table_keep_features_gaps_and_weights(table, method):
    view, recipe, contract = resampled(table, method=method)
    rows = view.candidates("train")
    old = (rows["label_source"] != DRAWN).to_numpy()
    by_id = {name: place for place, name in enumerate(table.candidates("train")["candidate_id"])}
    places = [by_id[name] for name in rows["candidate_id"][old]]
    np.testing.assert_array_equal(view.cutouts("train")[old], table.cutouts("train")[places])
    learned = select_rows(view, recipe)[0]
    np.testing.assert_allclose(learned.weights[old], table.candidates("train")["weight"].to_numpy()[places], rtol=1e-6)
    assert np.concatenate([block.labels for block in batches.blocks(view, contract, learned)]).tolist() == (
        rows["label"].tolist()
    )


def test_drawn_rows_lie_between_rows_of_their_class_and_weigh_its_mean(table):
    table.cutouts("train")[..., 0] = np.where(np.arange(100) < 60, 5.0, 1000.0 + np.arange(100))[:, None, None]
    view, *_ = resampled(table, recipe={**FOREST, "channels": ["g", "r", "i"]}, method="SMOTE")
    rows, new = view.candidates("train"), view.candidates("train")["label_source"] == DRAWN
    assert new.sum() == 40 + 50
    assert set(rows["candidate_id"][new]) == {""}
    drawn, label = view.cutouts("train")[new.to_numpy(), 0, 0], rows["label"][new].to_numpy()
    for value, low, high in ((1, 1060, 1079), (2, 1080, 1089)):
        mine = drawn[label == value, 0]
        assert low - 0.01 <= mine.min() <= mine.max() <= high + 0.01
        mean = table.candidates("train")["weight"][table.candidates("train")["label"] == value].mean()
        np.testing.assert_allclose(rows["weight"][new][label == value], mean, rtol=1e-6)
    assert np.isnan(drawn[:, 3:]).all(), "what the recipe does not see is missing"
    assert not np.isnan(drawn[:, :3]).any()


def test_equal_rows_are_told_apart_by_their_order_and_drawn_ones_found():
    rows = np.array([[1.0], [2.0], [1.0]])
    made, classes = np.array([[1.0], [1.0], [1.0], [3.0], [2.0]]), np.array([0, 0, 0, 0, 1])
    assert origins(rows, np.array([0, 0, 0]), made, classes).tolist() == [0, 2, 0, -1, -1]


def test_weights_of_classes_are_of_what_comes_out(table):
    view, recipe, _ = resampled(table, recipe={**FOREST, "class_weight": "balanced"}, method="random_over")
    table.candidates("train")["weight"] = 1.0
    assert select_rows(view, recipe)[1].weights == pytest.approx(1.0)


@pytest.mark.parametrize(
    "recipe", [FOREST, {"classifier": "mlp", "epochs": 2, "settings": {"units": [4]}, "table": {}}]
)
def test_a_training_takes_the_rows_and_says_so(table, tmp_path, recipe, caplog):
    sampling = {"method": "SMOTE", "settings": {"k_neighbors": 3}}
    with caplog.at_level(logging.INFO):
        trained = train(table, load({**recipe, "threads": 1, "sampling": sampling}, "test"), 1, workdir=tmp_path)
    assert trained.counts["train"]["class"] == {"Others": 60, "BG": 60, "LRG": 60}
    assert trained.counts["validation"]["class"] == {"Others": 20, "BG": 20, "LRG": 20}
    assert "SMOTE: training rows of Others 60 to 60, BG 20 to 60, LRG 10 to 60" in caplog.text
    assert trained.recipe.stated["sampling"]["method"] == "SMOTE"
    assert "sampling" not in load(recipe, "test").stated


def test_cutouts_are_repeated_but_not_drawn(toy, dataset, tmp_path, monkeypatch):
    network = load({**toy.network, "epochs": 1, "sampling": {"method": "random_under", "rows": 20}}, "test")
    assert train(dataset, network, 1, workdir=tmp_path).counts["train"]["class"] == {"bogus": 20, "real": 20}
    drawing = load({**toy.network, "sampling": {"method": "SMOTE"}}, "test")
    with pytest.raises(SettingsError, match="'SMOTE' draws rows of a table; the data set has cutouts of 15 pixels"):
        train(dataset, drawing, 1, workdir=tmp_path)
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "imblearn" else real(name))
    with pytest.raises(MissingExtraError, match=r"SMOTE' needs imbalanced-learn.*'nightsift\[sampling\]'"):
        resampled(toy.table(rows=(9, 9, 9)), method="SMOTE")


@pytest.mark.parametrize(
    ("sampling", "said"),
    [
        ({"method": "smote"}, "method is 'smote'; allowed: random_over"),
        ({"method": "random_over", "share": 0}, "share is 0.0; allowed: above 0"),
        ({"method": "SMOTE", "rows": 9, "share": 0.5}, "allowed: one of them"),
        ({"method": "TomekLinks", "rows": 9}, "TomekLinks takes away what it finds"),
        ({"method": "random_over", "settings": {"shrinkage": 1}}, "allowed with random_over: none"),
        ({"method": "SMOTE", "settings": {"random_state": 1}}, "settings names 'random_state'"),
    ],
)
def test_what_cannot_be_is_refused(sampling, said):
    with pytest.raises(SettingsError, match=said):
        load({**FOREST, "sampling": sampling}, "mine")


@pytest.mark.parametrize(
    ("settings", "said"),
    [({"k_neighbors": 40}, "the smallest of 10: Expected n_neighbors"), ({"speed": 1}, "unexpected keyword")],
)
def test_what_imbalanced_learn_refuses_is_one_line(table, settings, said):
    with pytest.raises(SettingsError, match=f"SMOTE of imbalanced-learn refuses 90 training rows of 3 classes.*{said}"):
        resampled(table, method="SMOTE", settings=settings)


def test_a_classifier_of_cutouts_draws_no_rows():
    with pytest.raises(SettingsError, match=r"'sampling\.method' is 'SMOTE'; boosting takes cutouts: random_over"):
        load({"classifier": "boosting", "sampling": {"method": "SMOTE"}}, "mine")
