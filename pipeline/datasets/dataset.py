"""What a classifier reads of a data set: three parts of labelled cutouts, streamed in blocks.

Tested by tests/models/training/test_rows.py.
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

    @property
    def survey(self) -> str:
        """Name of the survey."""

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the channels, in their order."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes, by the number in ``label``."""

    @property
    def pixel_scale_arcsec(self) -> float:
        """Size of a pixel in arcsec; NaN if it is not known."""

    @property
    def pixel_state(self) -> str:
        """``raw``, or the normalisation that the pixels went through."""

    @property
    def fingerprint(self) -> str:
        """Identity of the data set."""

    @property
    def size_pixel(self) -> int:
        """Side of a cutout."""

    def candidates(self, part: str) -> pd.DataFrame:
        """Return the candidate columns of a part, one row per cutout, with ``label`` in 0 ... k."""

    def cutouts(self, part: str) -> NDArray[np.float32]:
        """Return all raw cutouts of a part at once, ``(n, y, x, channel)``; for small parts."""

    def batches(self, part: str, size: int) -> Iterator[tuple[slice, NDArray[np.float32]]]:
        """Yield ``(rows, cutouts)`` in order, ``rows`` a slice within the part of at most ``size`` rows."""
