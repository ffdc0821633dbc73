import numpy as np
import pytest
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    RandomForestClassifier,
    VotingClassifier,
)

from models.graphs.calibrated_graph import with_calibration
from models.graphs.sessions import open_session
from models.graphs.trees import FEATURES, from_sklearn, logit_of
from pipeline.scores.calibration import Platt

PLATT = Platt(0.7, -0.4)
BOOSTED = GradientBoostingClassifier(n_estimators=40, random_state=0)
FOREST = RandomForestClassifier(n_estimators=30, random_state=0)
EXTRA = ExtraTreesClassifier(n_estimators=30, random_state=0)
ESTIMATORS = {
    "boosted": BOOSTED,
    "forest": FOREST,
    "extra": EXTRA,
    "voting": VotingClassifier([("a", BOOSTED), ("b", EXTRA)], voting="soft", flatten_transform=False),
}


def draw(n_classes=2, rows=300):
    rng = np.random.default_rng(0)
    labels = np.arange(rows) % n_classes
    return (rng.normal(size=(rows, 6)) + labels[:, None]).astype(np.float32), labels


def by_onnx(folder, estimator, features):
    path = folder / "model.onnx"
    graph = with_calibration(from_sklearn(estimator, features.shape[1]), PLATT)
    path.write_bytes(graph.SerializeToString())
    return open_session(path).run(None, {FEATURES: features})[0]


@pytest.mark.parametrize("name", ESTIMATORS)
def test_calibrated_probabilities_are_those_of_scikit_learn(name, tmp_path):
    features, labels = draw()
    estimator = ESTIMATORS[name].fit(features, labels)
    wanted = PLATT.apply(logit_of(estimator.predict_proba(features)))
    given = by_onnx(tmp_path, estimator, features)
    np.testing.assert_allclose(given[:, 1], wanted, atol=2e-6)
    np.testing.assert_allclose(given[:, 0], 1.0 - wanted, atol=2e-6)


def test_more_classes_pass_uncalibrated(tmp_path):
    features, labels = draw(n_classes=3)
    estimator = FOREST.fit(features, labels)
    np.testing.assert_allclose(by_onnx(tmp_path, estimator, features), estimator.predict_proba(features), atol=1e-6)


def test_a_logit_knows_both_ends():
    logits = logit_of(np.array([[1.0, 0.0], [0.5, 0.5], [1e-5, 1.0 - 1e-5]]))
    np.testing.assert_allclose(logits, [-np.log(1e6), 0.0, np.log(1e5)], atol=1e-4)
