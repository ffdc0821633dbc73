"""Resizing of :mod:`pipeline.cutouts.resize` as operations of a Keras graph: two products with constant matrices.

Keras' own layer keeps to four neighbours when it shrinks, and its averaging form has no counterpart in ONNX.

Tested by tests/models/networks/test_resize_layer.py.
"""

from typing import Any

from models.framework import keras
from pipeline.cutouts.resize import resize_weights

Tensor = Any


def resized(stack: Tensor, side: int) -> Tensor:
    """Return finite images ``(n, y, x, channel)`` resized whole to ``(n, side, side, channel)``.

    Parameters
    ----------
    stack : tensor, shape (n, y, x, channel)
        Normalised pixels.
    side : int
        Of the result.
    """
    ops = keras().ops
    _, height, width, _ = stack.shape
    if (height, width) == (side, side):
        return stack
    planes = ops.matmul(ops.transpose(stack, (0, 3, 1, 2)), resize_weights(width, side).T)
    turned = ops.matmul(ops.transpose(planes, (0, 1, 3, 2)), resize_weights(height, side).T)
    return ops.transpose(turned, (0, 3, 2, 1))
