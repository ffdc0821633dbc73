"""What a recipe says of the threshold: the rule and its arguments, checked.

Tested by tests/models/recipes/test_classifier.py.
"""

from collections.abc import Mapping
from typing import Any

from pipeline.errors import SettingsError
from pipeline.metrics import THRESHOLD_RULES
from pipeline.registry import Registry


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
    known = THRESHOLD_RULES.metadata(rule)["parameters"]
    faults = []
    for name, value in parameter.items():
        if name not in known:
            faults.append(f"unknown key 'threshold_parameter.{name}'; {rule} knows: {', '.join(known) or 'none'}")
        elif not 0 <= value <= 1:
            faults.append(f"'threshold_parameter.{name}' is {value}; allowed: 0 to 1")
    return faults


def unknown(registry: Registry[Any], name: str) -> str:
    """Return the message that a registry does not know a name; empty if it does."""
    try:
        registry[name]
    except SettingsError as error:
        return str(error)
    return ""
