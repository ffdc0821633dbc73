import numpy as np
import pytest

from models.graphs import sessions
from models.graphs.table_graph import boosting_graph, round_down, table_graph
from models.inputs.table_recipe import TableRecipe
from models.inputs.table_scaling import TableFit
from models.recipes.classifier import load
from models.registry import CLASSIFIERS
from models.training.table_training import FittedTable, seen_features

SMALL = {
    "table_forest": {"n_estimators": 20},
    "table_boosting": {"n_estimators": 15, "min_samples_leaf": 5},
    "table_svm": {"cost": 2.0},
    "table_logistic": {},
}


def drawn(n_classes, rows=400, seed=1):
    rng = np.random.default_rng(seed)
    labels = np.arange(rows) % n_classes
    values = rng.normal(size=(rows, 4)) * [1, 10, 0.1, 5] + labels[:, None] * [1, 5, 0.1, 0]
    values[rng.random(values.shape) < 0.2] = np.nan
    values[:2, 1] = [np.inf, 2e30]
    return values.astype(np.float32)[:, None, None, :], labels


def scores(logits):
    columns = np.hstack([np.zeros_like(logits), logits]) if logits.shape[1] == 1 else logits
    shares = np.exp(columns - columns.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)


@pytest.mark.replaces("4most", "M6")
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize(
    ("name", "recipe"),
    [
        *((name, CLASSIFIERS.metadata(name)["table"]) for name in SMALL),
        *(
            (name, TableRecipe(scaling="quantile", impute="maxmean", indicator=True))
            for name in ("table_svm", "table_logistic")
        ),
        ("table_boosting", TableRecipe(scaling="none", impute="max", indicator=True)),
    ],
)
def test_scores_of_the_graph_are_those_of_scikit_learn(tmp_path, name, recipe, n_classes):
    rows, labels = drawn(n_classes)
    fit = TableFit("abcd", recipe or TableRecipe(), len(rows))
    fit.add(rows[:, 0, 0])
    scaling = None if recipe is None else fit.scaling()
    estimator = CLASSIFIERS[name](0, **SMALL[name])
    seen = seen_features(rows, scaling)
    estimator.fit(seen, labels, sample_weight=np.where(labels == 1, 2.0, 1.0).astype(np.float32))
    fitted = FittedTable(estimator=estimator, classifier=name, n_features=4, threads=1, table=scaling)
    graph = table_graph(estimator, name, scaling, 4)
    (tmp_path / "model.onnx").write_bytes(graph.SerializeToString())
    new = np.concatenate([rows, drawn(n_classes, seed=2)[0], np.full((1, 1, 1, 4), np.nan, np.float32)])
    found = sessions.run(sessions.open_session(tmp_path / "model.onnx"), new)
    wanted = fitted.logits(new)
    assert wanted.shape == (801, 1 if n_classes == 2 else n_classes)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(scores(found), scores(wanted), atol=1e-5)
    if hasattr(estimator, "predict_proba"):
        np.testing.assert_allclose(scores(found), estimator.predict_proba(seen_features(new, scaling)), atol=1e-5)
    assert (scores(found)[: len(rows)].argmax(axis=1) == labels).mean() > 1.3 / n_classes


def test_a_float32_is_up_to_a_threshold_exactly_where_it_is_up_to_its_rounded_one():
    rng = np.random.default_rng(0)
    values = rng.normal(size=1000).astype(np.float32)
    near = np.concatenate([values.astype(np.float64) + shift for shift in (-1e-12, 0.0, 1e-12)])
    wanted = np.tile(values, 3).astype(np.float64) <= near
    np.testing.assert_array_equal(np.tile(values, 3) <= round_down(near), wanted)


def test_no_more_rows_are_given_to_support_vectors_than_the_recipe_says():
    rows, labels = drawn(3, rows=900)
    machines = CLASSIFIERS["table_svm"](0, rows=90)
    chosen = machines._chosen(labels)
    assert np.bincount(labels[chosen]).tolist() == [30, 30, 30]
    seen = np.nan_to_num(np.clip(rows[:, 0, 0], -30, 30))
    assert len(machines.fit(seen, labels, np.ones(900, np.float32)).decision_function(seen)) == 900
    assert machines.learned_rows == 90


@pytest.mark.parametrize("scaling", ["standard", "quantile"])
def test_weights_of_rows_reach_the_graph(tmp_path, scaling):
    rows, labels = drawn(2)
    fit = TableFit("abcd", TableRecipe(scaling=scaling, indicator=True), len(rows))
    fit.add(rows[:, 0, 0])
    table, called = fit.scaling(), []
    for weight in (0.1, 1.0, 10.0):
        estimator = CLASSIFIERS["table_logistic"](0)
        estimator.fit(seen_features(rows, table), labels, sample_weight=np.where(labels == 1, weight, 1.0))
        graph = table_graph(estimator, "table_logistic", table, 4)
        (tmp_path / "model.onnx").write_bytes(graph.SerializeToString())
        called.append((sessions.run(sessions.open_session(tmp_path / "model.onnx"), rows) > 0).mean())
    assert called[0] + 0.1 < called[1] < called[2] - 0.1


def test_every_classifier_of_a_table_is_written():
    from models.graphs.table_graph import _WRITERS

    assert sorted(_WRITERS) == [name for name in CLASSIFIERS if CLASSIFIERS.metadata(name)["family"] == "table"]
    assert load({"classifier": "table_forest"}, "test").family == "table"


@pytest.mark.parametrize("n_classes", [2, 3])
def test_boosting_on_histograms_of_features_gives_the_logits_of_scikit_learn_at_every_threshold(tmp_path, n_classes):
    rng = np.random.default_rng(3)
    labels = np.arange(600) % n_classes
    features = (rng.normal(size=(600, 5)) + labels[:, None]).astype(np.float32)
    estimator = CLASSIFIERS["histogram_boosting"](0, n_estimators=20).fit(features, labels)
    (tmp_path / "model.onnx").write_bytes(boosting_graph(estimator, 5).SerializeToString())
    split = np.concatenate([one.nodes["num_threshold"] for some in estimator._predictors for one in some])
    asked = np.concatenate([features, np.repeat(round_down(split)[:, None], 5, axis=1)])
    found = sessions.run(sessions.open_session(tmp_path / "model.onnx"), asked)
    np.testing.assert_allclose(found, estimator.decision_function(asked).reshape(len(asked), -1), atol=1e-5)
