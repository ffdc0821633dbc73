"""The symmetries of a square, over which the logits of a network may be averaged."""

from typing import Any, Final

from models.framework import keras

Tensor = Any

NUMBERS: Final = (1, 4, 8)
"""The cutout as it is; its quarter turns; those and the quarter turns of its mirror image."""


def turned(stack: Tensor, number: int) -> Tensor:
    """Return cutouts ``(n, y, x, channel)`` of a square under one of its eight symmetries, 0 as they are.

    1 to 3 are quarter turns, 4 to 7 the mirror image along x and its quarter turns.
    """
    ops = keras().ops
    mirrored = ops.flip(stack, axis=2) if number >= 4 else stack
    quarter = number % 4
    if quarter == 0:
        return mirrored
    if quarter == 2:
        return ops.flip(ops.flip(mirrored, axis=1), axis=2)
    return ops.flip(ops.transpose(mirrored, (0, 2, 1, 3)), axis=1 if quarter == 1 else 2)
