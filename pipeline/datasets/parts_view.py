"""A view of a data set whose learned parts are divided anew; what derives from it says which row is in which part.

Tested by tests/pipeline/datasets/test_refolded.py.
"""

from collections.abc import Collection, Iterator, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.classes import LEARNED_PARTS, PARTS
from pipeline.datasets.blocks import refilled
from pipeline.datasets.dataset import DataSet


class PartsView:
    """Serves as a :class:`pipeline.datasets.dataset.DataSet`.

    Parameters
    ----------
    dataset : DataSet
        The whole; it stays open as long as the view is used.
    fingerprint : str
        Identity of the view.
    parts : mapping of str to ndarray of int8
        For each part of the whole whose rows are divided anew, the part of the view that each of its rows is in, or -1.
    own : collection of str
        Parts of the view that are made of these rows; any other is that of the whole.
    """

    def __init__(
        self,
        dataset: DataSet,
        fingerprint: str,
        parts: Mapping[str, NDArray[np.int8]],
        own: Collection[str] = LEARNED_PARTS,
    ) -> None:
        self.survey = dataset.survey
        self.channels = dataset.channels
        self.class_names = dataset.class_names
        self.pixel_scale_arcsec = dataset.pixel_scale_arcsec
        self.pixel_state = dataset.pixel_state
        self.fingerprint = fingerprint
        self._dataset, self._parts, self._own = dataset, parts, frozenset(own)

    @property
    def size_pixel(self) -> int:
        """Side of a cutout."""
        return self._dataset.size_pixel

    def candidates(self, part: str) -> pd.DataFrame:
        """Return the candidate columns of a part."""
        if part not in self._own:
            return self._dataset.candidates(part)
        frames = [self._dataset.candidates(source)[rows] for source, rows in self._taken(part)]
        return pd.concat(frames, ignore_index=True)

    def cutouts(self, part: str) -> NDArray[np.float32]:
        """Return all raw cutouts of a part."""
        if part not in self._own:
            return self._dataset.cutouts(part)
        return np.concatenate([self._dataset.cutouts(source)[rows] for source, rows in self._taken(part)])

    def batches(self, part: str, size: int) -> Iterator[tuple[slice, NDArray[np.float32]]]:
        """Yield ``(rows, cutouts)`` of a part in order, as a data set that holds these rows alone."""
        if part not in self._own:
            yield from self._dataset.batches(part, size)
            return
        yield from refilled(self._pieces(part, size), size)

    def _pieces(self, part: str, size: int) -> Iterator[NDArray[np.float32]]:
        for source, rows in self._taken(part):
            for where, cutouts in self._dataset.batches(source, size):
                yield cutouts[rows[where]]

    def _taken(self, part: str) -> list[tuple[str, NDArray[np.bool_]]]:
        """Return, for each part of the whole, which of its rows are in a part of the view."""
        return [(source, codes == PARTS[part]) for source, codes in self._parts.items()]
