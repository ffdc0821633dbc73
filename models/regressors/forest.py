"""A forest whose leaves keep the distribution of their rows (Meinshausen 2006), not their mean alone.

Tested by tests/models/regressors/test_regressors.py.
"""

import numpy as np
from numpy.typing import ArrayLike

from models.regressors.base import REGRESSORS, Array, Fitted, RegressionRows, place_of
from models.regressors.parts import Forest
from pipeline.redshifts.heads import SmoothedMasses


@REGRESSORS.register("forest", in_graph=True)
def forest(
    rows: RegressionRows,
    edges: Array,
    seed: int,
    *,
    trees: int = 200,
    min_samples_leaf: int = 5,
    max_features: float = 0.5,
    width: float = 0.005,
) -> Fitted:
    """A random forest; a row's distribution is the mean of the targets in its leaves, smoothed.

    Missing features go the way that fits best.

    Parameters
    ----------
    rows, edges, seed
        As of `fit_regressor`.
    trees, min_samples_leaf, max_features
        As scikit-learn's.
    width : float
        Standard deviation of the smoothing, in the unit of the target.
    """
    from sklearn.ensemble import RandomForestRegressor

    model = RandomForestRegressor(
        trees, min_samples_leaf=min_samples_leaf, max_features=max_features, random_state=seed
    )
    model.fit(rows.features, rows.target, sample_weight=rows.weights)
    bins, place = len(edges) - 1, place_of(rows.target, edges)
    tables = []
    for tree, leaf in zip(model.estimators_, model.apply(rows.features).T, strict=True):
        counts = np.bincount(leaf * bins + place, weights=rows.weights, minlength=tree.tree_.node_count * bins)
        table = counts.reshape(-1, bins)
        tables.append((table / np.maximum(table.sum(axis=1, keepdims=True), 1e-300)).astype(np.float32))

    def raw(features: ArrayLike) -> Array:
        leaves = model.apply(np.asarray(features, dtype=np.float64))
        masses = np.zeros((len(leaves), bins))
        for table, leaf in zip(tables, leaves.T, strict=True):
            masses += table[leaf]
        return masses

    head = SmoothedMasses(width=width)
    return Fitted(edges=edges, head=head, raw=raw, parts=Forest(model=model, tables=tables))
