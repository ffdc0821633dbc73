import numpy as np
import pytest

import models.architectures.table_models  # noqa: F401  (enters the classifiers)
from models.recipes.classifier import load
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
