"""The judged rows of a report of classes in the planes of two colours that the survey names.

Tested by tests/pipeline/stages/test_class_report_data.py.
"""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from pipeline.expressions.expression import parse
from pipeline.plots.class_data import ColourDiagram
from pipeline.stages.rule_columns import known_columns, named_columns


def diagram_points(rows: pd.DataFrame, axes: Sequence[Sequence[str]], files: Sequence[Path]) -> list[ColourDiagram]:
    """Return rows in each plane.

    Parameters
    ----------
    rows : DataFrame
        The judged rows with the columns of their candidates.
    axes : sequence of pair of str
        The survey's ``colour_diagrams``: for each the expressions of the two axes.
    files : sequence of Path
        Cutout files or data sets of the rows; the features of a table are columns as well.

    Raises
    ------
    SettingsError
        If an expression names a column that neither the rows nor the features have.
    """
    parsed = [tuple(parse(text, "colour_diagrams") for text in pair) for pair in axes]
    names = frozenset(name for pair in parsed for one in pair for name in one.names)
    columns = named_columns(rows, names, files) if parsed else {}
    known = known_columns(rows, columns)
    for pair in parsed:
        for one in pair:
            one.require(known, "colour_diagrams")
    return [
        ColourDiagram(
            x=x.text,
            y=y.text,
            points=pd.DataFrame(
                {"candidate_id": rows["candidate_id"], "x": x.evaluate(columns), "y": y.evaluate(columns)}
            ),
        )
        for x, y in parsed
    ]
