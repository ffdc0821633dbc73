"""What a survey's expressions on scored rows may say: ``vetoes``, ``overrides`` and ``colour_diagrams``.

They act after a training, so that whatever can be wrong with them is told before one begins.

Tested by tests/pipeline/surveys/test_settings.py.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from pipeline.classes import MEASURED, are_real_and_bogus
from pipeline.errors import SettingsError

_PROBABILITY: Final = re.compile(r"p_\d+")


def columns_of_rows(features: Sequence[str], metadata: Sequence[str], n_classes: int) -> list[str]:
    """Return the names that such an expression may use.

    Parameters
    ----------
    features : sequence of str
        Features of a table.
    metadata : sequence of str
        Columns that the survey's ``metadata`` names.
    n_classes : int
        How many classes have a probability.
    """
    from pipeline.io.results.schema import CANDIDATE_COLUMNS, TEXT

    numbers = [name for name, kind in CANDIDATE_COLUMNS.items() if kind != TEXT and name != "label"]
    return [*numbers, *metadata, *features, *(f"p_{index}" for index in range(n_classes))]


def rule_faults(key: str, rules: Mapping[str, str], classes: Sequence[str], known: Sequence[str]) -> list[str]:
    """Return what is wrong with conditions by class, one sentence each.

    Parameters
    ----------
    key : {"vetoes", "overrides"}
        For the messages.
    rules : mapping of str to str
        Conditions by names of classes.
    classes : sequence of str
        The classes that may have one.
    known : sequence of str
        As `columns_of_rows`; where a feature and a column have one name, the feature is meant.
    """
    if not rules:
        return []
    from pipeline.expressions.expression import parse_condition

    ambiguous = {name for name, times in Counter(known).items() if times > 1 and _PROBABILITY.fullmatch(name)}
    faults = [
        f"{key} name the class {name!r}; allowed: {', '.join(classes) or 'none of a survey with two classes'}"
        for name in rules
        if name not in classes
    ]
    for name, text in rules.items():
        try:
            condition = parse_condition(text, f"{key}: {name}")
            condition.require(known, f"{key}: {name}")
            faults += [
                f"{key}: {name}: {column!r} is a feature, and the probability of a class; give the feature another name"
                for column in sorted(condition.names & ambiguous)
            ]
        except SettingsError as error:
            faults.append(str(error))
    return faults


def diagram_faults(diagrams: Sequence[Sequence[str]], class_names: Sequence[str]) -> list[str]:
    """Return what is wrong with the planes of colour-colour diagrams, one sentence each.

    Which columns they name is not looked at: a survey that extends another may use fewer features, and its report then
    leaves the plane out.

    Parameters
    ----------
    diagrams : sequence of sequence of str
        Pairs of expressions.
    class_names : sequence of str
        The survey's classes.
    """
    if not diagrams:
        return []
    from pipeline.expressions.expression import parse

    if are_real_and_bogus(class_names) or tuple(class_names) == MEASURED:
        return ["colour_diagrams are of the report of classes, and the survey has none of its own: leave them out"]
    faults = [
        f"colour_diagrams has {list(pair)}; allowed: pairs, an expression for x and one for y"
        for pair in diagrams
        if len(pair) != 2
    ]
    for text in (text for pair in diagrams for text in pair):
        try:
            if parse(text, "colour_diagrams").is_condition:
                faults.append(f"colour_diagrams has {text!r}, which is true or false; allowed: numbers")
        except SettingsError as error:
            faults.append(str(error))
    return faults
