"""What a stored threshold gives, the gap between injected and other reals, and the AUC of a single column."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.classes import INJECTED, REAL
from pipeline.metrics.binning import STRATA, measured, numbers_of
from pipeline.metrics.curves import ratio
from pipeline.metrics.definitions import METRICS
from pipeline.metrics.intervals import mean_interval, unpaired_interval
from pipeline.metrics.resampling import Exact, Interval, count_groups, interval_of
from pipeline.metrics.sampled_sums import sampled_sums
from pipeline.metrics.strata import groups_of


def threshold_rates(
    table: pd.DataFrame,
    *,
    threshold: float,
    replicates: int = 1000,
    level: float = 0.68,
    rng: np.random.Generator,
    binned_above: int | None = None,
) -> dict[str, Interval]:
    """Return ``recall``, ``fpr`` and ``precision`` of labelled, scored rows, with intervals over groups.

    Parameters
    ----------
    table : DataFrame
        ``label`` (1 real, 0 bogus) and ``score`` per row, with the columns of :func:`groups_of`.
    threshold : float
        A row passes if its score is at or above this.
    replicates : int
        How many samples of groups are drawn with replacement.
    level : float
        Probability that the intervals are meant to cover, such as 0.68.
    rng : Generator
        Source of the draws.
    binned_above : int, optional
        Rows above which replicates are Poisson samples of rows that are alike; None: never.
    """
    real = (table["label"] == REAL).to_numpy(dtype=np.float64)
    passed = (table["score"].to_numpy(dtype=np.float64) >= threshold).astype(np.float64)
    groups = groups_of(table)

    marks = np.stack([real * passed, real, (1 - real) * passed, 1 - real, passed], axis=1)
    n, n_groups, totals = len(table), count_groups(groups), marks.sum(axis=0)
    found: dict[str, Interval] = {}
    sums = None
    for name, counted, whole in (("recall", 0, 1), ("fpr", 2, 3), ("precision", 0, 4)):
        if sums is None or binned_above is None or n <= binned_above:  # many rows: one draw serves all three
            sums = sampled_sums(marks, groups, replicates, rng, binned_above)
        trials = count_groups(groups[marks[:, whole] > 0])
        found[name] = interval_of(
            float(ratio(totals[counted : counted + 1], totals[whole : whole + 1])[0]),
            ratio(sums[:, counted], sums[:, whole]),
            level,
            n,
            n_groups,
            _exact(trials),
        )
    return found


def _exact(trials: int) -> Exact:
    return lambda value, level: mean_interval(value, trials, level)


def is_injected(table: pd.DataFrame) -> NDArray[np.bool_]:
    """Return which rows are simulated transients, by their label source or their kind."""
    mask = np.zeros(len(table), dtype=bool)
    for column in ("label_source", "kind"):
        if column in table:
            mask |= table[column].astype(str).str.startswith(INJECTED).to_numpy(dtype=bool)
    return mask


def injection_gap(
    table: pd.DataFrame,
    *,
    threshold: float,
    replicates: int = 1000,
    level: float = 0.68,
    rng: np.random.Generator,
    binned_above: int | None = None,
) -> Interval:
    """Return recall on injected minus recall on all other reals, with its interval over groups.

    Parameters
    ----------
    table : DataFrame
        As for :func:`threshold_rates`, with the columns of :func:`is_injected`.
    threshold : float
        A row passes if its score is at or above this.
    replicates : int
        How many samples of groups are drawn with replacement.
    level : float
        Probability that the intervals are meant to cover, such as 0.68.
    rng : Generator
        Source of the draws.
    binned_above : int, optional
        Rows above which replicates are Poisson samples of rows that are alike; None: never.
    """
    reals = table[table["label"] == REAL]
    injected = is_injected(reals)
    if injected.all() or not injected.any():
        absent = "real transients that were not injected" if injected.any() else "injected transients"
        return Interval.nothing(level, len(reals), len(np.unique(groups_of(reals))), f"no {absent} among these rows")
    passed = reals["score"].to_numpy(dtype=np.float64) >= threshold
    groups = groups_of(reals)

    def exact(_: float, level: float) -> tuple[float, float]:
        """Return the ends from the two recalls, each with its own number of groups."""
        found, other = float(passed[injected].mean()), float(passed[~injected].mean())
        return unpaired_interval(found, count_groups(groups[injected]), other, count_groups(groups[~injected]), level)

    def gap(sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the difference of the two recalls, ``(r,)``."""
        return ratio(sums[:, 0], sums[:, 1]) - ratio(sums[:, 2], sums[:, 3])

    marks = np.stack([injected & passed, injected, ~injected & passed, ~injected], axis=1).astype(float)
    drawn = gap(sampled_sums(marks, groups, replicates, rng, binned_above))
    value = float(gap(marks.sum(axis=0)[None])[0])
    return interval_of(value, drawn, level, len(reals), count_groups(groups), exact)


def column_alone(table: pd.DataFrame, column: str) -> float:
    """Return the AUC of a single column, in whichever direction is better: 0.5 ... 1.

    A classifier that is hardly better may have learned the column and not the pixels.
    """
    values = measured(table[column], STRATA[column]) if column in STRATA else numbers_of(table[column])
    known = np.isfinite(values)
    auc = METRICS["auc"](table["label"].to_numpy()[known], values[known])
    return max(auc, 1.0 - auc) if np.isfinite(auc) else auc
