"""Classifiers on the features of cutouts: estimators of scikit-learn that ONNX can hold.

Two are offered. :func:`build_boosting` is one gradient-boosted forest; :func:`build_feature_ensemble` averages it
with extremely randomised trees, an unlike model that errs elsewhere. Both take raw float32 features without
scaling and support ``sample_weight``. Boosting on histograms is `models.architectures.histogram_boosting`.
"""

from collections.abc import Mapping
from typing import Any

from pipeline.errors import SettingsError

BOOSTING_SETTINGS: dict[str, float] = {
    "n_estimators": 150,
    "max_depth": 4,
    "learning_rate": 0.08,
    "max_features": 0.1,
    "subsample": 0.6,
    "min_samples_leaf": 5,
}
"""Settings of :func:`build_boosting` and their defaults."""

TREES_SETTINGS: dict[str, float] = {"trees": 150, "trees_max_features": 0.15, "trees_min_samples_leaf": 2}
"""Settings of the randomised trees in :func:`build_feature_ensemble`, which takes those of boosting as well."""


def _settings(defaults: Mapping[str, float], chosen: Mapping[str, Any]) -> dict[str, Any]:
    unknown = sorted(set(chosen) - set(defaults))
    if unknown:
        raise SettingsError(f"unknown setting {unknown[0]!r} of a feature model; known: {', '.join(sorted(defaults))}")
    return {**defaults, **chosen}


def build_boosting(seed: int, **settings: Any) -> Any:
    """Return an unfitted gradient-boosted classifier.

    Parameters
    ----------
    seed : int
        Seed of the rows and features each tree sees.
    **settings
        Any of :data:`BOOSTING_SETTINGS`; an unknown one raises SettingsError.
    """
    from sklearn.ensemble import GradientBoostingClassifier

    return GradientBoostingClassifier(random_state=seed, **_settings(BOOSTING_SETTINGS, settings))


def build_on_histograms(seed: int, *, n_estimators: int, l2_penalty: float, **settings: Any) -> Any:
    """Return an unfitted classifier of boosted trees on histograms, without early stopping.

    Parameters
    ----------
    seed : int
        Of the features that each split looks at, and of the bins of very many rows.
    n_estimators : int
        Trees for each class.
    l2_penalty : float
        On the values of leaves.
    **settings
        Others as scikit-learn names them.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(
        max_iter=n_estimators, l2_regularization=l2_penalty, early_stopping=False, random_state=seed, **settings
    )


def build_feature_ensemble(seed: int, **settings: Any) -> Any:
    """Return an unfitted soft vote of boosting and extremely randomised trees, each half.

    Parameters
    ----------
    seed : int
        Seed of both members.
    **settings
        Any of :data:`BOOSTING_SETTINGS` and :data:`TREES_SETTINGS`; an unknown one raises SettingsError.
    """
    from sklearn.ensemble import ExtraTreesClassifier, VotingClassifier

    chosen = _settings({**BOOSTING_SETTINGS, **TREES_SETTINGS}, settings)
    trees = ExtraTreesClassifier(
        n_estimators=chosen["trees"],
        max_features=chosen["trees_max_features"],
        min_samples_leaf=chosen["trees_min_samples_leaf"],
        random_state=seed,
    )
    boosting = build_boosting(seed, **{name: chosen[name] for name in BOOSTING_SETTINGS})
    return VotingClassifier([("boosting", boosting), ("trees", trees)], voting="soft", flatten_transform=False)
