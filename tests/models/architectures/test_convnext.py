"""ConvNeXt: the network of keras.applications, in a form that ONNX takes."""

import numpy as np
import pytest

from models.framework import keras
from models.networks import pretrained
from models.networks.fitted_network import FittedNetwork
from models.networks.network import NetworkDesign, build, layers_with_weights
from models.recipes.fine_tuning import FineTuning
from pipeline.io.legacy.keras_weights import LayerWeights, write_keras_weights


def design(n_classes=4, **settings):
    return NetworkDesign(classifier="convnexttiny", normalisation="bytes", settings=settings, n_classes=n_classes,
                         size_pixel=32, n_channels=3)  # fmt: skip


def images(n=2):
    return np.random.default_rng(0).integers(0, 256, (n, 32, 32, 3)).astype(np.float32)


def test_a_small_one_is_the_same_in_onnx_and_takes_grouped_kernels(tmp_path):
    from models.graphs.sessions import open_session

    small = design(width=4, depths=(1, 1), head=[6, "gelu"])
    model = build(small, 0)
    FittedNetwork(model=model, design=small, threads=1).export(tmp_path)
    found = open_session(tmp_path / "model.onnx").run(None, {"cutouts": images()})[0]
    logits = np.asarray(model(images(), training=False))
    np.testing.assert_allclose(found, logits, atol=1e-5)
    held = [
        LayerWeights(name=layer.name, arrays=tuple(as_keras(layer.name, array) for array in layer.get_weights()))
        for layer in layers_with_weights(model)
    ]
    write_keras_weights(tmp_path / "notop.h5", held)
    other = build(small, 1)
    pretrained.prepare(other, FineTuning(weights=str(tmp_path / "notop.h5")))
    np.testing.assert_array_equal(np.asarray(other(images(), training=False)), logits)


def as_keras(name, array):
    """Return an array of a layer as Keras' own network holds it."""
    if name.endswith("layer_scale"):
        return array.ravel()
    return array.transpose(0, 1, 3, 2) if name.endswith("depthwise_conv") and array.ndim == 4 else array


@pytest.mark.slow
@pytest.mark.replaces("galaxy10", "Z4")
def test_it_is_that_of_keras_and_has_the_weights_of_the_published_one(tmp_path):
    whole = design(n_classes=1000)
    model = build(whole, 0)
    assert model.count_params() == 28_589_128
    own = keras().applications.ConvNeXtTiny(
        include_top=False, include_preprocessing=False, weights=None, input_shape=(32, 32, 3), pooling="avg"
    )
    for layer in layers_with_weights(own):
        layer.set_weights([array + np.float32(0.01) for array in layer.get_weights()])  # scales of 1e-6 show nothing
    held = [LayerWeights(name=layer.name, arrays=tuple(layer.get_weights())) for layer in layers_with_weights(own)]
    write_keras_weights(tmp_path / "notop.h5", held)
    pretrained.prepare(model, FineTuning(weights=str(tmp_path / "notop.h5")))
    last = model.get_layer("head_layernorm")
    last.set_weights(held[-1].arrays)
    seen = keras().Model(model.input, last.output)(images(), training=False)
    standard = (images() / 255.0 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    np.testing.assert_allclose(np.asarray(seen), np.asarray(own(standard.astype(np.float32))), atol=1e-3)
