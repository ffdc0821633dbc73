"""What is made of the logits of validation rows: a calibration, thresholds, and what a model is worth on them.

Tested by tests/models/packages/test_calibrating.py.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from models.recipes.calibration_keys import BASE_RATE, Method
from models.recipes.threshold_settings import survey_keys
from pipeline.classes import CLASS_NAMES, REAL
from pipeline.metrics import summary
from pipeline.metrics.best_thresholds import best_thresholds
from pipeline.metrics.class_metrics import class_summary
from pipeline.scores.class_calibration import (
    Calibration,
    ClassScaling,
    class_shares,
    described,
    fit_calibration,
    probabilities_of,
)
from pipeline.scores.prevalence import at_prevalence, weights_at

log = logging.getLogger(__name__)

CLASS_MERITS = ("accuracy", "macro_f1", "macro_recall", "log_loss", "brier", "plain_ece")
"""What a package of more than two classes says of its validation rows."""

OF_EACH_PACKAGE = ("fixed", "mdr", "fpr", "f1", "mcc", "gmean")
"""Rules whose thresholds count among what makes packages equal; that of another rule does where it is in use, so that
packages of before keep their digests."""


class CalibrationSettings(Protocol):
    """The keys of a recipe that decide what is made of logits."""

    @property
    def calibration(
        self,
    ) -> Method:
        """Return how logits become probabilities."""

    @property
    def calibrated_to(self) -> Literal["sample", "base_rate"]:
        """Return the share of reals that scores are probabilities at."""

    @property
    def threshold_rule(self) -> str:
        """Return which rule sets the threshold in use."""

    @property
    def threshold_parameter(self) -> Mapping[str, float]:
        """Return the arguments of that rule."""


def prevalence_of(
    recipe: CalibrationSettings,
    logits: NDArray[np.float64],
    labels: NDArray[np.int64],
    survey: Mapping[str, float] = MappingProxyType({}),
) -> float:
    """Return the share of reals that the scores are calibrated for; NaN with more than two classes."""
    return survey["base_rate"] if recipe.calibrated_to == BASE_RATE else fitted_prevalence(recipe, logits, labels)


def fitted_prevalence(recipe: CalibrationSettings, logits: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """Return the share of reals that a calibration is fitted for; NaN with more than two classes."""
    if logits.shape[1] != 1:
        return float("nan")
    return 0.5 if recipe.calibration == "platt_prior" else float((labels == REAL).mean())


def shares_of(recipe: CalibrationSettings, labels: NDArray[np.int64], class_names: Sequence[str]) -> dict[str, float]:
    """Return the share of each of more than two classes that the probabilities are calibrated for; empty with two.

    Parameters
    ----------
    recipe : CalibrationSettings
        With ``platt_prior``, all shares are equal.
    labels : ndarray of int64, shape (n,)
        Of the rows that calibration was fitted on.
    class_names : sequence of str
        The classes, at the index of their codes.
    """
    if len(class_names) == len(CLASS_NAMES):
        return {}
    if recipe.calibration == "platt_prior":
        return dict.fromkeys(class_names, 1.0 / len(class_names))
    return class_shares(labels, class_names)


def fitted_calibration(
    recipe: CalibrationSettings,
    logits: NDArray[np.float64],
    labels: NDArray[np.int64],
    survey: Mapping[str, float] = MappingProxyType({}),
) -> Calibration:
    """Return the calibration of logits ``(n, columns)`` that a recipe asks for, at the base rate if it says so.

    ``survey`` is what the recipe takes of the survey.
    """
    calibration = fit_calibration(recipe.calibration, logits, labels)
    if recipe.calibrated_to == BASE_RATE and not isinstance(calibration, ClassScaling):
        calibration = at_prevalence(calibration, fitted_prevalence(recipe, logits, labels), survey["base_rate"])
    if recipe.calibration != "none":
        log.info("calibrated on %d rows: %s", len(labels), ", ".join(_told(calibration)))
    return calibration


def _told(calibration: Calibration) -> Iterator[str]:
    """Yield the numbers of a calibration by name."""
    for name, value in described(calibration).items():
        values = value if isinstance(value, list) else [value]
        yield f"{name} {' '.join(f'{one:.3f}' for one in values)}"


@dataclass(frozen=True, kw_only=True)
class Merits:
    """What a model is worth on the validation rows: keys of `Calibrated`."""

    thresholds: dict[str, float]
    best_thresholds: dict[str, dict[str, float]]
    metrics: dict[str, float]

    def threshold_of(self, recipe: CalibrationSettings) -> float | None:
        """Return the threshold in use; None of more than two classes."""
        return self.thresholds.get(recipe.threshold_rule)


def merits(
    recipe: CalibrationSettings,
    logits: NDArray[np.float64],
    labels: NDArray[np.int64],
    calibration: Calibration,
    survey: Mapping[str, float] = MappingProxyType({}),
) -> Merits:
    """Return thresholds by rule and metrics on the validation rows; of more classes, there are no thresholds.

    Parameters
    ----------
    recipe : CalibrationSettings
        Its threshold rule is taken with its own parameters, each other with its defaults.
    logits : ndarray of float64, shape (n, columns)
    labels : ndarray of int64, shape (n,)
    calibration : Platt, Beta, Isotonic or ClassScaling
        The calibration.
    survey : mapping of str to float, optional
        What the recipe takes of the survey. Metrics are at its base rate if the scores are.
    """
    probabilities = probabilities_of(calibration, logits)
    if logits.shape[1] > 1:
        found = class_summary(labels, probabilities)[0]
        return Merits(thresholds={}, best_thresholds={}, metrics={name: found[name] for name in CLASS_MERITS})
    scores = probabilities[:, REAL]
    rule = recipe.threshold_rule
    own = {**recipe.threshold_parameter, **{name: survey[name] for name in survey_keys(rule)}}
    at_inference = np.where(scores.astype(np.float32) == 1.0, 1.0, scores)  # where float32 tells no two apart
    best = best_thresholds(labels, at_inference, {rule: own})
    weights = weights_at(labels, survey["base_rate"]) if recipe.calibrated_to == BASE_RATE else None
    return Merits(
        thresholds={name: best[name]["threshold"] for name in dict.fromkeys((*OF_EACH_PACKAGE, rule))},
        best_thresholds=best,
        metrics=summary(labels, scores, weights),
    )
