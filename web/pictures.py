"""Pictures of cutouts, drawn when they are asked for: blocks of rows and drawn pictures are kept for a while."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from pipeline.io.results.cutout_file import ImageFile, rows_a_chunk
from pipeline.plots.stretches import Limits, limits_of, strip
from pipeline.report.candidates import DIFFERENCE
from pipeline.rng import stream

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")
_BLOCKS: Final = 64
"""Blocks of pixels that are kept, of about 1 MB each."""
_PICTURES: Final = 4096
_SAMPLE: Final = 64
"""Cutouts whose pixels decide the limits that all share."""


class Pictures:
    """Draws the cutouts of a file; safe to be used by several threads.

    Parameters
    ----------
    path : Path
        The cutout file or data set.
    """

    def __init__(self, path: Path) -> None:
        self._file = ImageFile(path)
        self._lock = threading.Lock()
        self._blocks: OrderedDict[int, NDArray[np.float32]] = OrderedDict()
        self._drawn: OrderedDict[tuple[int, str, bool], bytes] = OrderedDict()
        self._shared: OrderedDict[str, tuple[Limits, ...]] = OrderedDict()
        self.channels = self._file.header.channels
        self._signed = [channel == DIFFERENCE for channel in self.channels]
        self._rows = rows_a_chunk(self._file.header.row_shape)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def picture(self, place: int, stretch: str, *, shared: bool = False) -> bytes:
        """Return the channels of one cutout side by side, a PNG file.

        Parameters
        ----------
        place : int
            Row in the file.
        stretch : str
            One of `pipeline.plots.stretches.STRETCHES`.
        shared : bool
            Whether all cutouts have the same limits, those of a sample, and not each its own.
        """
        key = place, stretch, shared

        def draw() -> bytes:
            limits = self._shared_limits(stretch) if shared else None
            return strip(self._pixels(place), self._signed, stretch, limits)

        return self._kept(self._drawn, key, draw, _PICTURES)

    def _shared_limits(self, stretch: str) -> tuple[Limits, ...]:
        def measure() -> tuple[Limits, ...]:
            count = len(self._file)
            some = stream(0, "stretch").choice(count, min(count, _SAMPLE), replace=False)
            pixels = np.stack([self._pixels(int(place)) for place in np.sort(some)])
            return tuple(
                limits_of(pixels[..., index], stretch, signed=signed) for index, signed in enumerate(self._signed)
            )

        return self._kept(self._shared, stretch, measure, len(self._signed) + 4)

    def _pixels(self, place: int) -> NDArray[np.float32]:
        """Return the images ``(y, x, channel)`` of a row, by the block in which it lies."""
        number = place // self._rows

        def read() -> NDArray[np.float32]:
            with self._lock:
                return self._file.pixels(slice(number * self._rows, (number + 1) * self._rows))

        return self._kept(self._blocks, number, read, _BLOCKS)[place - number * self._rows]

    def _kept(self, kept: "OrderedDict[_Key, _Value]", key: _Key, make: Callable[[], _Value], most: int) -> _Value:
        """Return a value that is kept, or make and keep it; the one that was not used for longest makes room."""
        with self._lock:
            if key in kept:
                kept.move_to_end(key)
                return kept[key]
        value = make()
        with self._lock:
            kept[key] = value
            while len(kept) > most:
                kept.popitem(last=False)
        return value
