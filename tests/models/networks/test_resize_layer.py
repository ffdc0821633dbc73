"""Resizing in the graph: Keras and ONNX say what numpy says, after the file was written and read as well."""

import numpy as np
import pytest

from models.networks.fitted_network import FittedNetwork
from models.networks.network import NetworkDesign, build
from models.networks.normalisation_layers import normalised
from models.networks.resize_layer import resized as layer
from pipeline.cutouts.normalise import apply
from pipeline.cutouts.resize import resized
from pipeline.errors import IncompatiblePackageError


def design(**changes):
    return NetworkDesign(**{
        "classifier": "triplet_cnn", "normalisation": "bytes", "settings": {"filters": (4,), "dense": 4},
        "n_classes": 3, "size_pixel": 12, "n_channels": 3, "resize_pixel": 16,
    } | changes)  # fmt: skip


@pytest.mark.replaces("galaxy10", "Z7")
@pytest.mark.parametrize(("old", "new"), [(24, 9), (9, 24)])
def test_keras_and_onnx_resize_as_numpy_does(old, new, tmp_path):
    from models.framework import keras
    from models.graphs.keras_graph import INPUT, from_keras
    from models.graphs.sessions import open_session

    images = np.random.default_rng(1).integers(0, 256, (3, old, old, 3)).astype(np.float32)
    images[1, :2] = np.nan
    expected = resized(apply("bytes", images), new)
    inputs = keras().Input((old, old, 3), name=INPUT)
    model = keras().Model(inputs, layer(normalised("bytes", inputs), new))
    (tmp_path / "a.onnx").write_bytes(from_keras(model).SerializeToString())
    np.testing.assert_allclose(model(images).numpy(), expected, atol=1e-5)
    np.testing.assert_allclose(open_session(tmp_path / "a.onnx").run(None, {INPUT: images})[0], expected, atol=1e-5)


@pytest.mark.replaces("galaxy10", "Z7")
def test_the_step_stands_in_the_written_network(tmp_path):
    from models.graphs.sessions import open_session

    model = build(design(), 0)
    assert model.input_shape == (None, 12, 12, 3)
    fitted = FittedNetwork(model=model, design=design(), threads=1)
    fitted.export(tmp_path)
    images = np.random.default_rng(1).integers(0, 256, (4, 12, 12, 3)).astype(np.float32)
    logits = fitted.logits(images)
    np.testing.assert_allclose(fitted.reference(tmp_path, images), logits, atol=1e-5)
    by_onnx = open_session(tmp_path / "model.onnx").run(None, {"cutouts": images})[0]
    np.testing.assert_allclose(by_onnx, logits, atol=1e-5)


def test_what_a_network_needs_is_asked_of_the_resized_side():
    build(design(), 0)  # 12 pixels alone would be too few
    with pytest.raises(
        IncompatiblePackageError, match="triplet_cnn needs cutouts of at least 15 pixels a side; given 14"
    ):
        build(design(size_pixel=20, resize_pixel=14), 0)
