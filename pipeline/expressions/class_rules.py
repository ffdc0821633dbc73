"""Classes of rows by rules: which rules a row matches, and which class it has if there are several."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipeline.classes import UNLABELLED
from pipeline.errors import SettingsError, UnknownNameError
from pipeline.expressions.column_settings import ClassRules

NEGATIVE: Final = 0
"""Code of the class of rows that match no rule."""


def class_codes(rules: ClassRules, class_names: Sequence[str]) -> NDArray[np.int8]:
    """Return the code of the class of each rule, then of each override, ``(r,)``.

    Parameters
    ----------
    rules : ClassRules
        The rules.
    class_names : sequence of str
        Names of the classes at the index of their codes.

    Raises
    ------
    UnknownNameError
        If a rule is for a class that there is not.
    """
    names = list(class_names)
    for _, name, _ in rules.conditions():
        if name not in names:
            raise UnknownNameError("class in class_rules", name, names)
    return np.array([names.index(name) for _, name, _ in rules.conditions()], dtype=np.int8)


def rule_matches(rules: ClassRules, columns: Mapping[str, NDArray[Any]]) -> NDArray[np.bool_]:
    """Return which rules, then overrides, each row matches, ``(n, r)``.

    Parameters
    ----------
    rules : ClassRules
        The rules.
    columns : mapping of str to NDArray, (n,)
        The columns that they name.
    """
    return np.stack([condition.holds(columns) for _, _, condition in rules.conditions()], axis=1)


def labels_by_rule(
    rules: ClassRules,
    matches: NDArray[np.bool_],
    class_names: Sequence[str],
    counts: NDArray[np.int64] | None = None,
) -> NDArray[np.int8]:
    """Return the label of each row, ``(n,)``.

    Parameters
    ----------
    rules : ClassRules
        The rules.
    matches : NDArray[bool], (n, r)
        Which of them each row matches, from :func:`rule_matches`.
    class_names : sequence of str
        Names of the classes at the index of their codes.
    counts : NDArray[int64], (r,), or None
        How many rows of the whole table match each; needed with ``several: rarest``, so that the labels do not depend
        on where a block begins. Of equally rare classes the first named is taken.

    Raises
    ------
    SettingsError
        If ``counts`` are needed and not given.

    Examples
    --------
    >>> rules = ClassRules(rules={"BG": "J < 18", "QSO": "W1 < 20"})
    >>> matches = np.array([[True, True], [True, False], [False, False]])
    >>> labels_by_rule(rules, matches, ["Others", "BG", "QSO"], np.array([900, 30])).tolist()
    [2, 1, 0]
    """
    codes, first_override = class_codes(rules, class_names), len(rules.rules)
    order = np.arange(first_override)
    if rules.several == "rarest" and len(order) > 1:
        if counts is None:
            raise SettingsError("class_rules.several is 'rarest', which needs the counts of the whole table")
        order = np.argsort(counts[:first_override], kind="stable")
    negative = NEGATIVE if rules.unmatched == "negative" else UNLABELLED
    labels = np.full(len(matches), negative, dtype=np.int8)
    overrides = np.arange(first_override, len(codes))
    for place in (*order[::-1], *overrides[::-1]):  # the last that is written wins
        labels[matches[:, place]] = codes[place]
    return labels
