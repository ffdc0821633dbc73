"""A trained classifier of any family: what it can do, and how its training tells how far it is.

Tested by tests/models/training/test_train.py.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from models.inputs.metadata import MetadataScaling
from models.inputs.table_scaling import TableScaling

Progress = Callable[[float, str], None]
"""Called with the share done, 0 ... 1, and one line."""


def no_progress(share: float, message: str) -> None:
    """Take the report and tell nobody of it."""


class Fitted(Protocol):
    """A trained classifier of any family."""

    @property
    def threads(self) -> int:
        """Return how many cores trained it."""

    @property
    def scaling(self) -> MetadataScaling | None:
        """Return the scaling of the metadata that it takes beside the pixels, raw columns ``(n, k)``; None without."""

    @property
    def table(self) -> TableScaling | None:
        """Return the scaling of a table's features that its graph begins with; None of cutouts."""

    def logits(self, pixels: NDArray[np.float32], metadata: NDArray[np.float32] | None = None) -> NDArray[np.floating]:
        """Return the logits of selected raw pixels: one column for two classes, else one a class."""

    def export(self, directory: Path) -> dict[str, Any]:
        """Write the model's files, whose graphs give logits; return ``posterior`` masks, ``parameters`` and digest."""

    def reference(
        self, directory: Path, pixels: NDArray[np.float32], metadata: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        """Return the logits ``(n, columns)`` that the ONNX graph has to reproduce."""
