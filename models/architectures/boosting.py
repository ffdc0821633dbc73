"""Gradient boosting on the physical features of the cutouts: the baseline of every report.

Tested by tests/conformance/test_classifiers.py.
"""

from typing import Any

from models.architectures.feature_models import BOOSTING_SETTINGS, build_boosting
from models.registry import CLASSIFIERS, FEATURES


@CLASSIFIERS.register(
    "boosting", family=FEATURES, minimum_size_pixel=9, minimum_channels=1, settings=tuple(BOOSTING_SETTINGS)
)
def boosting(seed: int, **settings: Any) -> Any:
    """Gradient-boosted trees on physical features of the cutouts."""
    return build_boosting(seed, **settings)
