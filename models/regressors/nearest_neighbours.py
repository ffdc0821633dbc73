"""The rows of the most similar features: the plainest baseline, and hard to beat by much.

Tested by tests/models/regressors/test_regressors.py.
"""

import numpy as np
from numpy.typing import ArrayLike

from models.regressors.base import REGRESSORS, Array, Predict, RegressionRows, place_of
from models.regressors.parts import Scaling
from pipeline.redshifts.binned_pdfs import BinnedPdfs
from pipeline.redshifts.heads import smoothed


@REGRESSORS.register("nearest_neighbours", in_graph=False)
def nearest_neighbours(
    rows: RegressionRows, edges: Array, seed: int, *, neighbours: int = 20, width: float = 0.01
) -> Predict:
    """The distribution of the targets of the nearest rows in scaled features, smoothed; nothing is drawn.

    Parameters
    ----------
    rows, edges, seed
        As of `fit_regressor`.
    neighbours : int
        How many rows.
    width : float
        Standard deviation of the smoothing, in the unit of the target.
    """
    from scipy.spatial import cKDTree

    del seed
    scaling = Scaling.fit(rows.features)
    tree = cKDTree(scaling.apply(rows.features))
    place, wanted = place_of(rows.target, edges), min(neighbours, len(rows))

    def predict(features: ArrayLike) -> BinnedPdfs:
        _, near = tree.query(scaling.apply(features), k=range(1, wanted + 1))
        masses = np.zeros((len(near), len(edges) - 1))
        for column in near.T:
            np.add.at(masses, (np.arange(len(near)), place[column]), rows.weights[column])
        return smoothed(edges, masses, width)

    return predict
