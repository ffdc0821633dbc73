"""What the settings of a table make of a block of its rows: features, labels, which rows stay and why not, weights.

A table is read twice, in blocks. The first reading adds up :class:`pipeline.expressions.totals.Totals`, by which the
second settles what no block can know: which of several classes is the rarest, and where the scale of weights begins.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.classes import CLASS_NAMES, UNLABELLED
from pipeline.errors import SettingsError
from pipeline.expressions.class_rules import labels_by_rule, rule_matches
from pipeline.expressions.column_settings import ColumnSettings
from pipeline.expressions.derived import Columns, drop_reasons, feature_values, target_values, with_derived
from pipeline.expressions.missing import unused_patterns
from pipeline.expressions.totals import Totals
from pipeline.expressions.weights import raw_weights, weights_of


class BlockValues(NamedTuple):
    """What a block of rows became.

    Attributes
    ----------
    features : NDArray[float32], (n, f)
        The features in the order of the settings, NaN where they are missing.
    label : NDArray[int8], (n,)
        Codes of the classes, 0 where the target of settings that have one is known; -1 without a label.
    keep : NDArray[bool], (n,)
        Which rows pass all cuts.
    reason : NDArray[object], (n,)
        The first cut that a row does not pass, by name or as it was written; empty for a row that stays.
    weight : NDArray[float32], (n,)
        Weight in training, 1 without settings of weights.
    target : NDArray[float64], (n,)
        The number that is to be predicted, NaN where it is missing and in settings without a target.
    """

    features: NDArray[np.float32]
    label: NDArray[np.int8]
    keep: NDArray[np.bool_]
    reason: NDArray[np.object_]
    weight: NDArray[np.float32]
    target: NDArray[np.float64]


def needed_columns(settings: ColumnSettings) -> frozenset[str]:
    """Return the columns of the table that the settings need, so that only those are read.

    Parameters
    ----------
    settings : ColumnSettings
        What the survey's file says.
    """
    named = frozenset().union(*(expression.names for _, expression in settings.expressions()))
    made = named.intersection(settings.first_known)
    return (named - made).union(*(settings.first_known[name] for name in made))


def require_columns(settings: ColumnSettings, known: Sequence[str], where: str) -> None:
    """Raise an error that names every column which the table lacks, with the nearest that it has.

    Parameters
    ----------
    settings : ColumnSettings
        What the survey's file says.
    known : sequence of str
        The columns of the table.
    where : str
        The table, for the message.

    Raises
    ------
    SettingsError
        Also if a pattern of ``missing`` fits no column, or a column of ``first_known`` would hide one of the table.
    """
    faults = [
        f"missing names {pattern!r}, which fits no column" for pattern in unused_patterns(settings.missing, list(known))
    ]
    for name, columns in settings.first_known.items():
        if name in known:
            faults.append(f"first_known makes {name!r}, which is a column of the table")
        faults += [f"first_known.{name} names {column!r}, which is none" for column in columns if column not in known]
    for key, expression in settings.expressions():
        try:
            expression.require([*known, *settings.first_known], key)
        except SettingsError as error:
            faults.append(str(error).partition("; columns:")[0])
    if faults:
        raise SettingsError(f"{where}: {'; '.join(faults)}; columns: {', '.join(sorted(known)) or 'none'}")


def evaluate_block(
    settings: ColumnSettings,
    columns: Columns,
    *,
    class_names: Sequence[str] = CLASS_NAMES,
    totals: Totals | None = None,
    label: NDArray[np.int8] | None = None,
) -> BlockValues:
    """Return features, labels, cuts and weights of a block of rows.

    Parameters
    ----------
    settings : ColumnSettings
        What the survey's file says.
    columns : mapping of str to NDArray, (n,)
        At least :func:`needed_columns`, numbers or masked numbers as the file has them.
    class_names : sequence of str
        Names of the classes at the index of their codes; the first is the negative one.
    totals : Totals or None
        The sum of :func:`pipeline.expressions.totals.total_block` over the whole table; needed where several rules may
        hold and the rarest class is kept, and for weights on the scale of their class.
    label : NDArray[int8], (n,), or None
        Labels from elsewhere, such as a column of the table, which stand in place of ``class_rules``.

    Returns
    -------
    values : BlockValues
        Of every row, also of those that do not stay.

    Raises
    ------
    SettingsError
        If a column or a class is unknown, or totals are needed and not given.
    InputError
        If a column holds no numbers.

    Examples
    --------
    >>> settings = ColumnSettings(features={"g_r": "g - r"}, missing={"*": (99.0,)}, cuts=("g < 24",))
    >>> values = evaluate_block(settings, {"g": np.array([20.0, 21.0, 25.0]), "r": np.array([19.5, 99.0, 24.0])})
    >>> values.features[:, 0].tolist(), values.keep.tolist(), values.reason.tolist()
    ([0.5, nan, 1.0], [True, True, False], ['', '', 'g < 24'])
    """
    values = with_derived(settings, columns)
    reason = drop_reasons(settings, columns, values)
    rules, rows = settings.class_rules, len(reason)
    if label is None and rules is not None:
        matched = None if totals is None else totals.matched
        label = labels_by_rule(rules, rule_matches(rules, values), class_names, matched)
    target = target_values(settings, values, rows)
    if settings.target:
        label = np.where(np.isnan(target), UNLABELLED, 0).astype(np.int8)
    if label is None:
        label = np.full(rows, UNLABELLED, dtype=np.int8)
    weight = np.ones(rows, dtype=np.float32)
    if settings.weight is not None:
        if settings.weight.from_least and totals is None:
            raise SettingsError("weight.from_least needs the totals of the whole table")
        least = None if totals is None else totals.least_weight
        weight = weights_of(settings.weight, raw_weights(settings.weight, values), label, class_names, least)
    return BlockValues(feature_values(settings, values), label, reason == "", reason, weight, target)
