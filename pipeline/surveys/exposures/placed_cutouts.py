"""Cutouts at any place of an exposure, with those of its individual frames.

Tested by tests/pipeline/surveys/exposures/test_reader.py.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pipeline.surveys.base import Batch


@dataclass(frozen=True, kw_only=True, eq=False)
class PlacedCutouts:
    """Cutouts of one exposure.

    Attributes
    ----------
    batch : Batch
        In the survey's channels; places at the edge are among its dropped.
    frames : list of ndarray of float32, (n, y, x)
        The same rows in each individual frame, where the survey shows layers of them.
    """

    batch: Batch
    frames: list[NDArray[np.float32]] = field(default_factory=list)
