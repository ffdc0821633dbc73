"""A model's weights: in files of their own, and their digest, by which two packages are equal or not."""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

ENDING: Final = ".weights.npz"
"""Of a file of weights: arrays in the order of the model, which NumPy reads without unpickling anything."""


def write_arrays(path: Path, arrays: Sequence[NDArray[Any]]) -> None:
    """Write arrays in their order; the same arrays give the same bytes."""
    with path.open("wb") as file:
        np.savez(file, *arrays)


def read_arrays(path: Path) -> list[NDArray[Any]]:
    """Return the arrays of a file in their order."""
    with np.load(path, allow_pickle=False) as file:
        return [file[f"arr_{place}"] for place in range(len(file.files))]


def arrays_sha256(arrays: Iterable[NDArray[Any]]) -> str:
    """Return a digest of arrays in their order: types, shapes and numbers."""
    return hashlib.sha256("".join(_digest(array) for array in arrays).encode()).hexdigest()


def graph_sha256(graph: Any) -> str:
    """Return a digest of the numbers in an ONNX graph of trees, whatever nodes and tensors are called."""
    from onnx import numpy_helper

    parts = [_digest(numpy_helper.to_array(tensor)) for tensor in graph.graph.initializer]
    for node in graph.graph.node:
        parts.append(_digest(np.array([node.op_type])))
        parts.extend(_attribute_digest(attribute) for attribute in node.attribute)
    return hashlib.sha256("".join(sorted(parts)).encode()).hexdigest()


def _attribute_digest(attribute: Any) -> str:
    from onnx import helper, numpy_helper

    value = helper.get_attribute_value(attribute)
    if attribute.HasField("t"):
        return _digest(numpy_helper.to_array(value))
    return _digest(np.array([attribute.name, *map(str, np.atleast_1d(np.asarray(value)).tolist())]))


def _digest(array: NDArray[Any]) -> str:
    head = f"{array.dtype.str}{array.shape}".encode()
    return hashlib.sha256(head + np.ascontiguousarray(array).tobytes()).hexdigest()
