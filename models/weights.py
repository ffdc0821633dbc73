"""The digest of a model's weights: two packages are equal when theirs are, whatever their files look like."""

import hashlib
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray


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
