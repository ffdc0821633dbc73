from dataclasses import replace

import numpy as np
import pytest

from models.networks.fitted_network import FittedNetwork
from models.networks.network import NetworkDesign, build, rebuilt, with_masks


def design(name, size, channels=3, n_classes=2, **settings):
    return NetworkDesign(
        classifier=name,
        normalisation="l2",
        settings=settings,
        n_classes=n_classes,
        size_pixel=size,
        n_channels=channels,
    )


@pytest.mark.parametrize(
    ("name", "size", "channels", "weights"),
    [
        ("braai", 63, 3, 312_081),
        ("psat_d", 20, 1, 139_918),
        pytest.param("vgg6", 55, 4, 222_113, marks=pytest.mark.replaces("gotorb", "G7")),
        pytest.param("bayesian_vgg6", 55, 4, 222_113, marks=pytest.mark.replaces("gotorb", "G7")),
        pytest.param("sepconvnet", 55, 4, 207_877, marks=pytest.mark.replaces("gotorb", "G7")),
        pytest.param("gmadet", 32, 1, 1_506_018, marks=pytest.mark.replaces("gmadet", "O8")),
        pytest.param("otrain", 32, 1, 2_621_826, marks=pytest.mark.replaces("gmadet", "O8")),
    ],
)
def test_a_network_of_an_older_system_has_its_number_of_weights(name, size, channels, weights):
    assert build(design(name, size, channels), 0).count_params() == weights


@pytest.mark.replaces("gotorb", "G7")
def test_penalties_of_a_network_are_those_it_was_published_with():
    layers = build(design("vgg6", 55, 4), 0).layers
    kernels = [layer.kernel_regularizer for layer in layers if layer.name.startswith("conv2d")]
    assert [float(penalty.l2) for penalty in kernels] == [pytest.approx(1e-4)] * 4
    assert [float(layer.activity_regularizer.l2) for layer in layers if layer.name.startswith("dense")] == [
        pytest.approx(1e-4)
    ]


def test_spatial_dropout_drops_whole_maps():
    model = build(design("vgg6", 22, filters=(4, 4), dense=4), 0)
    assert [layer.rate for layer in model.layers if layer.name.startswith("spatial_dropout")] == [0.25, 0.25]
    masked, masks = with_masks(model, design("vgg6", 22, filters=(4, 4), dense=4))
    assert [mask["shape"] for mask in masks] == [[1, 1, 4], [1, 1, 4], [4]]
    pixels = np.ones((2, 22, 22, 3), np.float32)
    opened = [np.ones((2, *mask["shape"]), np.float32) for mask in masks]
    np.testing.assert_allclose(masked([pixels, *opened]).numpy(), model(pixels, training=False).numpy(), atol=1e-5)


def test_open_masks_give_the_logit_and_closed_ones_do_not():
    wanted = design("triplet_cnn", 15, filters=(4,), dense=4)
    model = build(wanted, 0)
    masked, masks = with_masks(model, wanted)
    pixels = np.random.default_rng(0).normal(size=(5, 15, 15, 3)).astype(np.float32)
    logits = model(pixels, training=False).numpy()
    assert np.ptp(logits) > 1e-3
    opened = [np.ones((5, *mask["shape"]), np.float32) for mask in masks]
    np.testing.assert_allclose(masked([pixels, *opened]).numpy(), logits, atol=1e-5)
    closed = [np.zeros_like(mask) for mask in opened]
    assert np.ptp(masked([pixels, *closed]).numpy()) < 1e-6


@pytest.mark.parametrize("size", [15, 16, 31, 32])
def test_the_triplet_network_looks_at_the_middle_of_any_size(size):
    model = build(design("triplet_cnn", size, filters=(4, 4), dense=4), 0)
    pixels = np.zeros((1, size, size, 3), np.float32)
    pixels[0, size // 2, size // 2] = 1.0
    assert model(pixels).shape == (1, 1)
    names = [layer.name for layer in model.layers if "cropping" in layer.name]
    assert model.get_layer(names[0]).output.shape[1] in (1, 2)


@pytest.mark.parametrize("number", [4, 8])
def test_averaged_logits_are_the_mean_over_the_orientations_of_a_cutout(number):
    upright = design("triplet_cnn", 15, filters=(4, 4), dense=4)
    model = build(upright, 3)
    whole = rebuilt(model.get_weights(), replace(upright, symmetries=number))
    pixels = np.random.default_rng(0).normal(size=(6, 15, 15, 3)).astype(np.float32)
    turns = [np.rot90(pixels, quarter, axes=(1, 2)) for quarter in range(4)]
    if number == 8:
        turns += [np.rot90(pixels[:, :, ::-1], quarter, axes=(1, 2)) for quarter in range(4)]
    expected = np.mean([model(np.ascontiguousarray(turn), training=False).numpy() for turn in turns], axis=0)
    np.testing.assert_allclose(whole(pixels, training=False).numpy(), expected, atol=1e-5)
    turned = np.ascontiguousarray(np.rot90(pixels, axes=(1, 2)))
    np.testing.assert_allclose(whole(turned, training=False).numpy(), whole(pixels, training=False).numpy(), atol=1e-5)
    assert whole.count_params() == model.count_params()


def test_a_package_of_an_averaging_network_scores_alike_in_both_runtimes(tmp_path):
    import onnxruntime

    wanted = design("triplet_cnn", 15, filters=(4, 4), dense=4)
    wanted = replace(wanted, symmetries=8)
    model = rebuilt(build(replace(wanted, symmetries=1), 1).get_weights(), wanted)
    fitted = FittedNetwork(model=model, design=wanted, threads=1)
    described = fitted.export(tmp_path)
    pixels = np.random.default_rng(1).normal(size=(7, 15, 15, 3)).astype(np.float32)
    pixels[0, 2, 3, 1] = np.nan
    written = fitted.reference(tmp_path, pixels)
    np.testing.assert_allclose(written, fitted.logits(pixels), atol=1e-6)
    found = onnxruntime.InferenceSession(tmp_path / "model.onnx").run(None, {"cutouts": pixels})[0]
    np.testing.assert_allclose(found, written, atol=1e-5)
    masks = {mask["name"]: np.ones((7, *mask["shape"]), np.float32) for mask in described["posterior"]}
    assert masks
    opened = onnxruntime.InferenceSession(tmp_path / "posterior.onnx").run(None, {"cutouts": pixels} | masks)[0]
    np.testing.assert_allclose(opened, written, atol=1e-5)
