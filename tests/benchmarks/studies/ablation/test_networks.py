"""Networks of the ablations: what a quarter turn changes, and what they see."""

import numpy as np
import pytest

from benchmarks.studies.ablation.lines import NETWORKS
from models.framework import keras, to_numpy
from models.recipes import user_module


@pytest.fixture(scope="module")
def cutouts():
    return np.random.default_rng(1).normal(size=(3, 31, 31, 3)).astype(np.float32)


def network(name):
    keras().utils.set_random_seed(1)
    return user_module.load(str(NETWORKS / f"{name}.py")).create_model(2, 31, 3)


def test_no_quarter_turn_changes_the_network_of_turning_convolutions(cutouts):
    model = network("turning")
    upright = to_numpy(model(cutouts))
    for turns in (1, 2, 3):
        turned = np.rot90(cutouts, turns, axes=(1, 2)).copy()
        np.testing.assert_allclose(to_numpy(model(turned)), upright, atol=1e-5)
    assert np.ptp(upright[:, 0]) > 1e-3
    assert abs(to_numpy(model(cutouts[:, :, ::-1].copy())) - upright).max() > 1e-4


@pytest.mark.parametrize("name", ["one_scale", "two_crops"])
def test_others_tell_how_a_cutout_lies_and_stand_for_two_classes(name, cutouts):
    model = network(name)
    upright = to_numpy(model(cutouts))
    np.testing.assert_allclose(upright.sum(axis=1), 1.0, atol=1e-5)
    assert abs(to_numpy(model(np.rot90(cutouts, axes=(1, 2)).copy())) - upright).max() > 1e-5


def test_the_finer_trunk_sees_the_middle_alone(cutouts):
    model = network("two_crops")
    fine = next(layer for layer in model.layers if isinstance(layer, keras().layers.Flatten)).output
    seen = keras().Model(model.inputs[0], fine)
    outside = cutouts.copy()
    outside[:, :8], outside[:, -8:] = 9.0, 9.0
    np.testing.assert_array_equal(to_numpy(seen(outside)), to_numpy(seen(cutouts)))
    outside[:, 15, 15] = 9.0
    assert abs(to_numpy(seen(outside)) - to_numpy(seen(cutouts))).max() > 0
