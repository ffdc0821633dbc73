import functools

import numpy as np
import pytest
import threadpoolctl

import models.architectures.table_models  # noqa: F401  (enters the classifiers)
from models.recipes.classifier import load
from models.registry import CLASSIFIERS
from models.scoring import runtime
from models.training.train import train
from pipeline.errors import SettingsError


@pytest.mark.replaces("4most", "M6")
@pytest.mark.parametrize(
    ("name", "settings"),
    [("table_boosting", {"n_estimators": 15}), ("table_svm", {}), ("table_forest", {"n_estimators": 15})],
)
def test_a_package_of_a_table_scores_raw_features_as_scikit_learn_does(toy, tmp_path, name, settings):
    table = toy.table(rows=(150, 90, 60))
    written = toy.train_and_write(tmp_path, table, {"classifier": name, "settings": settings, "calibration": "none"})
    scores = runtime.load(written.package).predict(table.cutouts("test"), table.channels)
    assert (scores.argmax(axis=1) == table.candidates("test")["label"].to_numpy()).mean() > 0.75
    logits = written.trained.fitted.logits(table.cutouts("test"))
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    np.testing.assert_allclose(scores, shares / shares.sum(axis=1, keepdims=True), atol=1e-5)
    assert not [path for path in written.package.iterdir() if path.suffix in (".pkl", ".joblib")]
    assert written.trained.history["rows"].tolist() == [150]


def test_a_package_says_that_support_vectors_learned_from_fewer_rows(toy, tmp_path, caplog):
    table = toy.table(rows=(150, 90, 6))
    with caplog.at_level("INFO"):
        written = toy.train_and_write(tmp_path, table, {"classifier": "table_svm", "settings": {"rows": 30}})
    assert written.trained.history["rows"].tolist() == [30]
    assert written.files.content["learned_rows"] == 30
    assert "It learned from 30 of the training rows, of each class its share." in (
        (written.package / "card.md").read_text()
    )
    assert "fitted table_svm on 30 of 150 rows" in caplog.text


@pytest.mark.parametrize("name", ["table_forest", "table_boosting", "table_logistic"])
def test_the_cores_of_the_recipe_bound_scikit_learn(toy, tmp_path, monkeypatch, name):
    seen = {}
    plain = CLASSIFIERS[name]

    @functools.wraps(plain)
    def watched(seed, **settings):
        estimator = plain(seed, **settings)
        fit = type(estimator).fit

        class Watched(type(estimator)):
            def fit(self, *rows, **more):
                pools = threadpoolctl.threadpool_info()
                seen["cores"], seen["n_jobs"] = {pool["num_threads"] for pool in pools}, getattr(self, "n_jobs", None)
                return fit(self, *rows, **more)

        estimator.__class__ = Watched
        return estimator

    monkeypatch.setitem(CLASSIFIERS._entries, name, watched)
    recipe = {"classifier": name, "settings": {} if name == "table_logistic" else {"n_estimators": 3}, "threads": 1}
    trained = train(toy.table(rows=(60, 30, 3)), load(recipe, "test"), 1, workdir=tmp_path)
    assert seen == {"cores": {1}, "n_jobs": 1 if name == "table_forest" else None}
    assert getattr(trained.fitted.estimator, "n_jobs", None) is None
    assert trained.fitted.threads == 1


def test_cutouts_are_refused(toy, dataset, tmp_path):
    with pytest.raises(SettingsError, match="table_logistic is of features; the data set has cutouts of 15 pixels"):
        train(dataset, load({"classifier": "table_logistic"}, "test"), 1, workdir=tmp_path)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"posterior_samples": 3}, "'posterior_samples' is 3; table_forest has no dropout"),
        ({"augment": ["flip"]}, "'augment' is .*table_forest takes none"),
        ({"metadata": {"columns": ["chipsf"]}}, "'metadata' is set; table_forest takes the features of a table alone"),
        ({"module": "mine.py"}, "table_forest is no network"),
        ({"table": {"scaling": "standard"}}, "'table.scaling' is 'standard'; table_forest asks for no scale: none"),
        ({"settings": {"n_estimators": 0}}, "'settings.n_estimators' is 0; allowed: a whole number"),
        ({"classifier": "table_svm", "settings": {"cost": 0}}, "'settings.cost' is 0; allowed: a number above 0"),
    ],
)
def test_what_only_others_know_is_refused(more, message):
    with pytest.raises(SettingsError, match=message):
        load({"classifier": "table_forest", **more}, "mine")
