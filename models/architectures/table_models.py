"""Classifiers of scikit-learn for the rows of a table, beside which a network has to prove itself.

Each is written into an ONNX graph by `models.graphs.table_graph`; nothing of them is pickled.

Tested by tests/models/training/test_table_training.py.
"""

from typing import Any, Final

from models.architectures.feature_models import build_on_histograms
from models.architectures.rbf_machines import RbfMachines
from models.inputs.table_recipe import TableRecipe
from models.registry import CLASSIFIERS, TABLE

FILLED: Final = TableRecipe(scaling="none", impute="mean", indicator=True)
"""What a forest sees where its recipe says nothing: its trees ask for no scale, and missing features are marked."""

SCALED: Final = TableRecipe(scaling="standard", indicator=True)
"""What is seen by those that measure distances."""


@CLASSIFIERS.register(
    "table_forest",
    family=TABLE,
    minimum_size_pixel=1,
    minimum_channels=1,
    table=FILLED,
    scale_free=True,
    spreads_trees=True,
)
def table_forest(
    seed: int, *, n_estimators: int = 300, max_depth: int = 40, max_features: float = 0.3, min_samples_leaf: int = 2
) -> Any:
    """Random forest on the features of a table.

    Parameters
    ----------
    seed : int
        Of the rows and features that each tree sees.
    n_estimators, max_depth, min_samples_leaf : int
        Trees, their depth, rows of a leaf.
    max_features : float
        Share of the features that a split looks at.
    """
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(
        n_estimators=n_estimators,
        max_depth=max_depth,
        max_features=max_features,
        min_samples_leaf=min_samples_leaf,
        random_state=seed,
    )


@CLASSIFIERS.register(
    "table_boosting", family=TABLE, minimum_size_pixel=1, minimum_channels=1, table=None, scale_free=True
)
def table_boosting(
    seed: int,
    *,
    n_estimators: int = 200,
    learning_rate: float = 0.08,
    max_leaf_nodes: int = 31,
    min_samples_leaf: int = 20,
    l2_penalty: float = 0.0,
) -> Any:
    """Boosted trees on histograms of the features of a table, which tell by themselves where missing ones belong.

    Parameters
    ----------
    seed : int
        Of the bins of very many rows.
    n_estimators, max_leaf_nodes, min_samples_leaf : int
        Trees for each class, leaves of a tree, rows of a leaf.
    learning_rate : float
        What of each tree counts.
    l2_penalty : float
        On the values of leaves.
    """
    return build_on_histograms(
        seed,
        n_estimators=n_estimators,
        learning_rate=learning_rate,
        max_leaf_nodes=max_leaf_nodes,
        min_samples_leaf=min_samples_leaf,
        l2_penalty=l2_penalty,
    )


@CLASSIFIERS.register("table_svm", family=TABLE, minimum_size_pixel=1, minimum_channels=1, table=SCALED)
def table_svm(seed: int, *, cost: float = 1.0, gamma: float = 1.0, rows: int = 10_000) -> Any:
    """Support vector machines with Gaussian kernels, one for each class, on the scaled features of a table.

    Parameters
    ----------
    seed : int
        Of the choice of rows.
    cost : float
        Of a row on the wrong side.
    gamma : float
        Inverse square width of the kernel, in units of 1 over the number of features.
    rows : int
        Training rows at most, drawn evenly over the classes' shares; the time grows with their square.
    """
    return RbfMachines(seed=seed, cost=cost, gamma=gamma, rows=rows)


@CLASSIFIERS.register("table_logistic", family=TABLE, minimum_size_pixel=1, minimum_channels=1, table=SCALED)
def table_logistic(seed: int, *, cost: float = 1.0) -> Any:
    """Logistic regression on the scaled features of a table.

    Parameters
    ----------
    seed : int
        Of nothing: the optimum is one.
    cost : float
        Of a wrong row against the size of the weights.
    """
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=cost, max_iter=2000, random_state=seed)
