"""Networks for images of galaxies: as many weights as published, heads in the order in which they are written."""

import numpy as np
import pytest

from models.networks.fitted_network import FittedNetwork
from models.networks.network import NetworkDesign, build
from pipeline.errors import SettingsError


def design(name, size=32, n_classes=10, channels=3, **settings):
    return NetworkDesign(classifier=name, normalisation="bytes", settings=settings, n_classes=n_classes,
                         size_pixel=size, n_channels=channels)  # fmt: skip


def trained_weights(model):
    return sum(int(np.prod(variable.shape)) for variable in model.trainable_variables)


@pytest.mark.replaces("galaxy10", "Z4")
def test_resnet18_has_the_weights_of_the_published_network():
    # torchvision's count of its resnet18 with 1,000 classes, moving means and variances not among them
    assert trained_weights(build(design("resnet18", n_classes=1000), 0)) == 11_689_512


@pytest.mark.slow
@pytest.mark.replaces("galaxy10", "Z4")
@pytest.mark.parametrize(("name", "weights"), [("resnet50v2", 25_613_800), ("efficientnetv2b0", 7_200_312)])
def test_a_backbone_has_the_weights_of_the_published_network_and_an_onnx_graph(name, weights, tmp_path):
    from models.graphs.sessions import open_session

    model = build(design(name, n_classes=1000), 0)
    assert model.count_params() == weights
    FittedNetwork(model=model, design=design(name, n_classes=1000), threads=1).export(tmp_path)
    images = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype(np.float32)
    found = open_session(tmp_path / "model.onnx").run(None, {"cutouts": images})[0]
    np.testing.assert_allclose(found, model(images, training=False).numpy(), atol=1e-4)


@pytest.mark.replaces("galaxy10", "Z4")
def test_the_layers_of_a_head_stand_in_the_order_in_which_they_are_written():
    model = build(design("galaxy_cnn", 16, filters=(4,), head=[12, "relu", 6, "tanh"], dropout_rate=0.0), 0)
    *_, first, relu, second, tanh, logits = model.layers
    assert [layer.name for layer in (first, relu, second, tanh, logits)] == [
        "head_0", "head_1_relu", "head_2", "head_3_tanh", "logits",
    ]  # fmt: skip
    assert [layer.kernel.shape for layer in (first, second, logits)] == [(8, 12), (12, 6), (6, 10)]
    assert first.get_config()["activation"] == "linear"


def test_the_size_of_the_stem_and_the_colours_of_imagenet():
    small = build(design("resnet18", 16, width=4, stem=3, imagenet=True), 0)
    assert small.get_layer("conv1").kernel.shape == (3, 3, 3, 4)
    grey = np.full((1, 16, 16, 3), 255 * np.array([0.485, 0.456, 0.406]), np.float32)
    from models.framework import keras

    seen = keras().Model(small.input, small.get_layer("imagenet").output)(grey)
    np.testing.assert_allclose(seen, 0.0, atol=1e-5)
    with pytest.raises(SettingsError, match=r"'settings.stem' is 5; allowed: 3, 7"):
        build(design("resnet18", stem=5), 0)
    with pytest.raises(SettingsError, match="ImageNet's colours are asked for with 2 channels; allowed: three"):
        build(design("resnet18", channels=2, imagenet=True), 0)
