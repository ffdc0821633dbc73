import h5py
import numpy as np
import pytest
from keras2_weights import write_keras2_weights

from pipeline.errors import InputError, MissingInputError
from pipeline.io.legacy.keras_weights import read_keras_weights

RNG = np.random.default_rng(0)
LAYERS = [
    ("conv2d_9", [RNG.normal(size=(3, 3, 1, 2)).astype(np.float32), RNG.normal(size=2).astype(np.float32)]),
    ("max_pooling2d", []),
    ("dense", [RNG.normal(size=(8, 1)).astype(np.float32), np.zeros(1, np.float32)]),
]


@pytest.mark.parametrize("whole_model", [True, False])
@pytest.mark.parametrize("names_per_attribute", [1000, 1])
def test_layers_come_in_their_order_without_those_that_have_no_weights(tmp_path, whole_model, names_per_attribute):
    path = write_keras2_weights(
        tmp_path / "old.h5", LAYERS, whole_model=whole_model, names_per_attribute=names_per_attribute
    )
    found = read_keras_weights(path)
    assert [layer.name for layer in found] == ["conv2d_9", "dense"]
    for layer, (_, arrays) in zip(found, [LAYERS[0], LAYERS[2]], strict=True):
        for array, expected in zip(layer.arrays, arrays, strict=True):
            np.testing.assert_array_equal(array, expected)


def test_a_file_without_layers_is_named_with_what_it_holds(tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["images"] = np.zeros(3)
    with pytest.raises(InputError, match=r"other.h5 holds no weights of a Keras 2 network .*; there: images"):
        read_keras_weights(tmp_path / "other.h5")


def test_a_missing_and_a_damaged_file_are_named(tmp_path):
    with pytest.raises(MissingInputError, match=r"nothing.h5"):
        read_keras_weights(tmp_path / "nothing.h5")
    (tmp_path / "text.h5").write_text("no weights")
    with pytest.raises(InputError, match=r"text.h5"):
        read_keras_weights(tmp_path / "text.h5")


def test_weights_that_are_not_numbers_are_named(tmp_path):
    broken = [("dense", [np.array([[np.nan]], np.float32), np.zeros(1, np.float32)])]
    path = write_keras2_weights(tmp_path / "nan.h5", broken)
    with pytest.raises(InputError, match=r"nan.h5: layer 'dense': 'dense/array_0:0' holds numbers that are not finite"):
        read_keras_weights(path)
    path = write_keras2_weights(tmp_path / "text.h5", [("dense", [np.array([b"x"])])])
    with pytest.raises(InputError, match=r"'dense/array_0:0' is not an array of floating-point numbers"):
        read_keras_weights(path)


def test_a_layer_that_is_named_and_not_there_is_an_error(tmp_path):
    path = write_keras2_weights(tmp_path / "old.h5", LAYERS)
    with h5py.File(path, "r+") as file:
        del file["model_weights/dense"]
    with pytest.raises(InputError, match=r"names a layer 'dense' and holds no group of it"):
        read_keras_weights(path)
