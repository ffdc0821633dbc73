"""Unlike models on the physical features of the cutouts, averaged.

Tested by tests/conformance/test_classifiers.py.
"""

from typing import Any

from models.architectures.feature_models import BOOSTING_SETTINGS, TREES_SETTINGS, build_feature_ensemble
from models.registry import CLASSIFIERS, FEATURES


@CLASSIFIERS.register(
    "feature_ensemble",
    family=FEATURES,
    minimum_size_pixel=9,
    minimum_channels=1,
    settings=(*BOOSTING_SETTINGS, *TREES_SETTINGS),
)
def feature_ensemble(seed: int, **settings: Any) -> Any:
    """Boosting and extremely randomised trees on physical features of the cutouts, averaged."""
    return build_feature_ensemble(seed, **settings)
