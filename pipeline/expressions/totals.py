"""Sums over all rows of a table: what dropped rows, how many rows match each rule, what is missing everywhere.

Tested by tests/pipeline/expressions/test_columns.py.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.classes import CLASS_NAMES
from pipeline.expressions.class_rules import class_codes, rule_matches
from pipeline.expressions.column_settings import ColumnSettings
from pipeline.expressions.derived import Columns, drop_reasons, feature_values, target_values, with_derived
from pipeline.expressions.weights import least_weights, raw_weights


@dataclass(frozen=True, kw_only=True)
class Totals:
    """Sums over all rows of a table; those of two blocks are added with ``+``.

    Attributes
    ----------
    rows, kept, several : int
        Rows; those that pass all cuts; those of them that match rules of several classes.
    dropped : mapping of str to int
        Cut to the rows that it was the first to drop.
    known : NDArray[int64], (f,)
        Kept rows in which each feature is known.
    matched : NDArray[int64], (r,)
        Kept rows that match each rule, then each override.
    least_weight : NDArray[float64], (k,)
        Least weight of the kept rows of each class; inf where there is none.
    measured : int
        Kept rows whose target is known; 0 in settings without a target.
    """

    rows: int
    kept: int
    several: int
    dropped: Mapping[str, int]
    known: NDArray[np.int64]
    matched: NDArray[np.int64]
    least_weight: NDArray[np.float64]
    measured: int = 0

    def __add__(self, other: "Totals") -> "Totals":
        """Return the totals of both."""
        names = dict.fromkeys([*self.dropped, *other.dropped])
        return Totals(
            rows=self.rows + other.rows,
            kept=self.kept + other.kept,
            several=self.several + other.several,
            dropped={name: self.dropped.get(name, 0) + other.dropped.get(name, 0) for name in names},
            known=self.known + other.known,
            matched=self.matched + other.matched,
            least_weight=np.minimum(self.least_weight, other.least_weight),
            measured=self.measured + other.measured,
        )


def total_block(
    settings: ColumnSettings,
    columns: Columns,
    *,
    class_names: Sequence[str] = CLASS_NAMES,
    label: NDArray[np.int8] | None = None,
) -> Totals:
    """Return the totals of a block of rows.

    Parameters
    ----------
    settings, columns, class_names, label
        As for :func:`pipeline.expressions.columns.evaluate_block`.
    """
    values = with_derived(settings, columns)
    reason = drop_reasons(settings, columns, values)
    kept = reason == ""
    matches = _matches(settings, values, len(kept)) & kept[:, None]
    by_class = _class_matches(settings, matches, class_names, label) & kept[:, None]
    names, counts = np.unique(reason[~kept].astype(str), return_counts=True)
    return Totals(
        rows=len(kept),
        kept=int(kept.sum()),
        several=int((by_class[:, 1:].sum(axis=1) > 1).sum()),
        dropped=dict(zip(names.tolist(), counts.tolist(), strict=True)),
        known=np.isfinite(feature_values(settings, values)[kept]).sum(axis=0, dtype=np.int64),
        matched=matches.sum(axis=0, dtype=np.int64),
        least_weight=least_weights(_raw_weights(settings, values, len(kept)), by_class),
        measured=int((kept & np.isfinite(target_values(settings, values, len(kept)))).sum()),
    )


def total_faults(
    settings: ColumnSettings, totals: Totals, *, class_names: Sequence[str] = CLASS_NAMES
) -> Iterator[str]:
    """Yield in words what is suspicious about a whole table: no rows left, rules without rows, features never known.

    Parameters
    ----------
    settings, class_names
        As for :func:`pipeline.expressions.columns.evaluate_block`.
    totals : Totals
        Of the whole table.
    """
    if not totals.kept:
        dropped = ", ".join(f"{name} {count}" for name, count in totals.dropped.items())
        yield f"none of {totals.rows} rows passes the cuts ({dropped or 'there are no rows'})"
        return
    if settings.class_rules is not None:
        class_codes(settings.class_rules, class_names)
        for (key, name, condition), count in zip(settings.class_rules.conditions(), totals.matched, strict=True):
            if not count:
                yield f"class_rules.{key}.{name} matches none of {totals.kept} rows: {condition.text!r}"
            elif count == 1:
                yield f"class_rules.{key}.{name} matches one row of {totals.kept}, too few to train and judge"
    if settings.target and not totals.measured:
        yield f"target is missing in all of {totals.kept} rows: {settings.target!r}"
    for (name, text), count in zip(settings.used.items(), totals.known, strict=True):
        if not count:
            yield f"features.{name} is missing in all of {totals.kept} rows: {text!r}"


def _matches(settings: ColumnSettings, values: Columns, rows: int) -> NDArray[np.bool_]:
    if settings.class_rules is None:
        return np.zeros((rows, 0), dtype=bool)
    return rule_matches(settings.class_rules, values)


def _class_matches(
    settings: ColumnSettings, matches: NDArray[np.bool_], class_names: Sequence[str], label: NDArray[np.int8] | None
) -> NDArray[np.bool_]:
    """Return the classes to which each row may belong, ``(n, k)``: those whose rules it matches, else the first."""
    classes = np.arange(len(class_names))
    if label is not None:
        return label[:, None] == classes
    belongs = np.zeros((len(matches), len(classes)), dtype=bool)
    if settings.class_rules is not None:
        codes = class_codes(settings.class_rules, class_names)
        for place, code in enumerate(codes):
            belongs[:, code] |= matches[:, place]
    belongs[:, 0] |= ~belongs.any(axis=1)
    return belongs


def _raw_weights(settings: ColumnSettings, values: Columns, rows: int) -> NDArray[np.float64]:
    return np.full(rows, np.nan) if settings.weight is None else raw_weights(settings.weight, values)
