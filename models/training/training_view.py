"""A data set with other training rows, as a view of another one; validation and test rows are all there.

Tested by tests/models/training/test_subsampled.py.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.classes import PART_NAMES, TRAIN
from pipeline.datasets.dataset import DataSet

TRAINING: Final = PART_NAMES[TRAIN]
"""The part whose rows differ."""


class TrainingView(ABC):
    """Serves as a :class:`pipeline.datasets.dataset.DataSet`; what derives from it says what its training rows are.

    Parameters
    ----------
    whole : DataSet
        The data set, which is read only when rows are asked for.
    fingerprint : str
        Identity of the view, so that no training goes on from the state of another.
    """

    def __init__(self, whole: DataSet, fingerprint: str) -> None:
        self.whole, self.fingerprint = whole, fingerprint
        self.survey = whole.survey
        self.channels = whole.channels
        self.class_names = whole.class_names
        self.pixel_scale_arcsec = whole.pixel_scale_arcsec
        self.pixel_state = whole.pixel_state

    @property
    def size_pixel(self) -> int:
        """Return the side of a cutout."""
        return self.whole.size_pixel

    def candidates(self, part: str) -> pd.DataFrame:
        """Return the candidate columns of one part."""
        return self.training_candidates() if part == TRAINING else self.whole.candidates(part)

    def cutouts(self, part: str) -> NDArray[np.float32]:
        """Return all raw cutouts of one part, ``(n, y, x, channel)``."""
        return self.training_cutouts() if part == TRAINING else self.whole.cutouts(part)

    def batches(self, part: str, size: int) -> Iterator[tuple[slice, NDArray[np.float32]]]:
        """Yield ``(rows, cutouts)`` of one part in order, rows counted from the part's first."""
        yield from self.training_batches(size) if part == TRAINING else self.whole.batches(part, size)

    @abstractmethod
    def training_candidates(self) -> pd.DataFrame:
        """Return the candidate columns of the training rows."""

    @abstractmethod
    def training_cutouts(self) -> NDArray[np.float32]:
        """Return all training cutouts."""

    @abstractmethod
    def training_batches(self, size: int) -> Iterator[tuple[slice, NDArray[np.float32]]]:
        """Yield the training rows in blocks of ``size``, the last with what is left."""


def held_batches(held: NDArray[np.float32], size: int) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    """Yield cutouts that are in memory in blocks."""
    for start in range(0, len(held), size):
        block = held[start : start + size]
        yield slice(start, start + len(block)), block
