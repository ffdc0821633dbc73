"""A data set with fewer training rows, as a view of another one; validation and test rows are all there."""

from collections.abc import Iterator
from functools import cached_property
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.training.rows import BLOCK_ROWS
from models.weights import arrays_sha256
from pipeline.datasets.blocks import refilled
from pipeline.datasets.dataset import DataSet
from pipeline.errors import DataSetError
from pipeline.fingerprint import fingerprint

HELD_BYTES: Final = 256 * 2**20
"""A sample whose pixels take no more is read once and held in memory, so that no epoch reads the whole part for it."""

_TRAIN: Final = "train"


class SubsampledDataSet:
    """Some training rows of a data set; serves as a :class:`pipeline.datasets.dataset.DataSet`.

    Blocks of its training part are as full as those of a data set that holds these rows alone. With all rows it trains
    what the whole data set trains; only its fingerprint differs, so that no training goes on from the state of another.

    Parameters
    ----------
    whole : DataSet
        The data set, which is read only when rows are asked for.
    chosen : ndarray of bool, (n,)
        Which rows of its training part there are.

    Raises
    ------
    DataSetError
        If ``chosen`` has another number of rows than the training part.
    """

    def __init__(self, whole: DataSet, chosen: NDArray[np.bool_]) -> None:
        count = len(whole.candidates(_TRAIN))
        if len(chosen) != count:
            raise DataSetError(
                f"{len(chosen)} rows are chosen or not; the training part has {count}; allowed: one a row"
            )
        self.whole, self.chosen = whole, chosen
        self.survey = whole.survey
        self.channels = whole.channels
        self.class_names = whole.class_names
        self.pixel_scale_arcsec = whole.pixel_scale_arcsec
        self.pixel_state = whole.pixel_state
        self.fingerprint = fingerprint(["training sample", whole.fingerprint, arrays_sha256([chosen])])

    @property
    def size_pixel(self) -> int:
        """Return the side of a cutout."""
        return self.whole.size_pixel

    def candidates(self, part: str) -> pd.DataFrame:
        """Return the candidate columns of one part."""
        found = self.whole.candidates(part)
        return found[self.chosen].reset_index(drop=True) if part == _TRAIN else found

    def cutouts(self, part: str) -> NDArray[np.float32]:
        """Return all raw cutouts of one part, ``(n, y, x, channel)``."""
        if part != _TRAIN:
            return self.whole.cutouts(part)
        if self._held is not None:
            return self._held
        return np.concatenate([pixels for _, pixels in self._sampled(BLOCK_ROWS)])

    def batches(self, part: str, size: int) -> Iterator[tuple[slice, NDArray[np.float32]]]:
        """Yield ``(rows, cutouts)`` of one part in order, rows counted from the part's first."""
        if part != _TRAIN:
            yield from self.whole.batches(part, size)
        elif self._held is None:
            yield from self._sampled(size)
        else:
            for start in range(0, len(self._held), size):
                block = self._held[start : start + size]
                yield slice(start, start + len(block)), block

    @cached_property
    def _held(self) -> NDArray[np.float32] | None:
        """The pixels of a sample that is small enough to be held."""
        shape = (int(self.chosen.sum()), self.size_pixel, self.size_pixel, len(self.channels))
        if 4 * np.prod(shape, dtype=np.int64) > HELD_BYTES:
            return None
        held = np.empty(shape, dtype=np.float32)
        for rows, pixels in self._sampled(BLOCK_ROWS):
            held[rows] = pixels
        return held

    def _sampled(self, size: int) -> Iterator[tuple[slice, NDArray[np.float32]]]:
        """Return the chosen training rows in blocks of ``size``, the last with what is left, as they are read."""
        return refilled((cutouts[self.chosen[where]] for where, cutouts in self.whole.batches(_TRAIN, size)), size)
