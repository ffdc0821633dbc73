"""What the settings of a table say of its columns: features, missing numbers, cuts, classes and weights."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal

from pipeline.errors import SettingsError, UnknownNameError
from pipeline.expressions.expression import Expression, parse, parse_condition


@dataclass(frozen=True, kw_only=True)
class ClassRules:
    """Which rows are of which class, as expressions that are true or false.

    Attributes
    ----------
    rules : mapping of str to str
        Class to the condition that its rows fulfil, in order; the negative class needs none.
    several : {"rarest", "first"}
        Which class a row of several has: that which fewest of the rows that pass the cuts match, or the first named.
    overrides : mapping of str to str
        Class to a condition that decides whatever ``rules`` say, the first that is true; such as one on a redshift
        that is better known than that in ``rules``.
    unmatched : {"negative", "unlabelled"}
        What a row is that matches no rule: of the negative class, or without a label.
    """

    rules: Mapping[str, str]
    several: Literal["rarest", "first"] = "rarest"
    overrides: Mapping[str, str] = field(default_factory=dict)
    unmatched: Literal["negative", "unlabelled"] = "negative"

    def __post_init__(self) -> None:
        if not (self.rules or self.overrides):
            raise SettingsError("rules is empty; allowed: a class and its condition")
        for _ in self.conditions():
            pass

    def conditions(self) -> Iterator[tuple[str, str, Expression]]:
        """Yield key, class and condition of each rule, then of each override."""
        for key, table in (("rules", self.rules), ("overrides", self.overrides)):
            for name, text in table.items():
                yield key, name, parse_condition(text, f"{key}.{name}")


@dataclass(frozen=True, kw_only=True)
class WeightSettings:
    """How much a row counts in training.

    Attributes
    ----------
    value : str
        Expression of the weight.
    from_least : bool
        Map it linearly from its least value in the row's class, and 1, to 0 and 1; what lies above 1 counts 1.
    full : tuple of str
        Classes whose rows weigh 1 whatever the expression says.
    missing : float
        Weight of a row for which the expression is missing, negative or beyond float32, at least 0.
    """

    value: str
    from_least: bool = False
    full: tuple[str, ...] = ()
    missing: float = 0.0

    def __post_init__(self) -> None:
        parse(self.value, "value")
        if not self.missing >= 0:
            raise SettingsError(f"missing is {self.missing}; allowed: at least 0")


def used_features(features: Mapping[str, str], sets: Mapping[str, Sequence[str]], use: Sequence[str]) -> dict[str, str]:
    """Return the features of the sets that are used, in the order of all features.

    Parameters
    ----------
    features : mapping of str to str
        Name to expression.
    sets : mapping of str to sequence of str
        Name to features or patterns of them.
    use : sequence of str
        Names of sets; empty: all features.

    Raises
    ------
    UnknownNameError, SettingsError
        If there is no such set, or one of its entries fits no feature.

    Examples
    --------
    >>> used_features({"g": "g", "gerr": "gerr", "g-r": "g - r"}, {"err": ["*err"], "colors": ["*-*"]}, ["colors"])
    {'g-r': 'g - r'}
    """
    chosen: set[str] = set()
    for name, patterns in sets.items():
        for pattern in patterns:
            fitting = {feature for feature in features if fnmatchcase(feature, pattern)}
            if not fitting:
                raise SettingsError(f"feature_sets.{name} names {pattern!r}, which fits none of features")
            if name in use:
                chosen |= fitting
    for name in use:
        if name not in sets:
            raise UnknownNameError("set of features in use", name, sets)
    return {name: text for name, text in features.items() if name in chosen or not use}


@dataclass(frozen=True, kw_only=True)
class ColumnSettings:
    """What is made of the columns of a table. Expressions are explained in docs/catalogues.md#expressions.

    Attributes
    ----------
    features : mapping of str to str
        Name of each feature to its expression, in the order in which classifiers see them.
    feature_sets : mapping of str to tuple of str
        Name to features, or patterns with ``*`` and ``?`` of them, for use in ``use``.
    use : tuple of str
        Names of ``feature_sets`` whose features are used; empty: all features.
    missing : mapping of str to tuple of float
        Column, or a pattern with ``*`` and ``?``, to the numbers that mean that nothing is known there, such as 99 or
        -9999; of several patterns all count.
    first_known : mapping of str to tuple of str
        A new column to the columns of which it takes the first that is known, row by row, such as a redshift from
        spectra, else from photometry; expressions may name it.
    named_cuts : mapping of str to str
        Name to a condition, for use in ``cuts``.
    cuts : tuple of str
        Names of ``named_cuts`` or conditions; a row stays if all are true.
    cuts_as_read : tuple of str
        The same, on the numbers as the file has them, before ``missing``.
    class_rules : ClassRules or None
        Labels by conditions; none: there are no labels, or a column has them.
    weight : WeightSettings or None
        Weights of rows in training; none: every row counts the same.
    target : str
        Column, or expression, of the number that is to be predicted, such as a redshift, in place of classes: a row for
        which it is known teaches and judges. Empty: the survey has classes.
    """

    features: Mapping[str, str]
    feature_sets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    use: tuple[str, ...] = ()
    missing: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    first_known: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    named_cuts: Mapping[str, str] = field(default_factory=dict)
    cuts: tuple[str, ...] = ()
    cuts_as_read: tuple[str, ...] = ()
    class_rules: ClassRules | None = None
    weight: WeightSettings | None = None
    target: str = ""

    def __post_init__(self) -> None:
        if not self.features:
            raise SettingsError("features is empty; allowed: names of features and their expressions")
        used_features(self.features, self.feature_sets, self.use)
        empty = [name for name, columns in self.first_known.items() if not columns]
        if empty:
            raise SettingsError(f"first_known.{empty[0]} is empty; allowed: names of columns")
        for name, text in self.named_cuts.items():
            parse_condition(text, f"named_cuts.{name}")
        if self.target:
            self._require_no_classes()
        for _ in self.expressions():
            pass

    def _require_no_classes(self) -> None:
        stated = {
            "class_rules": self.class_rules is not None,
            "weight.from_least": self.weight is not None and self.weight.from_least,
            "weight.full": self.weight is not None and bool(self.weight.full),
        }
        for name in (name for name, value in stated.items() if value):
            raise SettingsError(
                f"target is {self.target!r}, and {name}, which needs classes, is stated too; leave it out"
            )

    @property
    def used(self) -> dict[str, str]:
        """The features that are used, each with its expression, in the order of ``features``."""
        return used_features(self.features, self.feature_sets, self.use)

    def expressions(self) -> Iterator[tuple[str, Expression]]:
        """Yield each expression that is used, with the key that states it."""
        for name, text in self.used.items():
            yield f"features.{name}", parse(text, f"features.{name}")
        for key in ("cuts_as_read", "cuts"):
            for name, condition in self.conditions(key):
                yield f"{key}: {name}", condition
        if self.class_rules is not None:
            for key, name, condition in self.class_rules.conditions():
                yield f"class_rules.{key}.{name}", condition
        if self.weight is not None:
            yield "weight.value", parse(self.weight.value, "weight.value")
        if self.target:
            yield "target", parse(self.target, "target")

    def conditions(self, key: str) -> Iterator[tuple[str, Expression]]:
        """Yield each cut with its name, a condition that has none with its text.

        Parameters
        ----------
        key : {"cuts", "cuts_as_read"}
            Which of them.

        Raises
        ------
        SettingsError
            If an entry is a single word that is no name; such a word would be a flag's column, written ``word == 1``.
        """
        for name in getattr(self, key):
            if name.isidentifier() and name not in self.named_cuts:
                raise SettingsError(
                    f"{key} names {name!r}; allowed: {', '.join(self.named_cuts) or 'no names'} (named_cuts), or a "
                    f"condition, such as '{name} == 1' for a flag"
                )
            yield name, parse_condition(self.named_cuts.get(name, name), key)
