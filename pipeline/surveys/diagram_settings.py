"""What a survey's ``colour_diagrams`` may say.

Tested by tests/pipeline/surveys/test_settings.py.
"""

from collections.abc import Sequence

from pipeline.classes import MEASURED, are_real_and_bogus
from pipeline.errors import SettingsError


def diagram_faults(diagrams: Sequence[Sequence[str]], class_names: Sequence[str]) -> list[str]:
    """Return what is wrong with the diagrams of a survey's report, one sentence each.

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
