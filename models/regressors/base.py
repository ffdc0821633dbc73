"""What every regressor is: a function of rows, bins and a seed that returns how to predict distributions.

Tested by tests/models/regressors/test_regressors.py.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.errors import InputError
from pipeline.redshifts.binned_pdfs import BinnedPdfs
from pipeline.registry import Registry

Array = NDArray[np.float64]

Predict = Callable[[ArrayLike], BinnedPdfs]
"""Takes features ``(n, f)`` and returns distributions of n rows."""

FEWEST_ROWS: Final = 20
"""Rows that a regressor needs to learn from."""

HOMES: Final = {
    "forest": "models.regressors.forest",
    "mixture_density": "models.regressors.mixture_density",
    "nearest_neighbours": "models.regressors.nearest_neighbours",
    "quantile_boosting": "models.regressors.quantile_boosting",
    "support_vectors": "models.regressors.support_vectors",
}

REGRESSORS: Registry[Callable[..., Predict]] = Registry("regressor", homes=HOMES)
"""Each is a function ``(rows, edges, seed, **settings) -> Predict``; equal arguments give equal distributions."""


@dataclass(frozen=True, kw_only=True)
class RegressionRows:
    """The rows that a regressor learns from, checked.

    Attributes
    ----------
    features : ndarray of float64, (n, f)
        NaN is missing.
    target : ndarray of float64, (n,)
        The number to predict, finite.
    weights : ndarray of float64, (n,)
        At least 0.
    """

    features: Array
    target: Array
    weights: Array

    @classmethod
    def of(cls, features: ArrayLike, target: ArrayLike, weights: ArrayLike | None = None) -> "RegressionRows":
        """Return the rows that have a target, and weights of 1 where none are given.

        Parameters
        ----------
        features : array_like, (n, f)
            NaN is missing; infinite counts as missing.
        target : array_like, (n,)
            Rows without a finite one are left out.
        weights : array_like, (n,), optional
            At least 0; rows of weight 0 are left out.

        Raises
        ------
        InputError
            If shapes do not match, a weight is below 0 or missing, or fewer than `FEWEST_ROWS` rows remain.
        """
        values, wanted = np.asarray(features, dtype=np.float64), np.asarray(target, dtype=np.float64)
        weight = np.ones(len(wanted)) if weights is None else np.asarray(weights, dtype=np.float64)
        if values.ndim != 2 or wanted.shape != (len(values),) or weight.shape != wanted.shape:
            raise InputError(
                f"features {values.shape}, target {wanted.shape}, weights {weight.shape}; allowed: (n, f), (n,), (n,)"
            )
        for row in np.flatnonzero(~(weight >= 0))[:1]:
            raise InputError(f"row {row} has the weight {weight[row]:g}; allowed: at least 0")
        kept = np.isfinite(wanted) & (weight > 0)
        if kept.sum() < FEWEST_ROWS:
            raise InputError(
                f"{kept.sum()} of {len(wanted)} rows have a target and a weight; allowed: at least {FEWEST_ROWS}"
            )
        finite = np.where(np.isfinite(values), values, np.nan)
        return cls(features=finite[kept], target=wanted[kept], weights=weight[kept])

    def __len__(self) -> int:
        return len(self.target)


@dataclass(frozen=True, kw_only=True)
class Scaling:
    """Features with mean 0 and deviation 1 and a mark for what is missing, for regressors that take no NaN.

    Attributes
    ----------
    mean, deviation : ndarray of float64, (f,)
        Of the rows that taught, without what is missing.
    marked : ndarray of int, (m,)
        Columns in which something was missing; each gets a column of 0 and 1 beside the features.
    """

    mean: Array
    deviation: Array
    marked: NDArray[np.intp]

    @classmethod
    def fit(cls, features: Array) -> "Scaling":
        """Return the scaling of the rows that teach; a column without any value, or of one value, becomes 0."""
        known = np.isfinite(features)
        count = np.maximum(known.sum(axis=0), 1)
        mean = np.where(known, features, 0.0).sum(axis=0) / count
        spread = np.sqrt((np.where(known, features - mean, 0.0) ** 2).sum(axis=0) / count)
        return cls(mean=mean, deviation=np.where(spread > 0, spread, 1.0), marked=np.flatnonzero(~known.all(axis=0)))

    def apply(self, features: ArrayLike) -> Array:
        """Return ``(n, f + m)`` numbers without NaN; what is missing is the mean."""
        values = np.asarray(features, dtype=np.float64)
        known = np.isfinite(values)
        scaled = (np.where(known, values, self.mean) - self.mean) / self.deviation
        return np.column_stack([scaled, ~known[:, self.marked]])


def fit_regressor(name: str, rows: RegressionRows, edges: ArrayLike, *, seed: int, **settings: float) -> Predict:
    """Return a fitted regressor.

    Parameters
    ----------
    name : str
        A name of REGRESSORS.
    rows : RegressionRows
        What it learns from.
    edges : array_like, (b + 1,)
        Edges of the bins of its distributions; all targets must lie within them.
    seed : int
        Seed of all that it draws.
    **settings
        Its own; see its function.

    Raises
    ------
    InputError
        If a target lies outside the bins.
    """
    bounds = np.asarray(edges, dtype=np.float64)
    outside = rows.target[(rows.target < bounds[0]) | (rows.target > bounds[-1])]
    if len(outside):
        raise InputError(
            f"{len(outside)} targets such as {outside[0]:g} lie outside the bins {bounds[0]:g} to {bounds[-1]:g}"
        )
    return REGRESSORS[name](rows, bounds, seed, **settings)


def place_of(values: Array, edges: Array) -> NDArray[np.intp]:
    """Return the bin of each value; those outside belong to the first or the last."""
    return np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(edges) - 2)


def smoothed(edges: Array, masses: Array, width: float) -> BinnedPdfs:
    """Return distributions after a Gaussian of standard deviation ``width`` was laid over the centres of the bins.

    Parameters
    ----------
    edges : ndarray of float64, (b + 1,)
        Edges of the bins.
    masses : ndarray of float64, (n, b)
        What is smoothed, such as counts of neighbours.
    width : float
        Above 0, in the unit of the edges.
    """
    from scipy.special import ndtr

    centres = 0.5 * (edges[1:] + edges[:-1])
    spread = np.diff(ndtr((edges[None, :] - centres[:, None]) / width), axis=1)
    return BinnedPdfs.of(edges, masses @ spread)
