"""What every regressor is: a function of rows, bins and a seed that returns how to predict distributions.

Tested by tests/models/regressors/test_regressors.py.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from models.regressors.parts import Parts
from pipeline.errors import InputError
from pipeline.redshifts.binned_pdfs import BinnedPdfs
from pipeline.redshifts.heads import Head
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
"""Each is a function ``(rows, edges, seed, **settings) -> Predict``; equal arguments give equal distributions. With
``in_graph``, what it returns is `Fitted`, of which a package can be made."""


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """A fitted regressor whose numbers a graph can give, and what makes distributions of them.

    Attributes
    ----------
    edges : ndarray of float64, (b + 1,)
        Edges of the bins.
    head : Head
        What makes distributions of the numbers.
    raw : callable
        Takes features ``(n, f)`` and returns the numbers of the rows, ``(n, k)``.
    parts : Parts
        What it is made of, for the graph from features to these numbers.
    """

    edges: Array
    head: Head
    raw: Callable[[ArrayLike], Array]
    parts: Parts

    def __call__(self, features: ArrayLike) -> BinnedPdfs:
        """Return the distributions of rows."""
        return self.head.pdfs(self.edges, self.raw(features))


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
