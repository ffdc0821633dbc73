"""Layers: what the individual frames behind an exposure show at a candidate, pixel by pixel."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.registry import Registry


@dataclass(frozen=True, kw_only=True)
class FrameRange:
    """The lowest and the highest value of each pixel over the frames, ``(n, y, x)``; NaN where there is none."""

    lowest: NDArray[np.float32]
    highest: NDArray[np.float32]


LAYERS: Registry[Callable[[FrameRange], NDArray[np.float32]]] = Registry("layer of individual frames")
"""Functions by the name of the channel."""


@LAYERS.register("frames_min")
def frames_min(frames: FrameRange) -> NDArray[np.float32]:
    """Lowest value over the frames."""
    return frames.lowest


@LAYERS.register("frames_max")
def frames_max(frames: FrameRange) -> NDArray[np.float32]:
    """Highest value over the frames."""
    return frames.highest


@LAYERS.register("frames_ptp")
def frames_ptp(frames: FrameRange) -> NDArray[np.float32]:
    """Peak to peak: highest minus lowest value over the frames."""
    return frames.highest - frames.lowest


def combine_frames(
    frames: Iterable[NDArray[np.float32]], layers: Sequence[str], shape: tuple[int, ...]
) -> list[NDArray[np.float32]]:
    """Return layers over the cutouts of several frames, holding one frame at a time.

    Parameters
    ----------
    frames : iterable of ndarray of float32, (n, y, x)
        Cutouts of the same candidates in each frame, NaN = missing; none at all gives layers of NaN.
    layers : sequence of str
        Names in `LAYERS`.
    shape : tuple of int
        ``(n, y, x)``.

    Returns
    -------
    list of ndarray of float32, (n, y, x)
        One per layer. A pixel is missing if it is missing in every frame.

    Examples
    --------
    >>> one, two = np.array([[[1.0, np.nan]]], np.float32), np.array([[[4.0, 2.0]]], np.float32)
    >>> [layer.tolist() for layer in combine_frames([one, two], ["frames_ptp", "frames_min"], (1, 1, 2))]
    [[[[3.0, 0.0]]], [[[1.0, 2.0]]]]
    """
    chosen = [LAYERS[name] for name in layers]
    lowest = np.full(shape, np.nan, dtype=np.float32)
    highest = lowest.copy()
    for cutouts in frames:
        np.fmin(lowest, cutouts, out=lowest)
        np.fmax(highest, cutouts, out=highest)
    return [layer(FrameRange(lowest=lowest, highest=highest)) for layer in chosen]
