"""The registry of self-made artefacts, and the loop that turns a change of one stamp into one of many."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.registry import Registry
from pipeline.stamp_editing import DIFFERENCE, Stamp, clear_centre, distance, open_stamp, recentre

Generator = Callable[[NDArray[np.float32], np.random.Generator], NDArray[np.float32]]
Change = Callable[[Stamp, np.random.Generator], None]

ARTEFACTS: Registry[Generator] = Registry("artefact")
"""Generators ``(triplets (n, y, x, 3), rng) -> triplets``; metadata ``weight`` is the share in the default mixture."""


def artefact(name: str, *, weight: float, centred: bool = True) -> Callable[[Change], Generator]:
    """Register a change of one stamp, whose own source was taken out, as a generator for many.

    ``centred`` moves the strongest residual within 5 pixels to the centre afterwards, as a detection would.
    """

    def enter(change: Change) -> Generator:
        def generate(triplets: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
            out = np.empty(triplets.shape, dtype=np.float32)
            for row, triplet in enumerate(triplets):
                stamp = open_stamp(triplet, rng)
                clear_centre(stamp, rng)
                change(stamp, rng)
                if centred:
                    _detect(stamp, rng)
                out[row] = stamp.finished()
            return out

        generate.__doc__ = change.__doc__
        return ARTEFACTS.register(name, weight=weight)(generate)

    return enter


def _detect(stamp: Stamp, rng: np.random.Generator) -> None:
    """Move the highest smoothed residual near the centre to the centre, half the time of the lower sign."""
    smooth = ndimage.uniform_filter(stamp.pixels[..., DIFFERENCE] - stamp.sky[DIFFERENCE], 3)
    near = distance(stamp) <= 5
    high, low = smooth[near].max(), -smooth[near].min()
    sign = 1.0 if high >= low else -1.0
    if min(high, low) > 0.6 * max(high, low) and rng.random() < 0.5:
        sign = -sign
    place = np.argmax(np.where(near, sign * smooth, -np.inf))
    dy, dx = np.array(np.unravel_index(place, smooth.shape)) - np.array(stamp.centre)
    recentre(stamp, int(dy), int(dx))
