"""Which keys of a classifier recipe decide nothing about the weights, so that changing one of them trains nothing.

Tested by tests/integration/test_calibrate_package.py.
"""

from collections.abc import Mapping
from typing import Final, TypeVar

V = TypeVar("V")

CALIBRATION_KEYS: Final = (
    "calibration",
    "threshold_rule",
    "threshold_parameter",
    "posterior_samples",
    "scoring_precision",
)
"""Keys that `CalibratePackage` looks at and `TrainClassifier` does not."""


def training_part(recipe: Mapping[str, V]) -> dict[str, V]:
    """Return the keys of a classifier recipe that decide the weights."""
    return {name: value for name, value in recipe.items() if name not in CALIBRATION_KEYS}


def calibration_part(recipe: Mapping[str, V]) -> dict[str, V]:
    """Return the keys of a classifier recipe that decide what is made of the weights."""
    return {name: value for name, value in recipe.items() if name in CALIBRATION_KEYS}
