"""What a tuning searches: a recipe, a space of other values for it, and the objective that decides between them.

Tested by tests/models/searches/test_tuning.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from models.recipes.class_merits import CLASS_MERITS, MACRO_F1
from models.recipes.classifier import ClassifierRecipe
from models.recipes.search_spaces import SearchSpace, with_values
from models.registry import NETWORK
from pipeline.errors import UnknownNameError
from pipeline.metrics import METRICS

PREFIX: Final = "validation_"
"""What begins the name of an objective: that of a value of an epoch."""
_OF_EVERY_RECIPE: Final = ("loss", "accuracy", MACRO_F1)


@dataclass(frozen=True, kw_only=True)
class Search:
    """What is searched, and for what.

    Attributes
    ----------
    recipe : mapping
        The classifier recipe's file as parsed: what all trials share.
    space : SearchSpace
        The keys that differ between trials.
    objective : str
        Value of the validation rows after an epoch, as `objective_of` returns it.
    trials : int
        How many, at least 1.
    seed : int
        Of the draws, and of each training.
    where : str
        The files of space and recipe, for messages.
    """

    recipe: Mapping[str, Any]
    space: SearchSpace
    objective: str
    trials: int
    seed: int
    where: str = "search space"

    @cached_property
    def own_changes(self) -> dict[str, Any]:
        """What a recipe has to say for the objective to decide its best epoch, where it does not yet."""
        stated, metric = self._parsed(self.recipe), self.objective.removeprefix(PREFIX)
        changes: dict[str, Any] = {} if self.objective == stated.monitor else {"monitor": self.objective}
        named = metric in _OF_EVERY_RECIPE or metric in stated.metrics
        return changes if named else {**changes, "metrics": [*stated.metrics, metric]}

    @cached_property
    def base(self) -> dict[str, Any]:
        """The recipe's mapping with the objective as its monitor."""
        return {**self.recipe, **self.own_changes}

    @cached_property
    def is_of_features(self) -> bool:
        """Whether the classifier is trained at once on features, without epochs."""
        return self._parsed(self.recipe).family != NETWORK

    @cached_property
    def larger_is_better(self) -> bool:
        """The direction of the objective."""
        return self._parsed(self.base).larger_is_better

    def recipe_of(self, values: Mapping[str, Any]) -> ClassifierRecipe:
        """Return the recipe of a trial."""
        return self._parsed(with_values(self.base, self.as_stated(values)))

    def as_stated(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return drawn values as a recipe states them."""
        return {key: self.space.parameters[key].as_stated(value) for key, value in values.items()}

    def best_of(self, values: Sequence[float]) -> float:
        """Return the best value of the objective."""
        return max(values) if self.larger_is_better else min(values)

    @staticmethod
    def _parsed(mapping: Mapping[str, Any]) -> ClassifierRecipe:
        return ClassifierRecipe.from_mapping(mapping)


def objective_of(recipe: ClassifierRecipe, asked: str) -> str:
    """Return the objective that is asked for, else what the recipe monitors.

    Parameters
    ----------
    recipe : ClassifierRecipe
        The searched one.
    asked : str
        ``validation_loss``, ``validation_accuracy``, or ``validation_`` and a metric; empty: the recipe's monitor.

    Raises
    ------
    UnknownNameError
        If there is no such value of an epoch.
    """
    names = [*_OF_EVERY_RECIPE, *recipe.metrics, *CLASS_MERITS, *METRICS]
    known = [PREFIX + name for name in dict.fromkeys(names)]
    if asked and asked not in known:
        raise UnknownNameError("objective", asked, known)
    return asked or recipe.monitor
