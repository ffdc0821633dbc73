"""What a recipe says of the threshold: the rule and its arguments, checked.

Tested by tests/models/recipes/test_classifier.py.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from models.recipes.calibration_keys import BASE_RATE
from models.recipes.conformal_recipe import ConformalRecipe
from pipeline.errors import SettingsError
from pipeline.metrics import THRESHOLD_RULES
from pipeline.recipes.night_rates import NightRates
from pipeline.registry import Registry


class DecidedBySurvey(Protocol):
    """The keys of a recipe by which the survey's own candidates count."""

    @property
    def calibrated_to(self) -> str:
        """Return the share of reals that scores are probabilities at."""

    @property
    def threshold_rule(self) -> str:
        """Return which rule sets the threshold in use."""


def rule_faults(rule: str, parameter: Mapping[str, float]) -> list[str]:
    """Return what is wrong with a threshold rule and its arguments, one text a fault.

    Parameters
    ----------
    rule : str
        Of `THRESHOLD_RULES`.
    parameter : mapping of str to float
        Its arguments by name.
    """
    if rule not in THRESHOLD_RULES:
        return [unknown(THRESHOLD_RULES, rule)]
    facts = THRESHOLD_RULES.metadata(rule)
    known, needs = facts["parameters"], facts.get("needs", ())
    faults = [
        f"'threshold_parameter.{name}' is missing; {rule} needs it: {known[name]}"
        for name in needs
        if name not in parameter
    ]
    for name, value in parameter.items():
        if name not in known:
            faults.append(f"unknown key 'threshold_parameter.{name}'; {rule} knows: {', '.join(known) or 'none'}")
        elif name in needs:
            faults += [] if value > 0 else [f"'threshold_parameter.{name}' is {value}; allowed: above 0"]
        elif not 0 <= value <= 1:
            faults.append(f"'threshold_parameter.{name}' is {value}; allowed: 0 to 1")
    return faults


def prevalence_faults(calibration: str, calibrated_to: str, conformal: ConformalRecipe | None) -> list[str]:
    """Return what is wrong with the share of reals that a recipe is calibrated to, one text a fault.

    Parameters
    ----------
    calibration, calibrated_to, conformal
        The recipe's keys.
    """
    if calibrated_to != BASE_RATE:
        return []
    faults = []
    if calibration == "none":
        faults.append("'calibrated_to' is 'base_rate', and 'calibration' is 'none'; allowed with it: sample")
    if conformal is not None and conformal.promise == "all" and conformal.base_rate is None:
        faults.append(
            "'calibrated_to' is 'base_rate', and 'conformal' promises for all rows at the validation rows' own share "
            "of reals; allowed: conformal.base_rate, or 'promise: class'"
        )
    return faults


def of_survey(recipe: DecidedBySurvey, rates: NightRates, where: str) -> dict[str, float]:
    """Return what a recipe takes of the survey's own candidates: of ``base_rate`` and ``candidates_per_night``.

    Parameters
    ----------
    recipe : ClassifierRecipe or StackRecipe
        Calibrated to the base rate, or with a rule that needs them, or neither.
    rates : NightRates
        The survey's.
    where : str
        The recipe's file, for the message.

    Raises
    ------
    SettingsError
        If the survey does not state what is needed, or a base rate of 0 or 1.
    """
    rule = recipe.threshold_rule
    found = {}
    if recipe.calibrated_to == BASE_RATE:
        found["base_rate"] = rates.required_base_rate(f"{where}: 'calibrated_to: base_rate'")
    return found | rates.arguments(survey_keys(rule), f"{where}: 'threshold_rule: {rule}'")


def survey_keys(rule: str) -> tuple[str, ...]:
    """Return which keys of the survey a threshold rule takes as arguments."""
    return tuple(THRESHOLD_RULES.metadata(rule).get("of_survey", ()))


def unknown(registry: Registry[Any], name: str) -> str:
    """Return the message that a registry does not know a name; empty if it does."""
    try:
        registry[name]
    except SettingsError as error:
        return str(error)
    return ""
