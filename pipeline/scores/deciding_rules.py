"""Rules of a survey that decide, after a classifier, which class a row is of: vetoes of a class, and overrides."""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.expressions.expression import Expression, parse_condition

log = logging.getLogger(__name__)

RULES: Final = "deciding_rules"
"""Key of the provenance of scores whose classes rules decided: the survey's ``vetoes`` and ``overrides``."""

TRUTH: Final = frozenset({"label", "split", "dataset_part"})
"""Columns that no rule may look at: a new row does not have them."""


@dataclass(frozen=True, kw_only=True)
class DecidingRules:
    """Vetoes and overrides of some classes.

    Attributes
    ----------
    class_names : tuple of str
        The classes, by their numbers; a vetoed row is of the first.
    vetoes : mapping of int to Expression
        For the number of a class, the condition under which no row is called so.
    overrides : mapping of int to Expression
        For the number of a class, the condition under which a row is called so, whatever the classifier and the vetoes
        say. If several hold, the one that is named first counts.
    """

    class_names: tuple[str, ...]
    vetoes: Mapping[int, Expression]
    overrides: Mapping[int, Expression]

    @classmethod
    def of(cls, vetoes: Mapping[str, str], overrides: Mapping[str, str], class_names: Sequence[str]) -> Self:
        """Return the rules of the classes that there are; others are left out with a warning.

        Parameters
        ----------
        vetoes, overrides : mapping of str to str
            Conditions by the names of classes, as a survey states them.
        class_names : sequence of str
            The classes of the scores.

        Raises
        ------
        SettingsError
            If a text is no condition.
        """
        names = tuple(class_names)
        for name in dict.fromkeys([*vetoes, *overrides]):
            if name not in names:
                log.warning("the rules for %s are left out: the scores are of %s", name, ", ".join(names))

        def parsed(texts: Mapping[str, str], key: str) -> dict[int, Expression]:
            known = {name: text for name, text in texts.items() if name in names}
            return {names.index(name): parse_condition(text, f"{key}: {name}") for name, text in known.items()}

        return cls(class_names=names, vetoes=parsed(vetoes, "vetoes"), overrides=parsed(overrides, "overrides"))

    def __bool__(self) -> bool:
        return bool(self.vetoes or self.overrides)

    @property
    def columns(self) -> frozenset[str]:
        """The columns that the rules name."""
        return frozenset(
            name for rules in (self.vetoes, self.overrides) for one in rules.values() for name in one.names
        )

    def stated(self) -> dict[str, dict[str, str]]:
        """Return the rules as texts, for a provenance."""
        return {
            key: {self.class_names[index]: one.text for index, one in rules.items()}
            for key, rules in (("vetoes", self.vetoes), ("overrides", self.overrides))
        }

    def require(self, known: Collection[str]) -> None:
        """Refuse a rule that names a column which is not known.

        Raises
        ------
        SettingsError
            With the key, the rule, and the nearest column.
        """
        allowed = [name for name in known if name not in TRUTH]
        for key, rules in (("vetoes", self.vetoes), ("overrides", self.overrides)):
            for index, one in rules.items():
                one.require(allowed, f"{key}: {self.class_names[index]}")

    def vetoed(self, columns: Mapping[str, NDArray[np.generic]]) -> dict[int, NDArray[np.bool_]]:
        """Return, by the number of a class, which rows its veto forbids to be called so, each ``(n,)``."""
        return {index: one.holds(columns) for index, one in self.vetoes.items()}

    def decide(
        self, predicted: ArrayLike, columns: Mapping[str, NDArray[np.generic]]
    ) -> tuple[NDArray[np.int8], NDArray[np.object_]]:
        """Return the class of each row after the rules, and the rule that changed it.

        Parameters
        ----------
        predicted : array_like of int, shape (n,)
            The class that the classifier calls each row; -1 is none, and stays so.
        columns : mapping of str to ndarray
            The columns that the rules name, each ``(n,)``.

        Returns
        -------
        decided : ndarray of int8, (n,)
        rule : ndarray of object, (n,)
            ``veto BG`` or ``override QSO``; empty where the classifier's class stands.
        """
        from pipeline.metrics.vetoes import (
            apply_vetoes,
        )  # of a room that loads SciPy, which surveys without rules spare

        before = np.asarray(predicted, dtype=np.int64)
        after = apply_vetoes(before, self.vetoed(columns), n_classes=len(self.class_names))
        names = np.array([*self.class_names, ""], object)
        rule = np.where(after != before, "veto " + names[before], "").astype(object)
        forced = np.full(len(before), -1)
        for index, one in self.overrides.items():
            forced[(forced < 0) & one.holds(columns)] = index
        changed = (forced >= 0) & (before >= 0) & (forced != after)
        rule[changed] = "override " + names[forced[changed]]
        decided = np.where(changed, forced, after)
        rule[decided == before] = ""
        return decided.astype(np.int8), rule
