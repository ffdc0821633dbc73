"""Weights from local files, and frozen layers, of a small residual network."""

import json
from pathlib import Path

import numpy as np
import pytest

from models.networks import pretrained
from models.networks.network import NetworkDesign, build, layers_with_weights
from models.recipes.fine_tuning import FineTuning
from models.weights import write_arrays
from pipeline.errors import InputError, SettingsError
from pipeline.io.legacy.keras_weights import LayerWeights, write_keras_weights

NAME = "resnet18"


def network(seed, n_classes=4, width=2, **settings):
    return build(NetworkDesign(classifier=NAME, normalisation="bytes", settings={"width": width, "stem": 3} | settings,
                               n_classes=n_classes, size_pixel=16, n_channels=3), seed)  # fmt: skip


@pytest.fixture(scope="module")
def given():
    """A network whose weights are in files."""
    return network(1)


def by_layer(model):
    return {layer.name: layer.get_weights() for layer in layers_with_weights(model)}


def as_safetensors(path, arrays):
    head, body = {"__metadata__": {"format": "pt"}}, b""
    for name, array in arrays.items():
        data = np.ascontiguousarray(array, "<f4").tobytes()
        head[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [len(body), len(body) + len(data)]}
        body += data
    text = json.dumps(head).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + body)


def of_torch(model):
    """Return a model's weights under torchvision's names, in torch's order of axes."""
    names = ("weight", "bias", "running_mean", "running_var")
    arrays = {"fc.weight": np.zeros((1000, 16)), "fc.bias": np.zeros(1000)}
    for layer, weights in by_layer(model).items():
        if layer == "logits":
            continue
        stage, block, *rest = layer.split("_") if "_" in layer else (layer, "")
        torch = ".".join([stage, block, *rest]) if block else stage
        for name, array in zip(names, weights, strict=False):
            arrays[f"{torch}.{name}"] = array.transpose(3, 2, 0, 1) if array.ndim == 4 else array
    return arrays


def written(given, ending, folder):
    path = folder / f"weights{ending}"
    if ending == ".npz":
        write_arrays(path, given.get_weights())
    elif ending == ".h5":
        write_keras_weights(path, [LayerWeights(name=n, arrays=tuple(a)) for n, a in by_layer(given).items()])
    else:
        as_safetensors(path, of_torch(given))
    return path


@pytest.mark.replaces("galaxy10", "Z4")
@pytest.mark.parametrize("ending", [".npz", ".h5", ".safetensors"])
def test_weights_come_from_a_local_file_and_a_head_of_other_classes_stays_new(given, ending, tmp_path):
    model = network(2, n_classes=7)
    own = by_layer(model)
    pretrained.prepare(model, FineTuning(weights=str(written(given, ending, tmp_path))))
    for name, arrays in by_layer(model).items():
        for found, wanted in zip(arrays, (own if name == "logits" else by_layer(given))[name], strict=True):
            np.testing.assert_array_equal(found, wanted)


@pytest.mark.replaces("galaxy10", "Z4")
def test_a_training_of_the_same_classes_goes_on_with_its_head(given, tmp_path):
    model = network(2)
    pretrained.prepare(model, FineTuning(weights=str(written(given, ".npz", tmp_path))))
    np.testing.assert_array_equal(
        model.get_layer("logits").get_weights()[0], given.get_layer("logits").get_weights()[0]
    )


def test_a_file_of_another_network_is_refused_with_layer_and_shapes(given, tmp_path):
    path = written(given, ".h5", tmp_path)
    with pytest.raises(
        InputError, match=r"needs \[\(3, 3, 3, 4\)\] in layer 'conv1'; the file holds \[\(3, 3, 3, 2\)\]"
    ):
        pretrained.prepare(network(2, width=4), FineTuning(weights=str(path)))
    write_keras_weights(tmp_path / "few.h5", [LayerWeights(name="conv1", arrays=(np.zeros((3, 3, 3, 2), np.float32),))])
    with pytest.raises(InputError, match="in layer 'bn1'; the file holds no such layer"):
        pretrained.prepare(network(2), FineTuning(weights=str(tmp_path / "few.h5")))


@pytest.mark.replaces("galaxy10", "Z4")
def test_layers_up_to_a_named_one_stay_as_they_are_with_their_batch_normalisation():
    from models.framework import keras

    model = network(3)
    names = [layer.name for layer in model.layers]
    pretrained.prepare(model, FineTuning(frozen_to="layer2"))
    before = by_layer(model)
    model.compile(optimizer=keras().optimizers.SGD(0.1), loss="mse")
    images = np.random.default_rng(0).uniform(0, 255, (8, 16, 16, 3)).astype(np.float32)
    model.fit(images, np.ones((8, 4), np.float32), epochs=1, verbose=0)
    last = max(place for place, name in enumerate(names) if name.startswith("layer2"))
    for name, arrays in by_layer(model).items():
        same = all((one == other).all() for one, other in zip(before[name], arrays, strict=True))
        assert same == (names.index(name) <= last), name


def test_a_layer_that_is_not_there_and_nothing_left_to_train_are_refused():
    with pytest.raises(SettingsError, match="frozen_to is 'conv9'; resnet18 has the layers conv1, bn1, layer1_0_conv1"):
        pretrained.freeze(network(3), "conv9")
    with pytest.raises(SettingsError, match="frozen_to is 'logits', which leaves nothing to train"):
        pretrained.freeze(network(3), "logits")


def test_the_backbone_learns_at_a_share_of_the_rate():
    model = network(3, head=[3, "relu"])
    pretrained.freeze(model, "layer3")
    factors = dict(zip([v.path for v in model.trainable_variables], pretrained.rate_factors(model, 0.1), strict=True))
    assert set(factors.values()) == {0.1, 1.0}
    assert {path.split("/")[0] for path, factor in factors.items() if factor == 1.0} == {"head_0", "logits"}


@pytest.mark.replaces("galaxy10", "Z8")
def test_frozen_layers_have_no_gradient_and_the_page_says_why_their_activations_are_not_kept():
    model = network(3)
    every = len(model.trainable_variables)
    pretrained.freeze(model, "layer4")
    assert [variable.path.split("/")[0] for variable in model.trainable_variables] == ["logits", "logits"]
    assert every == 62
    page = Path(__file__).resolve().parents[3] / "docs" / "migrate" / "galaxy10.md"
    assert "## Activations of a frozen network" in page.read_text(encoding="utf-8")
