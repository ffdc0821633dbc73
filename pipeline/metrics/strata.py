"""Recall, false positive rate and AUC by stratum: by kind, label source, sign, magnitude, night and more."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.errors import InputError
from pipeline.metrics.binning import STRATA, Stratification, in_order, is_empty, part_rows
from pipeline.metrics.definitions import METRICS
from pipeline.metrics.intervals import binomial_interval

STRATUM_COLUMNS = [
    "column",
    "stratum",
    "bin_low",
    "bin_high",
    "n_real",
    "n_real_groups",
    "recall",
    "recall_low",
    "recall_high",
    "n_bogus",
    "n_bogus_groups",
    "fpr",
    "fpr_low",
    "fpr_high",
    "auc",
]


def recall_by(
    table: pd.DataFrame,
    by: str | Stratification,
    *,
    threshold: float,
    edges: Sequence[float] | NDArray[np.float64] | None = None,
    bins: int = 5,
    level: float = 0.68,
    groups: NDArray[np.int64] | None = None,
) -> pd.DataFrame:
    """Return the rates at a threshold in each stratum of one column.

    Parameters
    ----------
    table : DataFrame
        Labelled, scored rows: ``label`` (0 or 1), ``score``, the column, and ``group_id`` if known.
    by : str or Stratification
        A name of STRATA, or a stratification of your own.
    threshold : float
        Rows with ``score >= threshold`` are called real.
    edges : sequence of float, optional
        Edges of disjoint bins, open at both ends, instead of the quantiles of the column.
    bins : int
        How many bins with about equal numbers of rows there are otherwise.
    level : float
        Level of Jeffreys' interval. Its number of trials is the number of groups, not of rows, because the cutouts of
        one object are not independent.
    groups : ndarray of int64, (n,), optional
        The number of each row's group, if it is known already.

    Returns
    -------
    DataFrame
        Columns STRATUM_COLUMNS, one row per stratum; rates and ``auc`` are NaN if a class is absent.
    """
    rule = STRATA[by] if isinstance(by, str) else by
    if rule.column not in table:
        raise InputError(f"no column {rule.column!r} to stratify by; there are {', '.join(map(str, table.columns))}")
    label, score = table["label"].to_numpy(), table["score"].to_numpy(dtype=np.float64)
    if groups is None:
        groups = pd.factorize(groups_of(table))[0]
    names, low, high = part_rows(table[rule.column], rule, edges, bins)
    rows = [
        {
            "column": rule.column,
            "stratum": name,
            "bin_low": low.get(name, np.nan),
            "bin_high": high.get(name, np.nan),
            **_rates(label[names == name], score[names == name], groups[names == name], threshold, level),
        }
        for name in in_order(names, low)
    ]
    return pd.DataFrame(rows, columns=STRATUM_COLUMNS)


def all_strata(table: pd.DataFrame, *, threshold: float, level: float = 0.68, bins: int = 5) -> pd.DataFrame:
    """Return :func:`recall_by` for every entry of STRATA whose column holds anything, as one table.

    Parameters
    ----------
    table : DataFrame
        As for :func:`recall_by`.
    threshold : float
        From which score a row is called real.
    level : float
        Of the intervals.
    bins : int
        Into how many parts the values of a column of numbers are divided.
    """
    groups = pd.factorize(groups_of(table))[0]
    found = [
        recall_by(table, name, threshold=threshold, level=level, bins=bins, groups=groups)
        for name in sorted(STRATA, key=lambda name: STRATA.metadata(name)["place"])
        if STRATA[name].column in table and not is_empty(table[STRATA[name].column])
    ]
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=STRATUM_COLUMNS)


def groups_of(table: pd.DataFrame) -> NDArray[np.str_]:
    """Return the groups to resample: ``group_id``, or else ``object_id``; a row with neither is a group of its own."""
    alone = [f"row {index}" for index in range(len(table))]
    groups = pd.Series(alone, index=table.index, dtype=object)
    for column in ("object_id", "group_id"):
        if column in table:
            known = table[column].notna() & (table[column].astype(str) != "")
            groups = groups.mask(known, table[column].astype(str))
    return groups.to_numpy(dtype=object).astype(str)


def _rates(
    label: NDArray[np.int64],
    score: NDArray[np.float64],
    groups: NDArray[np.int64],
    threshold: float,
    level: float,
) -> dict[str, float | int]:
    passed = score >= threshold
    rates: dict[str, float | int] = {}
    for name, wanted, share in (("real", 1, "recall"), ("bogus", 0, "fpr")):
        of_class = label == wanted
        n, n_groups = int(of_class.sum()), len(pd.unique(groups[of_class]))
        value = float(passed[of_class].mean()) if n else float("nan")
        low, high = binomial_interval(value * n_groups if n else 0.0, n_groups, level)
        rates |= {f"n_{name}": n, f"n_{name}_groups": n_groups}
        rates |= {share: value, f"{share}_low": float(low), f"{share}_high": float(high)}
    return {**rates, "auc": METRICS["auc"](label, score)}
