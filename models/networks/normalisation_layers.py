"""The normalisations of :mod:`pipeline.cutouts.normalise` as operations of a Keras graph.

Only operations that Keras saves by name and that ONNX knows, and few of them on whole images: each costs a
pass over memory. They work on flat planes ``(n, channel, pixel)``: a number for each plane then spreads over
neighbours in memory, which is 20 x quicker than over every third one (with four axes, the converter turns them
back). One trap shapes the code: the converter turns ``where`` into a multiplication, and NaN times
0 is NaN, unless its condition is ``isnan`` or one of its choices the constant NaN. So missing pixels become
NaN in :func:`_marked` and a number in :func:`_instead_of_nan`; masks multiply finite numbers only.

Tested by tests/conformance/test_normalisations.py.
"""

import math
from collections.abc import Callable
from typing import Any

from models.framework import keras
from pipeline.cutouts.missing import HUGE
from pipeline.cutouts.normalise import FLAT, IQR_OF_SIGMA, LARGEST_BYTE, STEEPEST, Missing, grid_step
from pipeline.registry import Registry

Tensor = Any

GRAPH_NORMALISATIONS: Registry[Callable[[Tensor], Tensor]] = Registry("graph normalisation")
"""From a tensor of raw planes ``(n, channel, y, x)`` to finite flat ones ``(n, channel, y * x)``."""

BEYOND = 3e38


def normalised(name: str, stack: Tensor, missing: Missing = "excluded") -> Tensor:
    """Return raw cutouts ``(n, y, x, channel)`` under a normalisation, same shape, finite.

    Parameters
    ----------
    name : str
        A name in ``GRAPH_NORMALISATIONS``.
    stack : tensor, shape (n, y, x, channel)
        Raw pixels, NaN where missing.
    missing : {"excluded", "psat"}
        Whether missing pixels take no part in statistics, or are 0 before them.
    """
    ops = keras().ops
    planes = ops.transpose(stack, (0, 3, 1, 2))
    if missing == "psat":
        planes = ops.reshape(none(planes), (-1, stack.shape[3], *stack.shape[1:3]))
    flat = GRAPH_NORMALISATIONS[name](planes)
    return ops.transpose(ops.reshape(flat, (-1, stack.shape[3], *stack.shape[1:3])), (0, 2, 3, 1))


@GRAPH_NORMALISATIONS.register("none")
def none(planes: Tensor) -> Tensor:
    """Keep the pixels; only missing ones become 0."""
    return _instead_of_nan(_marked(planes), 0.0)


@GRAPH_NORMALISATIONS.register("bytes")
def bytes_(planes: Tensor) -> Tensor:
    """Divide by 255, so that images of bytes lie between 0 and 1; missing pixels are 0."""
    return none(planes) / LARGEST_BYTE


@GRAPH_NORMALISATIONS.register("sign_log")
def sign_log(planes: Tensor) -> Tensor:
    """Take ``sign(v) ln(1 + |v| / sigma)``; a constant image becomes 0."""
    ops = keras().ops
    scaled, _, sigma = _spread(_marked(planes))
    return ops.sign(scaled) * ops.log(1.0 + ops.abs(scaled) * _inverse_unless_flat(sigma))


@GRAPH_NORMALISATIONS.register("l2")
def l2(planes: Tensor) -> Tensor:
    """Scale each image to unit Euclidean norm; an all-zero image stays zero."""
    ops = keras().ops
    pixels = _instead_of_nan(_marked(planes), 0.0)
    scaled = pixels * _inverse(_peak(pixels))
    return scaled * _inverse(ops.sqrt(ops.sum(scaled * scaled, axis=-1, keepdims=True)))


@GRAPH_NORMALISATIONS.register("zscore")
def zscore(planes: Tensor) -> Tensor:
    """Subtract the mean, divide by the standard deviation; a constant image becomes 0."""
    _, deviation, sigma = _spread(_marked(planes))
    return deviation * _inverse_unless_flat(sigma)


@GRAPH_NORMALISATIONS.register("max_abs")
def max_abs(planes: Tensor) -> Tensor:
    """Divide by the largest absolute pixel; an all-zero image stays zero."""
    pixels = _instead_of_nan(_marked(planes), 0.0)
    return pixels * _inverse(_peak(pixels))


@GRAPH_NORMALISATIONS.register("minmax")
def minmax(planes: Tensor) -> Tensor:
    """Map the smallest pixel to 0 and the largest to 1; a constant image becomes 0."""
    ops = keras().ops
    marked = _marked(planes)
    low = ops.min(_instead_of_nan(marked, HUGE), axis=-1, keepdims=True)
    high = ops.max(_instead_of_nan(marked, -HUGE), axis=-1, keepdims=True)
    return _instead_of_nan(marked - low, 0.0) * _inverse(ops.maximum(high - low, 0.0))


@GRAPH_NORMALISATIONS.register("asinh")
def asinh(planes: Tensor) -> Tensor:
    """Take ``asinh((v - median) / sigma)``, sigma from the quartiles on a grid; a constant image becomes 0."""
    ops = keras().ops
    marked = _marked(planes)
    low, median, high = _quartiles(planes)
    deviation = _instead_of_nan(marked - median, 0.0)
    steep = ops.abs(deviation)
    largest = ops.max(steep, axis=-1, keepdims=True)
    spread = (high - low) / IQR_OF_SIGMA
    scale = ops.maximum(spread + largest * _is(ops.less_equal(spread, 0.0)), largest / STEEPEST)
    steep = steep * _inverse(scale)
    return ops.sign(deviation) * ops.log(steep + ops.sqrt(steep * steep + 1.0))


def _marked(planes: Tensor) -> Tensor:
    """Return flat planes with NaN for all that is missing: NaN, infinite, above 1e30."""
    ops = keras().ops
    flat = ops.reshape(planes, (-1, planes.shape[1], planes.shape[2] * planes.shape[3]))
    return ops.where(ops.less_equal(ops.abs(flat), HUGE), flat, math.nan)


def marked_as_missing(stack: Tensor) -> Tensor:
    """Return raw cutouts ``(n, y, x, channel)`` with NaN for all that is missing: NaN, infinite, above 1e30."""
    ops = keras().ops
    return ops.where(ops.less_equal(ops.abs(stack), HUGE), stack, math.nan)


def _instead_of_nan(marked: Tensor, value: float) -> Tensor:
    """Return the pixels with a number for missing ones."""
    ops = keras().ops
    return ops.where(ops.isnan(marked), value, marked)


def _spread(marked: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return pixels, their deviation from the mean, and their standard deviation, each over the largest pixel.

    The mean is taken twice, the second time of the deviations, so that a level far above the noise costs no
    digits in float32; only then are they scaled, so that squares stay inside float32.
    """
    ops = keras().ops
    pixels = _instead_of_nan(marked, 0.0)
    valid = 1.0 - _is(ops.isnan(marked))
    count = ops.maximum(ops.sum(valid, axis=-1, keepdims=True), 1.0)
    shrink = _inverse(_peak(pixels))
    rough = (pixels - ops.sum(pixels, axis=-1, keepdims=True) / count) * valid
    deviation = (rough - ops.sum(rough, axis=-1, keepdims=True) / count) * valid * shrink
    sigma = ops.sqrt(ops.sum(deviation * deviation, axis=-1, keepdims=True) / count)
    return pixels * shrink, deviation, sigma


def _quartiles(planes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the quartiles of the valid pixels on the grid, each ``(n, channel, 1)``; 0 without any."""
    ops = keras().ops
    step_y, step_x = grid_step(planes.shape[2]), grid_step(planes.shape[3])
    sample = _marked(planes[:, :, ::step_y, ::step_x])
    falling, _ = ops.top_k(-_instead_of_nan(sample, BEYOND), sample.shape[2], sorted=True)
    position = ops.cumsum(ops.ones_like(falling), axis=-1) - 1.0
    last = ops.sum(1.0 - _is(ops.isnan(sample)), axis=-1, keepdims=True) - 1.0
    quarter, half = ops.floor(last / 4.0), ops.floor(last / 2.0)

    def at(rank: Tensor) -> Tensor:
        chosen = _is(ops.less(ops.abs(position - rank), 0.5))
        return -ops.sum(falling * chosen, axis=-1, keepdims=True)

    return at(quarter), at(half), at(last - quarter)


def _peak(pixels: Tensor) -> Tensor:
    ops = keras().ops
    return ops.max(ops.abs(pixels), axis=-1, keepdims=True)


def _inverse(divisor: Tensor) -> Tensor:
    """Return 1 over the divisor, and 1 where that is 0."""
    return 1.0 / (divisor + _is(keras().ops.less_equal(divisor, 0.0)))


def _inverse_unless_flat(sigma: Tensor) -> Tensor:
    """Return 1 over the standard deviation, and 0 for a constant image."""
    ops = keras().ops
    return _is(ops.greater(sigma, FLAT)) / ops.maximum(sigma, FLAT)


def _is(condition: Tensor) -> Tensor:
    """Return 1 where the condition holds, else 0, as float32."""
    return keras().ops.cast(condition, "float32")
