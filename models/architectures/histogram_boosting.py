"""Boosted trees on histograms of the physical features of the cutouts: quick to train on very many rows.

Tested by tests/conformance/test_classifiers.py.
"""

from typing import Any

from models.architectures.feature_models import build_on_histograms
from models.registry import CLASSIFIERS, FEATURES


@CLASSIFIERS.register("histogram_boosting", family=FEATURES, minimum_size_pixel=9, minimum_channels=1)
def histogram_boosting(
    seed: int,
    *,
    n_estimators: int = 400,
    learning_rate: float = 0.06,
    max_leaf_nodes: int = 31,
    min_samples_leaf: int = 20,
    max_features: float = 0.3,
    l2_penalty: float = 1.0,
) -> Any:
    """Boosted trees on histograms of physical features of the cutouts, each split among a share of the features.

    Parameters
    ----------
    seed : int
        Of the features that each split looks at, and of the bins of very many rows.
    n_estimators, max_leaf_nodes, min_samples_leaf : int
        Trees, leaves of a tree, rows of a leaf.
    learning_rate : float
        What of each tree counts.
    max_features : float
        Share of the features that a split looks at.
    l2_penalty : float
        On the values of leaves.
    """
    return build_on_histograms(
        seed,
        n_estimators=n_estimators,
        learning_rate=learning_rate,
        max_leaf_nodes=max_leaf_nodes,
        min_samples_leaf=min_samples_leaf,
        max_features=max_features,
        l2_penalty=l2_penalty,
    )
