"""ONNX graphs of Keras models.

Tested by tests/conformance/test_normalisations.py.
"""

import logging
from typing import Any, Final

from models.framework import foreign_deprecations, quiet_stderr, tensorflow

Graph = Any

OPSET: Final = 17
INPUT: Final = "cutouts"
LOGITS: Final = "logits"


def from_keras(model: Any) -> Graph:
    """Return the ONNX graph of a Keras functional model with one output, which is named ``logits``.

    The inputs keep the names of the model's; the first axis stays free.
    """
    tf = tensorflow()
    with quiet_stderr(), foreign_deprecations():
        import tf2onnx
    names = [tensor.name for tensor in model.inputs]
    signature = tuple(
        tf.TensorSpec((None, *tensor.shape[1:]), tf.float32, name=name)
        for name, tensor in zip(names, model.inputs, strict=True)
    )

    def forward(*tensors: Any) -> dict[str, Any]:
        return {LOGITS: model(tensors[0] if len(tensors) == 1 else list(tensors), training=False)}

    level = logging.getLogger("tf2onnx").level
    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    try:
        with quiet_stderr(), foreign_deprecations():
            graph, _ = tf2onnx.convert.from_function(
                tf.function(forward, input_signature=signature), input_signature=signature, opset=OPSET
            )
    finally:
        logging.getLogger("tf2onnx").setLevel(level)
    return graph
