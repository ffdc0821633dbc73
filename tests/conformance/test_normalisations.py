"""Every registered normalisation: numpy, the Keras graph and ONNX say the same, whatever the pixels."""

from typing import get_args

import numpy as np
import pytest

from models.networks.normalisation_layers import GRAPH_NORMALISATIONS, normalised
from pipeline.cutouts.normalise import NORMALISATIONS, Missing, apply

SIZES = (1, 18)


def awkward(size):
    """Return rows of noise, gaps, constants and enormous pixels."""
    rng = np.random.default_rng(0)
    stack = rng.normal(100.0, 10.0, (16, size, size, 3)).astype(np.float32)
    stack[1] = np.nan
    stack[2, :, :, 0] = np.nan
    stack[3] = 5.3
    stack[4] = 0.0
    stack[5, 0, 0] = 1e30
    stack[6, 0, 0] = -3.4e38
    stack[7] = np.inf
    stack[8, : size // 2] = np.nan
    stack[9] -= 100.0
    stack[10] *= 1e28
    stack[11] *= 1e-30
    stack[12] = 0.0
    stack[12, size // 2, size // 2] = 100.0
    stack[13] += 1e5
    stack[14, :, :, 1] = -7.0
    stack[15] = rng.uniform(-1e30, 1e30, stack[15].shape)
    return stack


@pytest.fixture(scope="module", params=SIZES)
def graph_outputs(request):
    """Return the cutouts, and what Keras and ONNX make of them by name and way with missing pixels, of one model."""
    from models.framework import keras
    from models.graphs.keras_graph import INPUT, from_keras
    from models.graphs.sessions import open_session

    size = request.param
    stack = awkward(size)
    inputs = keras().Input((size, size, 3), name=INPUT)
    ways = [(name, missing) for name in GRAPH_NORMALISATIONS for missing in get_args(Missing)]
    outputs = [normalised(name, inputs, missing) for name, missing in ways]
    model = keras().Model(inputs, keras().ops.stack(outputs, axis=1))
    path = request.getfixturevalue("tmp_path_factory").mktemp("graphs") / "all.onnx"
    path.write_bytes(from_keras(model).SerializeToString())
    by_onnx = open_session(path).run(None, {INPUT: stack})[0]
    by_keras = model(stack, training=False).numpy()
    return stack, {way: (by_keras[:, i], by_onnx[:, i]) for i, way in enumerate(ways)}


def test_every_normalisation_that_can_be_is_in_the_graph():
    assert list(GRAPH_NORMALISATIONS) == [name for name in NORMALISATIONS if NORMALISATIONS.metadata(name)["in_graph"]]


@pytest.mark.parametrize("missing", get_args(Missing))
@pytest.mark.parametrize("name", GRAPH_NORMALISATIONS)
def test_keras_and_onnx_agree_with_numpy(name, missing, graph_outputs):
    stack, outputs = graph_outputs
    expected = apply(name, stack, missing=missing)
    assert np.isfinite(expected).all()
    for output in outputs[name, missing]:
        np.testing.assert_allclose(output, expected, rtol=1e-5, atol=1e-5)
