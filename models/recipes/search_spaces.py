"""Search spaces: the parsed content of one file of ``config/spaces``, and the recipes that its values make.

Tested by tests/models/recipes/test_search_spaces.py.
"""

import dataclasses
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import combinations, product
from math import prod
from types import MappingProxyType
from typing import Any, Final, Literal

from models.recipes.calibration_keys import CALIBRATION_KEYS
from models.recipes.classifier import ClassifierRecipe
from pipeline.errors import SettingsError

OF_CLASSIFIER: Final = "settings."
"""What begins the name of a setting of the classifier itself, one of the recipe's key ``settings``."""

_NOT_SEARCHED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "classifier": "train each classifier and compare their packages",
        "module": "train each of your files and compare their packages",
        "fine_tuning": "train from each file of weights and compare their packages",
        "settings": "name one of its keys, as 'settings.dense'",
        "monitor": "it is the objective",
        "metrics": "they change no training",
        "threads": "it changes rounding alone",
        "untrusted": "it decides which rows judge",
        "required_channels": "it decides which rows judge",
    }
    | dict.fromkeys(
        ("symmetries", *CALIBRATION_KEYS),
        "it acts after the training and changes no objective",
    )
)
"""Keys of a recipe by which no two trainings could be compared, and why."""

LARGEST_GRID: Final = 100_000
"""Points of a grid; of more, ``draw: random`` takes some."""

_OF_THE_LOSS: Final = ("loss", "label_smoothing", "class_weight", "sampling", "label_source_weight")
"""Keys that say what the validation loss is, so that losses of two of their values do not compare."""

LOSS: Final = "validation_loss"
"""The objective that each recipe has, whatever metrics it names."""

_RECIPE: Final = "recipe"
_SEVERAL: Final = re.compile(r"; (?='|unknown )")
"""Between the faults of a recipe in one error."""


@dataclass(frozen=True, kw_only=True)
class SearchedKey:
    """The values that one key of a recipe may take in a search.

    Attributes
    ----------
    kind : {"float", "int", "choice"}
        Numbers or whole numbers from ``low`` to ``high``, both included, or one of ``choices``.
    low, high : float or None
        Of a ``float`` or ``int``, ``low`` below ``high``.
    log : bool
        Whether each factor is as likely as any other, rather than each difference; ``low`` is above 0 then.
    step : int
        Between values of an ``int``, at least 1; with ``log`` 1.
    choices : tuple of object
        Of a ``choice``: at least two different values of any kind, lists included.
    copies : int
        The key gets a list of that many copies of the value, for a setting that is a list; 0: the value itself.
    """

    kind: Literal["float", "int", "choice"]
    low: float | None = None
    high: float | None = None
    log: bool = False
    step: int = 1
    choices: tuple[object, ...] = ()
    copies: int = 0

    def __post_init__(self) -> None:
        faults = [] if self.copies >= 0 else [f"'copies' is {self.copies}; allowed: at least 0"]
        faults += self._choice_faults() if self.kind == "choice" else self._range_faults()
        if faults:
            raise SettingsError("; ".join(faults))

    @property
    def ends(self) -> tuple[float, float]:
        """Return both ends of a range: whole numbers of an ``int``."""
        low, high = self.low or 0.0, self.high or 0.0
        return (int(low), int(high)) if self.kind == "int" else (low, high)

    @property
    def stated(self) -> dict[str, Any]:
        """Return the keys that are not at their defaults, as a file of spaces has them."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        given = {field.name: values[field.name] for field in dataclasses.fields(self)
                 if values[field.name] != field.default}  # fmt: skip
        return given if self.kind == "choice" else {**given, **dict(zip(("low", "high"), self.ends, strict=True))}

    @property
    def extremes(self) -> tuple[Any, ...]:
        """Return the values that a recipe has to allow, as it states them: both ends of a range, or every choice."""
        return tuple(map(self.as_stated, self.choices if self.kind == "choice" else self.ends))

    @property
    def points(self) -> tuple[Any, ...]:
        """Return every value, as a grid takes them; none of a ``float``, which has no number of them."""
        if self.kind == "choice":
            return self.choices
        low, high = map(int, self.ends)
        return tuple(range(low, high + 1, self.step)) if self.kind == "int" else ()

    def as_stated(self, value: Any) -> Any:
        """Return a value as a recipe states it."""
        return [value] * self.copies if self.copies else value

    def _choice_faults(self) -> list[str]:
        given = [name for name, unset in (("low", None), ("high", None), ("log", False), ("step", 1))
                 if getattr(self, name) != unset]  # fmt: skip
        faults = [f"{name!r} is given; allowed with 'kind: choice': 'choices' and 'copies'" for name in given]
        different = {json.dumps(choice, default=str, sort_keys=True) for choice in self.choices}
        if len(different) < max(2, len(self.choices)):
            faults.append(f"'choices' is {list(self.choices)}; allowed: at least two values, each once")
        return faults

    def _range_faults(self) -> list[str]:
        faults = [f"'choices' is given; allowed with 'kind: {self.kind}': none"] if self.choices else []
        absent = [name for name in ("low", "high") if getattr(self, name) is None]
        faults += [f"{name!r} is missing; 'kind: {self.kind}' needs both 'low' and 'high'" for name in absent]
        if self.low is None or self.high is None:
            return faults
        if not self.low < self.high:
            return [*faults, f"'low' is {self.low:g} and 'high' {self.high:g}; allowed: the first below the second"]
        if self.log and self.low <= 0:
            faults.append(f"'low' is {self.low:g}; allowed with 'log': above 0")
        return faults + (self._step_faults(self.low, self.high) if self.kind == "int" else self._no_step())

    def _no_step(self) -> list[str]:
        return [f"'step' is {self.step}; allowed with 'kind: float': 1"] if self.step != 1 else []

    def _step_faults(self, low: float, high: float) -> list[str]:
        faults = [
            f"{name!r} is {value:g}; allowed with 'kind: int': a whole number"
            for name, value in (("low", low), ("high", high))
            if value != int(value)
        ]
        if self.step < 1 or (self.log and self.step != 1):
            faults.append(f"'step' is {self.step}; allowed: {1 if self.log else 'at least 1'}")
        elif not faults and (high - low) % self.step:
            faults.append(f"'step' is {self.step}; allowed: a divisor of high - low, {high - low:g}")
        return faults


@dataclass(frozen=True, kw_only=True)
class SearchSpace:
    """Which keys of a classifier recipe are searched, and over which values.

    Attributes
    ----------
    parameters : mapping of str to SearchedKey
        By key of the recipe, as ``learning_rate``, or by setting of the classifier, as ``settings.dense``.
    draw : {"learned", "random", "grid"}
        ``learned`` from the trials before, by Optuna's tree-structured Parzen estimator; ``random`` from the whole
        space; or each point of the ``grid`` of all choices and whole numbers once, in an order that the seed decides,
        so that fewer trials than points are a random part of it.
    """

    parameters: Mapping[str, SearchedKey]
    draw: Literal["learned", "random", "grid"] = "learned"

    def __post_init__(self) -> None:
        faults = [] if self.parameters else ["'parameters' is empty; allowed: at least one key"]
        faults += [fault for key in self.parameters if (fault := _key_fault(key))]
        if self.draw == "grid":
            faults += [
                f"{key!r} is of 'kind: float'; allowed with 'draw: grid': choice, int"
                for key, searched in self.parameters.items()
                if searched.kind == "float"
            ]
            if not faults and self.grid_size > LARGEST_GRID:
                faults.append(f"the grid has {self.grid_size:,} points; allowed: {LARGEST_GRID:,}")
        if faults:
            raise SettingsError("; ".join(faults))

    @property
    def grid_size(self) -> int:
        """Return how many points the grid has."""
        return prod(len(searched.points) for searched in self.parameters.values())

    def grid_point(self, number: int) -> dict[str, Any]:
        """Return the values of a point of the grid, by key.

        Examples
        --------
        >>> two = SearchedKey(kind="choice", choices=("a", "b"))
        >>> space = SearchSpace(parameters={"loss": two, "epochs": SearchedKey(kind="int", low=1, high=3)}, draw="grid")
        >>> [space.grid_point(number) for number in (0, 5)]
        [{'loss': 'a', 'epochs': 1}, {'loss': 'b', 'epochs': 3}]
        """
        found = {}
        for key, searched in self.parameters.items():
            number, place = divmod(number, len(searched.points))
            found[key] = searched.points[place]
        return found


def with_values(base: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a recipe's mapping with other values, each under its key of a search space.

    Examples
    --------
    >>> with_values({"classifier": "vgg6", "settings": {"dense": 64}}, {"epochs": 9, "settings.l2_penalty": 0.1})
    {'classifier': 'vgg6', 'settings': {'dense': 64, 'l2_penalty': 0.1}, 'epochs': 9}
    """
    settings = {key.removeprefix(OF_CLASSIFIER): value for key, value in values.items() if _is_setting(key)}
    merged = {**base, **{key: value for key, value in values.items() if not _is_setting(key)}}
    return merged | ({"settings": {**base.get("settings", {}), **settings}} if settings else {})


def require_fit(space: SearchSpace, base: Mapping[str, Any], objective: str, where: str) -> None:
    """Refuse a space with values that a recipe does not allow, or under which its objective would not compare.

    A recipe is built of every pair of extremes of two keys, while the others have their first, so that values that
    contradict each other are found before anything is trained.

    Parameters
    ----------
    space : SearchSpace
        What is searched.
    base : mapping
        The recipe's file as parsed, with monitor and metrics of the objective.
    objective : str
        Value of an epoch, as ``validation_loss``.
    where : str
        The files of space and recipe, for the message.

    Raises
    ------
    SettingsError
        With every fault once.
    """
    faults = [*_objective_faults(space, base, objective)]
    for values in _corners(space):
        try:
            ClassifierRecipe.from_mapping(with_values(base, values), _RECIPE)
        except SettingsError as error:
            faults += _SEVERAL.split(str(error).removeprefix(f"{_RECIPE}: "))
    if faults:
        raise SettingsError(f"{where}: {'; '.join(dict.fromkeys(faults))}")


def _corners(space: SearchSpace) -> Iterator[dict[str, Any]]:
    """Yield values of all keys: each pair of extremes of two keys, the others at their first."""
    extremes = {key: searched.extremes for key, searched in space.parameters.items()}
    first = {key: values[0] for key, values in extremes.items()}
    for key, values in extremes.items():
        yield from ({**first, key: value} for value in values)
    for one, other in combinations(extremes, 2):
        yield from ({**first, one: a, other: b} for a, b in product(extremes[one], extremes[other]))


def _objective_faults(space: SearchSpace, base: Mapping[str, Any], objective: str) -> Iterator[str]:
    if "channels" in space.parameters and not base.get("required_channels"):
        yield "'channels' would decide which rows judge; state 'required_channels' in the recipe"
    if objective == LOSS:
        for key in _OF_THE_LOSS:
            if key in space.parameters:
                yield f"{key!r} changes what {LOSS} is, so that trials would not compare; choose another objective"


def _key_fault(key: str) -> str:
    """Return why a key cannot be searched; empty if it can."""
    if _is_setting(key):
        return ""
    known = [field.name for field in dataclasses.fields(ClassifierRecipe) if field.name not in _NOT_SEARCHED]
    if key in known:
        return ""
    if key in _NOT_SEARCHED:
        return f"{key!r} cannot be searched: {_NOT_SEARCHED[key]}"
    close = get_close_matches(key, known, n=1)
    hint = f" (did you mean {close[0]!r}?)" if close else ""
    return f"unknown key {key!r}{hint}; known: {', '.join(known)}, and settings.NAME of the classifier"


def _is_setting(key: str) -> bool:
    return key.startswith(OF_CLASSIFIER) and key != OF_CLASSIFIER
