"""Distributions recalibrated so that their PIT values of held-out rows are uniform (Bordoloi, Lilly & Amara 2010)."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.errors import InputError
from pipeline.redshifts.binned_pdfs import BinnedPdfs

FEWEST_A_KNOT: Final = 20
"""PIT values that each knot of the map needs."""


@dataclass(frozen=True, kw_only=True)
class PitMap:
    """The map from a predicted cumulative probability to the share of truths that were found below it.

    Attributes
    ----------
    predicted, found : ndarray of float64, (k,)
        Knots, both from 0 to 1 and increasing; between knots the map is linear.
    """

    predicted: NDArray[np.float64]
    found: NDArray[np.float64]

    def apply(self, pdfs: BinnedPdfs) -> BinnedPdfs:
        """Return the distributions whose cumulative probabilities are mapped; edges stay."""
        return BinnedPdfs.of_cumulative(pdfs.edges, np.interp(pdfs.cumulative, self.predicted, self.found))


def fit_pit_map(pit: ArrayLike, knots: int = 20) -> PitMap:
    """Return the map that makes the PIT values of held-out rows uniform but for their noise between knots.

    Parameters
    ----------
    pit : array_like, (n,)
        PIT values of rows that the regressor did not learn from; NaN rows are left out.
    knots : int
        Inner knots, at quantiles of the PIT values; more follow finer faults and more noise.

    Raises
    ------
    InputError
        If there are fewer than `FEWEST_A_KNOT` rows a knot, or a value outside 0 to 1.
    """
    values = np.asarray(pit, dtype=np.float64)
    values = np.sort(values[np.isfinite(values)])
    if knots < 1 or len(values) < FEWEST_A_KNOT * knots:
        raise InputError(
            f"{len(values)} PIT values for {knots} knots; allowed: at least {FEWEST_A_KNOT} for each of at least 1 knot"
        )
    if values[0] < 0.0 or values[-1] > 1.0:
        raise InputError(f"PIT values must lie between 0 and 1; given {values[0]:g} to {values[-1]:g}")
    found = np.linspace(0.0, 1.0, knots + 2)
    predicted, first = np.unique(np.concatenate([[0.0], np.quantile(values, found[1:-1]), [1.0]]), return_index=True)
    found = found[first]
    found[-1] = 1.0
    return PitMap(predicted=predicted, found=found)
