import numpy as np
import pytest

from models.architectures import feature_models
from pipeline.errors import SettingsError

SMALL = {"n_estimators": 20}


@pytest.fixture(scope="module")
def labelled_features():
    rng = np.random.default_rng(3)
    features = rng.normal(0, 3, (300, 12)).astype(np.float32)
    features[:, 3] *= 1e4
    labels = (features[:, 0] + features[:, 1] * (features[:, 2] > 0) + rng.normal(0, 1, 300) > 0).astype(int)
    return features, labels


@pytest.mark.parametrize("build", [feature_models.build_boosting, feature_models.build_feature_ensemble])
def test_onnx_gives_the_same_probabilities(build, labelled_features):
    import onnxruntime
    import skl2onnx
    from skl2onnx.common.data_types import FloatTensorType

    features, labels = labelled_features
    weights = np.where(labels == 1, 1.0, 4.0)
    estimator = build(5, **SMALL).fit(features, labels, sample_weight=weights)
    graph = skl2onnx.to_onnx(
        estimator,
        initial_types=[("features", FloatTensorType([None, features.shape[1]]))],
        options={id(estimator): {"zipmap": False}},
    )
    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    other = np.random.default_rng(4).normal(0, 4, (500, 12)).astype(np.float32)
    found = session.run(None, {"features": other})[1]
    assert found.shape == (500, 2)
    np.testing.assert_allclose(found, estimator.predict_proba(other), atol=1e-5)


@pytest.mark.parametrize("build", [feature_models.build_boosting, feature_models.build_feature_ensemble])
def test_same_seed_gives_same_scores_and_another_seed_others(build, labelled_features):
    features, labels = labelled_features
    first, again, other = (build(seed, **SMALL).fit(features, labels).predict_proba(features) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-3


@pytest.mark.parametrize("build", [feature_models.build_boosting, feature_models.build_feature_ensemble])
def test_sample_weights_move_the_scores(build, labelled_features):
    features, labels = labelled_features
    heavy = np.where(labels == 1, 20.0, 1.0)
    plain = build(1, **SMALL).fit(features, labels).predict_proba(features)[:, 1]
    moved = build(1, **SMALL).fit(features, labels, sample_weight=heavy).predict_proba(features)[:, 1]
    assert moved.mean() > plain.mean() + 0.02


@pytest.mark.parametrize("build", [feature_models.build_boosting, feature_models.build_feature_ensemble])
def test_unknown_setting_is_refused_by_name(build):
    with pytest.raises(SettingsError, match="n_tree"):
        build(1, n_tree=3)
