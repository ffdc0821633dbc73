"""The judged rows of a report of classes in the planes of two colours that the survey names.

Tested by tests/pipeline/stages/test_class_report_data.py.
"""

import logging
from collections.abc import Collection, Sequence
from pathlib import Path

import pandas as pd

from pipeline.errors import SettingsError
from pipeline.expressions.expression import Expression, parse
from pipeline.plots.class_data import ColourDiagram
from pipeline.stages.rule_columns import known_columns, named_columns

log = logging.getLogger(__name__)


def diagram_points(rows: pd.DataFrame, axes: Sequence[Sequence[str]], files: Sequence[Path]) -> list[ColourDiagram]:
    """Return rows in each plane; one whose expressions name a column that is not there is left out with a warning.

    Parameters
    ----------
    rows : DataFrame
        The judged rows with the columns of their candidates.
    axes : sequence of pair of str
        The survey's ``colour_diagrams``: for each the expressions of the two axes.
    files : sequence of Path
        Cutout files or data sets of the rows; the features of a table are columns as well.
    """
    parsed = [tuple(parse(text, "colour_diagrams") for text in pair) for pair in axes]
    names = frozenset(name for pair in parsed for one in pair for name in one.names)
    columns = named_columns(rows, names, files) if parsed else {}
    known = known_columns(rows, columns)
    planes = [pair for pair in parsed if _is_known(pair, known)]
    return [
        ColourDiagram(
            x=x.text,
            y=y.text,
            points=pd.DataFrame(
                {"candidate_id": rows["candidate_id"], "x": x.evaluate(columns), "y": y.evaluate(columns)}
            ),
        )
        for x, y in planes
    ]


def _is_known(plane: Sequence[Expression], known: Collection[str]) -> bool:
    try:
        for axis in plane:
            axis.require(known, "colour_diagrams")
    except SettingsError as error:
        log.warning("a plane is left out: %s", error)
        return False
    return True
