"""Histogram gradient boosting of quantiles, joined to a distribution.

Tested by tests/models/regressors/test_regressors.py.
"""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from models.regressors.base import REGRESSORS, Array, Fitted, RegressionRows
from models.regressors.parts import Boosted
from pipeline.redshifts.heads import Quantiles

QUANTILES: Final = (0.01, 0.05, 0.16, 0.3, 0.5, 0.7, 0.84, 0.95, 0.99)


@REGRESSORS.register("quantile_boosting", in_graph=True)
def quantile_boosting(
    rows: RegressionRows,
    edges: Array,
    seed: int,
    *,
    iterations: int = 200,
    learning_rate: float = 0.05,
    leaves: int = 31,
) -> Fitted:
    """Boosted trees for nine quantiles; between them the cumulative probability is linear, crossings are sorted.

    The quantiles of 0 and 1 are the first and the last edge. Missing features go the way that fits best.

    Parameters
    ----------
    rows, edges, seed
        As of `fit_regressor`.
    iterations, learning_rate, leaves
        As scikit-learn's ``max_iter``, ``learning_rate`` and ``max_leaf_nodes``.
    """
    from sklearn.ensemble import HistGradientBoostingRegressor

    models = [
        HistGradientBoostingRegressor(
            loss="quantile",
            quantile=share,
            max_iter=iterations,
            learning_rate=learning_rate,
            max_leaf_nodes=leaves,
            early_stopping=False,
            random_state=seed,
        ).fit(rows.features, rows.target, sample_weight=rows.weights)
        for share in QUANTILES
    ]

    def raw(features: ArrayLike) -> Array:
        values = np.asarray(features, dtype=np.float64)
        return np.column_stack([model.predict(values) for model in models])

    head = Quantiles(shares=QUANTILES)
    return Fitted(edges=edges, head=head, raw=raw, parts=Boosted(models=models))
