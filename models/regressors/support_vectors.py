"""Support vector regression, with the distribution of its residuals on rows that it had not seen.

Tested by tests/models/regressors/test_regressors.py.
"""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from models.regressors.base import REGRESSORS, Array, Predict, RegressionRows
from models.regressors.parts import Scaling
from pipeline.redshifts.binned_pdfs import BinnedPdfs
from pipeline.redshifts.heads import smoothed
from pipeline.rng import stream

FOLDS: Final = 4


@REGRESSORS.register("support_vectors", in_graph=False)
def support_vectors(
    rows: RegressionRows,
    edges: Array,
    seed: int,
    *,
    cost: float = 1.0,
    epsilon: float = 0.01,
    width: float = 0.005,
) -> Predict:
    """Support vectors with a Gaussian kernel; the residuals of four folds, shifted to the value, are the distribution.

    Every row has the same shape of distribution.

    Parameters
    ----------
    rows, edges, seed
        As of `fit_regressor`.
    cost, epsilon
        As scikit-learn's ``C`` and ``epsilon``.
    width : float
        Standard deviation of the smoothing, in the unit of the target.
    """
    from sklearn.svm import SVR

    scaling = Scaling.fit(rows.features)
    scaled = scaling.apply(rows.features)
    fold = stream(seed, "regression folds").permutation(np.arange(len(rows)) % FOLDS)
    residuals = np.empty(len(rows))
    for one in range(FOLDS):
        held = fold == one
        taught = SVR(C=cost, epsilon=epsilon).fit(scaled[~held], rows.target[~held], rows.weights[~held])
        residuals[held] = rows.target[held] - taught.predict(scaled[held])
    model = SVR(C=cost, epsilon=epsilon).fit(scaled, rows.target, rows.weights)
    order = np.argsort(residuals)
    known, share = residuals[order], np.cumsum(rows.weights[order]) / rows.weights.sum()

    def predict(features: ArrayLike) -> BinnedPdfs:
        values = np.clip(model.predict(scaling.apply(features)), edges[0], edges[-1])
        cumulative = np.interp(edges[None, :] - values[:, None], known, share, left=0.0, right=1.0)
        return smoothed(edges, np.diff(cumulative, axis=1), width)

    return predict
