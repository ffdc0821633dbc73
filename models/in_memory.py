"""A data set held in memory, for tests, benchmarks and notebooks.

Tested by tests/conformance/test_classifiers.py.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.classes import CLASS_NAMES


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
