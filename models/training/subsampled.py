"""A data set with some of the training rows of another one, each once or several times.

Tested by tests/models/training/test_subsampled.py.
"""

from collections.abc import Iterator
from functools import cached_property
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.training.rows import BLOCK_ROWS
from models.training.training_view import TRAINING, TrainingView, held_batches
from models.weights import arrays_sha256
from pipeline.datasets.blocks import refilled
from pipeline.datasets.dataset import DataSet
from pipeline.errors import DataSetError
from pipeline.fingerprint import fingerprint

HELD_BYTES: Final = 256 * 2**20
"""A sample whose pixels take no more is read once and held in memory, so that no epoch reads the whole part for it."""


class SubsampledDataSet(TrainingView):
    """Some training rows of a data set.

    Blocks of its training part are as full as those of a data set that holds these rows alone. With all rows it trains
    what the whole data set trains; only its fingerprint differs.

    Parameters
    ----------
    whole : DataSet
        The data set, which is read only when rows are asked for.
    chosen : ndarray of bool or int, (n,)
        Which rows of its training part there are, or how often each is.

    Raises
    ------
    DataSetError
        If ``chosen`` has another number of rows than the training part.
    """

    def __init__(self, whole: DataSet, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> None:
        count = len(whole.candidates(TRAINING))
        if len(chosen) != count:
            raise DataSetError(
                f"{len(chosen)} rows are chosen or not; the training part has {count}; allowed: one a row"
            )
        super().__init__(whole, fingerprint(["training sample", whole.fingerprint, arrays_sha256([chosen])]))
        self.chosen = chosen

    def training_candidates(self) -> pd.DataFrame:
        """Return the candidate columns of the chosen rows."""
        places = np.repeat(np.arange(len(self.chosen)), self.chosen)
        return self.whole.candidates(TRAINING).iloc[places].reset_index(drop=True)

    def training_cutouts(self) -> NDArray[np.float32]:
        """Return all chosen cutouts."""
        if self._held is not None:
            return self._held
        return np.concatenate([pixels for _, pixels in self._sampled(BLOCK_ROWS)])

    def training_batches(self, size: int) -> Iterator[tuple[slice, NDArray[np.float32]]]:
        """Yield the chosen rows in blocks."""
        return self._sampled(size) if self._held is None else held_batches(self._held, size)

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
        read = self.whole.batches(TRAINING, size)
        return refilled((np.repeat(cutouts, self.chosen[where], axis=0) for where, cutouts in read), size)
