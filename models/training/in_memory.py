"""A data set held in memory: one small enough to be read once for all epochs, and those of tests and notebooks.

Tested by tests/models/training/test_in_memory.py.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.classes import CLASS_NAMES, LEARNED_PARTS
from pipeline.datasets.dataset import DataSet

HELD_BYTES: Final = 512 << 20
"""Pixels of the two parts that are learned from, up to which they are held: some 11,000 rows of 63 x 63 x 3."""


@dataclass(frozen=True, kw_only=True)
class MemoryDataSet:
    """Rows of three parts as arrays; serves as a :class:`pipeline.datasets.dataset.DataSet`.

    Attributes
    ----------
    parts : mapping
        Part name to ``(candidates, cutouts)`` of equally many rows.
    """

    parts: Mapping[str, tuple[pd.DataFrame, NDArray[np.float32]]] = field(repr=False)
    survey: str = "memory"
    channels: tuple[str, ...] = ("science", "template", "difference")
    class_names: tuple[str, ...] = CLASS_NAMES
    pixel_scale_arcsec: float = 1.0
    pixel_state: str = "raw"
    fingerprint: str = "0" * 64

    @property
    def size_pixel(self) -> int:
        """Side of a cutout."""
        return int(self.parts["train"][1].shape[1])

    def candidates(self, part: str) -> pd.DataFrame:
        """Return the candidate columns of a part."""
        return self.parts[part][0]

    def cutouts(self, part: str) -> NDArray[np.float32]:
        """Return all cutouts of a part."""
        return self.parts[part][1]

    def batches(self, part: str, size: int) -> Iterator[tuple[slice, NDArray[np.float32]]]:
        """Yield ``(rows, cutouts)`` of a part in order."""
        cutouts = self.parts[part][1]
        for start in range(0, len(cutouts), size):
            rows = slice(start, min(start + size, len(cutouts)))
            yield rows, cutouts[rows]


def held_if_small(dataset: DataSet) -> DataSet:
    """Return a data set whose learned parts are in memory, or itself if they take more than `HELD_BYTES`.

    To read and unpack a block costs about 5 % of what a small network takes to learn from it, in each epoch.
    """
    candidates = {part: dataset.candidates(part) for part in LEARNED_PARTS}
    rows = sum(len(columns) for columns in candidates.values())
    if isinstance(dataset, MemoryDataSet) or rows * len(dataset.channels) * dataset.size_pixel**2 * 4 > HELD_BYTES:
        return dataset
    return MemoryDataSet(
        parts={part: (columns, dataset.cutouts(part)) for part, columns in candidates.items()},
        survey=dataset.survey,
        channels=tuple(dataset.channels),
        class_names=tuple(dataset.class_names),
        pixel_scale_arcsec=dataset.pixel_scale_arcsec,
        pixel_state=dataset.pixel_state,
        fingerprint=dataset.fingerprint,
    )
