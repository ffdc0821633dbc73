"""Which keys of a classifier recipe decide nothing about the weights, so that changing one of them trains nothing.

Tested by tests/integration/test_calibrate_package.py.
"""

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias, TypeVar

from pipeline.recipes.learned_fold import MOST_LEARNED_FOLDS
from pipeline.recipes.night_rates import NightRates

V = TypeVar("V")

Method: TypeAlias = Literal["platt", "platt_prior", "temperature", "vector", "beta", "isotonic", "by_night", "none"]
"""How a recipe may be calibrated."""

BUDGET: Final = "budget"
"""The threshold rule that counts a survey's own candidates."""

SAMPLE: Final = "sample"
BASE_RATE: Final = "base_rate"
"""What a recipe may be calibrated to: the share of reals of the rows that calibrate, or that of the survey."""

CALIBRATION_KEYS: Final = (
    "calibration",
    "calibration_folds",
    "calibrated_to",
    "threshold_rule",
    "threshold_parameter",
    "posterior_samples",
    "scoring_precision",
    "conformal",
    "outliers",
)
"""Keys that `CalibratePackage` looks at and `TrainClassifier` does not."""


def training_part(recipe: Mapping[str, V]) -> dict[str, V]:
    """Return the keys of a classifier recipe that decide the weights."""
    return {name: value for name, value in recipe.items() if name not in CALIBRATION_KEYS}


def survey_part(recipe: Mapping[str, object], rates: NightRates) -> dict[str, object]:
    """Return what a recipe, of a classifier or a stack, takes of the survey's own candidates; empty where nothing.

    Parameters
    ----------
    recipe : mapping
        The content of its file.
    rates : NightRates
        The survey's.
    """
    if recipe.get("threshold_rule") == BUDGET:
        return {"base_rate": rates.base_rate, "candidates_per_night": rates.candidates_per_night}
    return {"base_rate": rates.base_rate} if recipe.get("calibrated_to") == BASE_RATE else {}


def calibration_part(recipe: Mapping[str, V]) -> dict[str, V]:
    """Return the keys of a classifier recipe that decide what is made of the weights."""
    return {name: value for name, value in recipe.items() if name in CALIBRATION_KEYS}


def folds_of(recipe: Mapping[str, object]) -> int:
    """Return how many further trainings calibrate a classifier; 0 where a recipe states none, or no possible number.

    Examples
    --------
    >>> folds_of({"calibration_folds": 5}), folds_of({}), folds_of({"calibration_folds": "five"})
    (5, 0, 0)
    """
    count = recipe.get("calibration_folds", 0)
    return count if type(count) is int and 2 <= count <= MOST_LEARNED_FOLDS else 0
