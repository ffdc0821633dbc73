"""What fitted regressors are made of, by which their graphs are written.

Tested by tests/models/regressors/test_regressors.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


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


class Dense(NamedTuple):
    """A layer of a network: ``weights`` ``(in, out)`` and ``bias`` ``(out,)``."""

    weights: NDArray[np.float32]
    bias: NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Networks:
    """Several networks of dense layers (SiLU but for the last), whose numbers stand side by side.

    Attributes
    ----------
    members : sequence of sequence of Dense
        The layers of each.
    scaling : Scaling
        Of the features.
    """

    members: Sequence[Sequence[Dense]]
    scaling: Scaling


@dataclass(frozen=True, kw_only=True)
class Boosted:
    """Boosted regressors of scikit-learn (HistGradientBoostingRegressor), one a column.

    Attributes
    ----------
    models : sequence
        Fitted.
    """

    models: Sequence[Any]


@dataclass(frozen=True, kw_only=True)
class Forest:
    """A forest that sums what its leaves hold.

    Attributes
    ----------
    model : RandomForestRegressor
        Fitted.
    tables : sequence of ndarray of float32, (m, b)
        What each node of each tree holds; of inner nodes it counts for nothing.
    """

    model: Any
    tables: Sequence[NDArray[np.float32]]


Parts: TypeAlias = Networks | Boosted | Forest
