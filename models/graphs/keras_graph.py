"""ONNX graphs of Keras models.

TensorFlow makes them. Where Keras computes with JAX or PyTorch, another process does it, which TensorFlow serves as
Keras' backend, from the file of the model.

Tested by tests/conformance/test_normalisations.py.
"""

import logging
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

import numpy as np

from models.backends import TENSORFLOW, backend
from models.framework import foreign_deprecations, keras, quiet_stderr, tensorflow
from pipeline.errors import IncompatiblePackageError
from pipeline.extras import demand

Graph = Any

OPSET: Final = 17
INPUT: Final = "cutouts"
LOGITS: Final = "logits"
_CONVERT: Final = """
import sys
from pathlib import Path
from models.graphs.keras_graph import convert
convert(*map(Path, sys.argv[1:]))
"""


def from_keras(model: Any) -> Graph:
    """Return the ONNX graph of a Keras functional model with one output, which is named ``logits``.

    The inputs keep the names of the model's; the first axis stays free.

    Raises
    ------
    MissingExtraError
        If TensorFlow or tf2onnx is not installed.
    IncompatiblePackageError
        If Keras computes with JAX or PyTorch, and the model cannot be rebuilt with TensorFlow.
    """
    demand("train", "writing an ONNX graph", "tensorflow", "tf2onnx")
    return _traced(model) if backend() == TENSORFLOW else _rebuilt_and_traced(model)


def convert(model: Path, graph: Path) -> None:
    """Write the ONNX graph of a Keras file; Keras computes with TensorFlow here."""
    with foreign_deprecations():
        read = keras().saving.load_model(model, safe_mode=True, compile=False)
    graph.write_bytes(_traced(read).SerializeToString())


def _rebuilt_and_traced(model: Any) -> Graph:
    import onnx

    with tempfile.TemporaryDirectory(prefix="nightsift-") as folder:
        kept, graph = Path(folder) / "model.keras", Path(folder) / "model.onnx"
        with foreign_deprecations():
            model.save(kept)
        done = subprocess.run(  # noqa: S603 (a list, no shell, our own paths)
            [sys.executable, "-c", _CONVERT, str(kept), str(graph)],
            env=os.environ | {"KERAS_BACKEND": "tensorflow", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            capture_output=True,
            text=True,
        )
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise IncompatiblePackageError(
                f"TensorFlow cannot rebuild the network that was trained with KERAS_BACKEND={backend()}: {reason}; "
                "train it with KERAS_BACKEND=tensorflow"
            )
        return onnx.load(graph)


def _traced(model: Any) -> Graph:
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
                tf.function(forward, input_signature=signature),
                input_signature=signature,
                opset=OPSET,
                custom_op_handlers={"Erfc": (_erfc, [])},
            )
    finally:
        logging.getLogger("tf2onnx").setLevel(level)
    return graph


def _erfc(graph: Any, node: Any, name: str, args: object) -> None:  # noqa: ARG001  (as tf2onnx calls it)
    """Write ``1 - erf(x)``, of which Keras' ``gelu`` makes use, and which ONNX has no operation for."""
    one = graph.make_const(f"{name}_one", np.float32(1.0))
    (shape,), (dtype,) = node.output_shapes, node.output_dtypes
    erf = graph.make_node("Erf", list(node.input), shapes=[shape], dtypes=[dtype])
    outputs = list(node.output)
    graph.remove_node(name)
    graph.make_node("Sub", [one.output[0], erf.output[0]], name=name, outputs=outputs, shapes=[shape], dtypes=[dtype])
