"""Vetoes: what a row must fulfil to be called a class, and the classes that a better known column names outright."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import SettingsError, UnknownNameError
from pipeline.expressions.expression import Expression, parse_condition


@dataclass(frozen=True, kw_only=True)
class VetoSettings:
    """Which rows may not be called what a classifier calls them.

    Attributes
    ----------
    required : mapping of str to str
        Class to the condition that its rows fulfil, such as its cuts in colour; rows that do not, also for want of a
        measurement, are called ``fallback``.
    overrides : mapping of str to str
        Class to the condition under which a row is called so whatever the classifier says, after ``required``; the
        first that is true.
    fallback : str
        The class that vetoed rows are called; empty: the negative class.
    """

    required: Mapping[str, str]
    overrides: Mapping[str, str] = field(default_factory=dict)
    fallback: str = ""

    def __post_init__(self) -> None:
        for _ in self.conditions():
            pass
        if self.fallback in self.required:
            raise SettingsError(f"required has {self.fallback!r}, the class of vetoed rows; allowed: other classes")

    def conditions(self) -> list[tuple[str, str, Expression]]:
        """Return key, class and condition of each veto, then of each override."""
        return [
            (key, name, parse_condition(text, f"{key}.{name}"))
            for key, table in (("required", self.required), ("overrides", self.overrides))
            for name, text in table.items()
        ]


def vetoed_rows(
    settings: VetoSettings, columns: Mapping[str, NDArray[Any]], class_names: Sequence[str]
) -> dict[int, NDArray[np.bool_]]:
    """Return for the code of each class with a condition the rows that may not be called so, ``(n,)``.

    The answers are those that :func:`pipeline.metrics.vetoes.apply_vetoes` takes.

    Parameters
    ----------
    settings : VetoSettings
        The vetoes.
    columns : mapping of str to NDArray, (n,)
        The columns that they name, missing values as NaN.
    class_names : sequence of str
        Names of the classes at the index of their codes.

    Raises
    ------
    SettingsError
        If a class or a column is unknown, or the fallback class has a condition.

    Examples
    --------
    >>> settings = VetoSettings(required={"BG": "16 < J < 18"})
    >>> vetoed_rows(settings, {"J": np.array([17.0, 19.0, np.nan])}, ["Others", "BG"])
    {1: array([False,  True,  True])}
    """
    answers = {
        _code(name, class_names): ~condition.holds(columns)
        for key, name, condition in settings.conditions()
        if key == "required"
    }
    fallback = fallback_code(settings, class_names)
    if fallback in answers:
        raise SettingsError(f"required has {class_names[fallback]!r}, the class of vetoed rows; allowed: other classes")
    return answers


def overridden(
    settings: VetoSettings,
    called: NDArray[np.int64],
    columns: Mapping[str, NDArray[Any]],
    class_names: Sequence[str],
) -> NDArray[np.int64]:
    """Return the called classes after the overrides, ``(n,)``.

    Parameters
    ----------
    settings : VetoSettings
        The overrides.
    called : NDArray[int64], (n,)
        The class that each row is called; -1 is none.
    columns, class_names
        As for :func:`vetoed_rows`.
    """
    after = called.copy()
    for key, name, condition in reversed(settings.conditions()):
        if key == "overrides":
            after[condition.holds(columns)] = _code(name, class_names)
    return after


def fallback_code(settings: VetoSettings, class_names: Sequence[str]) -> int:
    """Return the code of the class that vetoed rows are called.

    Parameters
    ----------
    settings, class_names
        As for :func:`vetoed_rows`.
    """
    return _code(settings.fallback, class_names) if settings.fallback else 0


def _code(name: str, class_names: Sequence[str]) -> int:
    if name not in class_names:
        raise UnknownNameError("class in vetoes", name, class_names)
    return list(class_names).index(name)
