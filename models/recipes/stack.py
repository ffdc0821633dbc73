"""Recipes of stacks: the parsed content of a file of ``config/classifiers`` with ``classifier: stack``.

Tested by tests/models/recipes/test_stack.py.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Self

from models.recipes.calibration_keys import SAMPLE, Method
from models.recipes.conformal_recipe import ConformalRecipe
from models.recipes.stack_members import StackMembers, with_named_members
from models.recipes.threshold_settings import prevalence_faults, rule_faults
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
    calibration : {"platt", "platt_prior", "temperature", "vector", "beta", "isotonic", "by_night", "none"}
        The one calibration of the combined logit, or logits; as in `ClassifierRecipe`.
    calibrated_to : {"sample", "base_rate"}
        The share of reals that scores are probabilities at: that of the rows which calibrate, or the survey's
        ``base_rate``. Of two classes alone.
    threshold_rule : str
        ``fixed``, ``mdr``, ``fpr``, ``f1``, ``mcc``, ``gmean``, ``f1_mcc`` or ``budget``, of the stack's own scores.
    threshold_parameter : mapping of str to float
        Arguments of the rule: ``value`` of ``fixed``, ``target`` of ``mdr`` and ``fpr``, ``looks`` of ``budget``.
    conformal : ConformalRecipe or None
        With two classes: verdicts of the stack, as in `ClassifierRecipe`; those of its members play no part.
    """

    untrusted: tuple[str, ...] = GUESSED_SOURCES
    calibration: Method = "platt"
    calibrated_to: Literal["sample", "base_rate"] = "sample"
    threshold_rule: str = "fixed"
    threshold_parameter: Mapping[str, float] = field(default_factory=dict)
    conformal: ConformalRecipe | None = None

    def __post_init__(self) -> None:
        faults = rule_faults(self.threshold_rule, self.threshold_parameter)
        faults += prevalence_faults(self.calibration, self.calibrated_to, self.conformal)
        try:
            super().__post_init__()
        except SettingsError as error:
            faults.insert(0, str(error))
        if faults:
            raise SettingsError("; ".join(faults))

    @property
    def stated(self) -> dict[str, Any]:
        """Return all keys as packages state them: younger ones where they are not the default."""
        defaults = {"calibrated_to": SAMPLE, "conformal": None}
        return {name: value for name, value in asdict(self).items() if name not in defaults or value != defaults[name]}

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
