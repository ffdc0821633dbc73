"""What a classifier reads of a data set: three parts of labelled cutouts, streamed in blocks.

Tested by tests/models/test_rows.py.
"""

from collections.abc import Iterator
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray


class DataSet(Protocol):
    """Labelled cutouts in three parts; read by :func:`pipeline.io.results.dataset_file.open_dataset`.

    Rows of a part were permuted once when the data set was written, so contiguous blocks are a shuffled
    sample. ``part`` is ``"train"``, ``"validation"`` or ``"test"``.
    """

    survey: str
    channels: tuple[str, ...]
    class_names: tuple[str, ...]
    pixel_scale_arcsec: float
    pixel_state: str
    fingerprint: str

    @property
    def size_pixel(self) -> int:
        """Side of a cutout."""

    def candidates(self, part: str) -> pd.DataFrame:
        """Return the candidate columns of a part, one row per cutout, with ``label`` in 0 ... k."""

    def cutouts(self, part: str) -> NDArray[np.float32]:
        """Return all raw cutouts of a part at once, ``(n, y, x, channel)``; for small parts."""

    def batches(self, part: str, size: int) -> Iterator[tuple[slice, NDArray[np.float32]]]:
        """Yield ``(rows, cutouts)`` in order, ``rows`` a slice within the part of at most ``size`` rows."""
