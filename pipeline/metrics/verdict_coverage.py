"""How often verdicts on scores name the wrong class, how often they ask, and whether that is what was promised."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.signal import fftconvolve
from scipy.stats import betabinom

from pipeline.classes import ASK, CLASS_NAMES
from pipeline.metrics.binning import STRATA, in_order, is_empty, part_rows
from pipeline.metrics.interval_coverage import LEVEL, coverage
from pipeline.metrics.strata import groups_of

LEAST_ROWS: Final = 200
"""Strata with fewer rows are not judged."""

FAMILY_WISE: Final = 0.05
"""How likely it is, if every promise holds, that any stratum is said to break it."""

COVERAGE_COLUMNS: Final = [
    "column",
    "stratum",
    "n",
    "effective",
    "asked",
    "coverage",
    "coverage_low",
    "coverage_high",
    "expected_low",
    "expected_high",
    "p_value",
    "kept",
]


@dataclass(frozen=True, kw_only=True)
class VerdictPromise:
    """What was promised of verdicts.

    Attributes
    ----------
    error : float
        The share of rows that may be called the other class.
    rows : mapping of str to int
        How many rows of ``bogus`` and of ``real`` fitted the limits.
    by_class : bool
        Whether the promise holds for each class, or for the mixture of them.
    base_rate : float or None
        Share of reals of that mixture, where it is not that of the rows that fitted the limits: then no mixture of
        judged rows was promised anything.
    """

    error: float
    rows: Mapping[str, int]
    by_class: bool
    base_rate: float | None = None


def verdict_coverage(table: pd.DataFrame, promise: VerdictPromise | None) -> pd.DataFrame:
    """Return which share of rows has a verdict that does not deny the truth, overall, by class and by stratum.

    A row that is asked about does not deny it. Coverage above the promise breaks nothing; coverage below it does if
    chance gives so little in less than 2.5 % of cases, and in a stratum if that is so after Holm's correction for all
    strata. What chance gives is beta-binomial: of n rows that fitted a limit the k-th decides it, so that the share of
    new rows within is itself drawn, from Beta(k, n + 1 - k).

    Parameters
    ----------
    table : DataFrame
        Labelled rows with ``label`` (0 or 1) and ``verdict``, and the columns of STRATA and the groups where known.
    promise : VerdictPromise or None
        None: not known, so that nothing is judged.

    Returns
    -------
    DataFrame
        Columns COVERAGE_COLUMNS, first ``all``, then each class, then each stratum of at least `LEAST_ROWS` rows.
        ``effective`` is how many independent rows there are as good as, because rows of one group are alike. ``asked``
        is the share of rows that a person has to look at; ``coverage_low`` and ``coverage_high`` are the ends of its
        Jeffreys interval of 95 %, ``expected_low`` and ``expected_high`` those of what chance gives under the promise,
        with its ``p_value``. ``kept`` is None where nothing was promised.
    """
    rows = table[table["verdict"].fillna("") != ""].reset_index(drop=True)
    parts = [("all", "all", np.ones(len(rows), bool)), *_classes(rows), *_strata(rows)]
    found = [
        {"column": column, "stratum": name, **_judged(rows[inside], None if _unpromised(column, promise) else promise)}
        for column, name, inside in parts
    ]
    lines = pd.DataFrame(found, columns=COVERAGE_COLUMNS)
    lines["kept"] = _kept(lines)
    return lines


def _unpromised(column: str, promise: VerdictPromise | None) -> bool:
    """Tell whether nothing was promised of such rows: of a class, or of a mixture at another share of reals."""
    return promise is None or promise.base_rate is not None or (column == "class" and not promise.by_class)


def _classes(rows: pd.DataFrame) -> Iterator[tuple[str, str, NDArray[np.bool_]]]:
    for label, name in enumerate(CLASS_NAMES):
        yield "class", name, (rows["label"] == label).to_numpy()


def _strata(rows: pd.DataFrame) -> Iterator[tuple[str, str, NDArray[np.bool_]]]:
    for name in sorted(STRATA, key=lambda name: STRATA.metadata(name)["place"]):
        rule = STRATA[name]
        if rule.column not in rows or is_empty(rows[rule.column]):
            continue
        names, low, _ = part_rows(rows[rule.column], rule, None, 5)
        for stratum in in_order(names, low):
            inside = names == stratum
            if LEAST_ROWS <= inside.sum() < len(rows):
                yield rule.column, stratum, inside


def _judged(rows: pd.DataFrame, promise: VerdictPromise | None) -> dict[str, float | int | bool | None]:
    """Return the coverage of some rows, what was to be expected, and how likely so little is."""
    own, ones, groups = _denied(rows), np.ones(len(rows)), groups_of(rows)
    whole = coverage(1.0 - own, ones, ones, groups)
    expected: NDArray[np.float64] = np.ones(1)
    hits = 0
    for inside, fitted in _limited(rows, promise):
        one = coverage(1.0 - own[inside], ones[inside], ones[inside], groups[inside])
        n = max(1, round(one["effective"]))
        hits += round(one["coverage"] * n)
        expected = np.maximum(fftconvolve(expected, _chances(n, fitted, promise.error)), 0.0)  # type: ignore[union-attr]
    said = {name: whole[name] for name in ("n", "effective", "coverage", "coverage_low", "coverage_high")}
    asked = float((rows["verdict"] == ASK).mean()) if len(rows) else float("nan")
    return {**said, "asked": asked, **_against(hits, expected)}


def _limited(rows: pd.DataFrame, promise: VerdictPromise | None) -> Iterator[tuple[NDArray[np.bool_], int]]:
    """Yield the rows under each limit, and how many rows fitted it: a limit for each class, or one for all rows."""
    if promise is not None and not promise.by_class and len(rows):
        yield np.ones(len(rows), bool), sum(promise.rows.values())
    elif promise is not None:
        of_class = {name: (rows["label"] == label).to_numpy() for label, name in enumerate(CLASS_NAMES)}
        yield from ((inside, promise.rows[name]) for name, inside in of_class.items() if inside.any())


def _denied(rows: pd.DataFrame) -> NDArray[np.float64]:
    """Return 1 where the verdict is the class that a row does not have, else 0."""
    others = np.array(CLASS_NAMES[::-1])[rows["label"].to_numpy(np.int64)]
    return (rows["verdict"].to_numpy(str) == others).astype(np.float64)


def _chances(n: int, fitted: int, error: float) -> NDArray[np.float64]:
    """Return how likely each number of hits of n rows is under the promise, ``(n + 1,)``."""
    rank = min(fitted, int(np.ceil((fitted + 1) * (1.0 - error) - 1e-9)))
    return np.asarray(betabinom(n, rank, fitted + 1 - rank).pmf(np.arange(n + 1)))


def _against(hits: int, expected: NDArray[np.float64]) -> dict[str, float]:
    if len(expected) == 1:
        return dict.fromkeys(("expected_low", "expected_high", "p_value"), float("nan"))
    upto = np.cumsum(expected) / expected.sum()
    least, most = (int(np.searchsorted(upto, share)) for share in ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    n = len(expected) - 1
    return {"expected_low": least / n, "expected_high": most / n, "p_value": float(min(1.0, upto[hits]))}


def _kept(lines: pd.DataFrame) -> pd.Series:
    """Return whether each promise is kept, of strata after Holm's correction; None where there is none."""
    p_values, strata = lines["p_value"].to_numpy(np.float64), ~lines["column"].isin(["all", "class"]).to_numpy()
    kept = p_values >= (1 - LEVEL) / 2
    kept[strata] = holm(p_values[strata]) >= FAMILY_WISE
    return pd.Series([None if np.isnan(p) else bool(one) for p, one in zip(p_values, kept, strict=True)], dtype=object)


def holm(p_values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return p-values corrected for their number (Holm 1979); NaN stays and does not count.

    Examples
    --------
    >>> holm(np.array([0.01, 0.04, 0.03, np.nan])).round(3).tolist()
    [0.03, 0.06, 0.06, nan]
    """
    corrected = np.full(len(p_values), np.nan)
    order = np.argsort(p_values)[: int(np.isfinite(p_values).sum())]
    factors = np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(1.0, np.maximum.accumulate(p_values[order] * factors))
    return corrected
