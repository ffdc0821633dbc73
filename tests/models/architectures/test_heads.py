import numpy as np
import pytest

from models.architectures import heads
from models.framework import keras
from models.scoring import runtime


def with_head(name, n_classes):
    hidden = keras().Input((5,))
    return keras().Model(hidden, heads.HEADS[name](hidden, n_classes))


@pytest.mark.parametrize(
    ("name", "n_classes", "columns", "weights"),
    [("sigmoid", 2, 1, 6), ("softmax", 2, 1, 12), ("sigmoid", 4, 4, 24), ("softmax", 4, 4, 24)],
)
def test_logits_have_one_column_for_two_classes_whatever_the_head(name, n_classes, columns, weights):
    model = with_head(name, n_classes)
    assert model.output_shape == (None, columns)
    assert model.count_params() == weights


def test_the_sigmoid_of_a_softmax_heads_logit_is_the_softmax():
    model = with_head("softmax", 2)
    seen = np.random.default_rng(0).normal(size=(7, 5)).astype(np.float32)
    kernel, bias = model.get_weights()
    powers = np.exp(seen @ kernel + bias)
    score = 1.0 / (1.0 + np.exp(-model(seen).numpy()[:, 0]))
    np.testing.assert_allclose(score, powers[:, 1] / powers.sum(axis=1), rtol=1e-5)


def test_a_package_of_a_softmax_head_is_calibrated_on_its_logit(tmp_path, toy, dataset):
    settings = {"filters": [4, 4, 4], "dense": 8}
    recipe = {**toy.network, "classifier": "psat_d", "settings": settings, "posterior_samples": 0}
    written = toy.train_and_write(tmp_path, dataset, recipe)
    trained = written.trained
    assert written.platt.slope > 0
    logits = trained.fitted.logits(trained.held)
    assert logits.shape[1] == 1
    scores = runtime.load(written.package).predict(trained.held, dataset.channels)
    np.testing.assert_allclose(scores[:, 1], written.platt.apply(logits[:, 0]), atol=1e-5)
