"""Recipes of stacks: the parsed content of a file of ``config/classifiers`` with ``classifier: stack``.

Tested by tests/models/recipes/test_stack.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Self

from models.recipes.stack_members import StackMembers, with_named_members
from models.recipes.threshold_settings import rule_faults
from pipeline.classes import GUESSED_SOURCES
from pipeline.errors import SettingsError
from pipeline.settings import parse


@dataclass(frozen=True, kw_only=True)
class StackRecipe(StackMembers):
    """What a stack is made of, and how it is calibrated; every key of its file.

    Attributes
    ----------
    untrusted : tuple of str
        Label sources that judge neither the weights nor calibration and threshold, as in `ClassifierRecipe`.
    calibration : {"platt", "platt_prior", "temperature", "vector", "beta", "isotonic", "none"}
        The one calibration of the combined logit, or logits; as in `ClassifierRecipe`.
    threshold_rule : str
        ``fixed``, ``mdr``, ``fpr``, ``f1``, ``mcc``, ``gmean`` or ``f1_mcc``, of the stack's own scores.
    threshold_parameter : mapping of str to float
        Arguments of the rule: ``value`` of ``fixed``, ``target`` of ``mdr`` and ``fpr``.
    """

    untrusted: tuple[str, ...] = GUESSED_SOURCES
    calibration: Literal["platt", "platt_prior", "temperature", "vector", "beta", "isotonic", "none"] = "platt"
    threshold_rule: str = "fixed"
    threshold_parameter: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        faults = rule_faults(self.threshold_rule, self.threshold_parameter)
        try:
            super().__post_init__()
        except SettingsError as error:
            faults.insert(0, str(error))
        if faults:
            raise SettingsError("; ".join(faults))

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, object], where: str = "recipe of a stack") -> Self:
        """Return the recipe in a parsed YAML file, or one error that lists every fault.

        Parameters
        ----------
        mapping : mapping
            What ``yaml.safe_load`` returned.
        where : str
            The file's name, for the message.

        Raises
        ------
        SettingsError
            With each unknown key, wrong type, unknown name and value out of range.
        """
        return parse(cls, with_named_members(mapping), where)
