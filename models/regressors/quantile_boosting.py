"""Histogram gradient boosting of quantiles, joined to a distribution.

Tested by tests/models/regressors/test_regressors.py.
"""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from models.regressors.base import REGRESSORS, Array, Predict, RegressionRows
from pipeline.redshifts.binned_pdfs import BinnedPdfs

QUANTILES: Final = (0.01, 0.05, 0.16, 0.3, 0.5, 0.7, 0.84, 0.95, 0.99)


@REGRESSORS.register("quantile_boosting")
def quantile_boosting(
    rows: RegressionRows,
    edges: Array,
    seed: int,
    *,
    iterations: int = 200,
    learning_rate: float = 0.05,
    leaves: int = 31,
) -> Predict:
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
    shares = np.array([0.0, *QUANTILES, 1.0])

    def predict(features: ArrayLike) -> BinnedPdfs:
        values = np.asarray(features, dtype=np.float64)
        inner = np.sort(np.column_stack([model.predict(values) for model in models]), axis=1)
        ends = np.broadcast_to(edges[[0, -1]], (len(values), 2))
        knots = np.column_stack([ends[:, 0], np.clip(inner, edges[0], edges[-1]), ends[:, 1]])
        return BinnedPdfs.of_cumulative(edges, np.array([np.interp(edges, row, shares) for row in knots]))

    return predict
