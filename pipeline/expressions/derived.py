"""What is worked out of the columns of a table, row by row: columns made of others, cuts, features.

Tested by tests/pipeline/expressions/test_columns.py.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.expressions.column_settings import ColumnSettings
from pipeline.expressions.expression import parse
from pipeline.expressions.float32 import as_float32
from pipeline.expressions.missing import first_known, with_missing

Columns = Mapping[str, NDArray[Any]]


def with_derived(settings: ColumnSettings, columns: Columns) -> dict[str, NDArray[Any]]:
    """Return columns without the numbers that mean missing, and those that take the first known of several.

    Parameters
    ----------
    settings : ColumnSettings
        What the survey's file says.
    columns : mapping of str to NDArray, (n,)
        Columns as the file has them.
    """
    values = with_missing(columns, settings.missing)
    named = frozenset().union(*(expression.names for _, expression in settings.expressions()))
    made = {name: first_known(values, settings.first_known[name]) for name in named.intersection(settings.first_known)}
    return values | made


def drop_reasons(settings: ColumnSettings, columns: Columns, values: Columns) -> NDArray[np.object_]:
    """Return the first cut that each row does not pass, ``(n,)``; empty where it passes all.

    Parameters
    ----------
    settings : ColumnSettings
        What the survey's file says.
    columns, values : mapping of str to NDArray, (n,)
        Columns as the file has them, and after :func:`with_derived`.
    """
    reason = np.full(len(next(iter(columns.values()))), "", dtype=object)
    for key, seen in (("cuts_as_read", {**values, **columns}), ("cuts", values)):
        for name, condition in settings.conditions(key):
            reason[(reason == "") & ~condition.holds(seen)] = name
    return reason


def target_values(settings: ColumnSettings, values: Columns, rows: int) -> NDArray[np.float64]:
    """Return the number that is to be predicted, ``(n,)``, NaN where it is missing and in settings without a target.

    Parameters
    ----------
    settings : ColumnSettings
        What the survey's file says.
    values : mapping of str to NDArray, (n,)
        Columns after :func:`with_derived`.
    rows : int
        n.
    """
    if not settings.target:
        return np.full(rows, np.nan)
    return parse(settings.target, "target").evaluate(values).astype(np.float64)


def feature_values(settings: ColumnSettings, values: Columns) -> NDArray[np.float32]:
    """Return the features, ``(n, f)``, NaN where they are missing or beyond float32.

    Parameters
    ----------
    settings : ColumnSettings
        What the survey's file says.
    values : mapping of str to NDArray, (n,)
        Columns after :func:`with_derived`.
    """
    features = {name: parse(text, f"features.{name}") for name, text in settings.used.items()}
    made = [as_float32(one.evaluate(values), f"feature {name!r}", "features") for name, one in features.items()]
    return np.stack(made, axis=1)
