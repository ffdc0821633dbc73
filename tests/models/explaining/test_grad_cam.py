"""Grad-CAM against networks whose map is known, finite differences, and the same network under symmetries."""

import keras
import numpy as np
import pytest

from models.explaining.grad_cam import heat_maps, last_convolution
from models.networks.network import NetworkDesign, build, rebuilt
from pipeline.errors import SettingsError


@pytest.fixture(scope="module")
def pixels():
    return np.random.default_rng(2).normal(size=(3, 6, 6, 1)).astype(np.float32)


def test_a_map_that_is_known_is_found_for_both_classes(pixels):
    """With z = w mean(A) and A = 2 x, every alpha is w / 36, and the map max(0, w / 36 * 2 x)."""
    given = keras.Input((6, 6, 1))
    maps = keras.layers.Conv2D(1, 1, use_bias=False, name="last")(given)
    logits = keras.layers.Dense(1, use_bias=False)(keras.layers.GlobalAveragePooling2D()(maps))
    model = keras.Model(given, logits)
    model.set_weights([np.full((1, 1, 1, 1), 2.0), np.full((1, 1), 3.0)])
    found = heat_maps(model, [pixels], np.array([1, 0, 1]))
    expected = 3.0 / 36.0 * 2.0 * pixels[..., 0] * np.array([1.0, -1.0, 1.0])[:, None, None]
    np.testing.assert_allclose(found, np.maximum(expected, 0.0), atol=1e-6)


@pytest.mark.parametrize("units", [1, 3])
def test_weights_of_maps_are_slopes_of_the_logit(pixels, units):
    keras.utils.set_random_seed(4)
    given = keras.Input((6, 6, 1))
    maps = keras.layers.Conv2D(2, 3, activation="relu", name="last")(given)
    logits = keras.layers.Dense(units)(keras.layers.Flatten()(keras.layers.AveragePooling2D(2)(maps)))
    model, below = keras.Model(given, logits), keras.Model(given, maps)
    top = keras.Input((4, 4, 2))
    tail = top
    for layer in model.layers[2:]:
        tail = layer(tail)
    above = keras.Model(top, tail)
    seen, column, step = below(pixels).numpy(), units - 1, 1e-2
    slopes = np.zeros_like(seen)
    for place in np.ndindex(seen.shape[1:]):
        moved = np.zeros_like(seen)
        moved[(slice(None), *place)] = step
        apart = above(seen + moved).numpy() - above(seen - moved).numpy()
        slopes[(slice(None), *place)] = apart[:, column] / (2 * step)
    expected = np.maximum((slopes.mean(axis=(1, 2), keepdims=True) * seen).sum(axis=3), 0.0)
    found = heat_maps(model, [pixels], np.full(3, 1 if units == 1 else 2))
    assert expected.max() > 0
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_of_turned_copies_the_upright_one_is_shown(pixels):
    settings = {"filters": (4,), "dense": 4}
    plain, turning = (
        NetworkDesign(classifier="triplet_cnn", normalisation="none", settings=settings, n_classes=2, size_pixel=15,
                      n_channels=1, symmetries=symmetries)
        for symmetries in (1, 4)
    )  # fmt: skip
    large = np.random.default_rng(3).normal(size=(2, 15, 15, 1)).astype(np.float32)
    upright = build(plain, 3)
    classes = np.array([1, 0])
    expected, found = (
        heat_maps(model, [large], classes) for model in (upright, rebuilt(upright.get_weights(), turning))
    )
    assert expected.max() > 0
    np.testing.assert_allclose(4.0 * found, expected, atol=1e-5 * expected.max() + 1e-7)


def test_the_last_convolution_is_found_within_models_and_missed_where_there_is_none(pixels):
    inner = keras.Sequential(
        [keras.Input((6, 6, 1)), keras.layers.Conv2D(2, 3), keras.layers.Conv2D(2, 3, name="deep")]
    )
    model = keras.Sequential([keras.Input((6, 6, 1)), inner, keras.layers.Flatten(), keras.layers.Dense(1)])
    assert last_convolution(model).name == "deep"
    dense = keras.Sequential([keras.Input((6, 6, 1)), keras.layers.Flatten(), keras.layers.Dense(1)], name="flat")
    assert last_convolution(dense) is None
    with pytest.raises(SettingsError, match="flat has no convolution"):
        heat_maps(dense, [pixels], np.zeros(3, int))
