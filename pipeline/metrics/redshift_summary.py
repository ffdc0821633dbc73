"""Measures of photometric redshifts with intervals, of all rows and in bins of redshift or magnitude."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from pipeline.errors import InputError
from pipeline.metrics.intervals import mean_interval
from pipeline.metrics.noise_bias import centred
from pipeline.metrics.redshift_residuals import REDSHIFT_METRICS, JudgedRedshifts, RedshiftMetric
from pipeline.metrics.replicates import resampled_weights
from pipeline.metrics.resampling import ROUNDING, Interval, count_groups

Array = NDArray[np.float64]


def redshift_summary(
    judged: JudgedRedshifts,
    groups: ArrayLike,
    *,
    metrics: Sequence[str] | None = None,
    replicates: int = 1000,
    level: float = 0.95,
    rng: np.random.Generator,
) -> dict[str, Interval]:
    """Return measures, each with the interval over groups, from the same resamplings.

    Parameters
    ----------
    judged : JudgedRedshifts
        The n rows. A row that lacks what a measure takes is left out of that measure, whose ``n`` says so.
    groups : array_like, (n,)
        The group of each row, such as its object; rows of one group are drawn together.
    metrics : sequence of str, optional
        Names of REDSHIFT_METRICS; all by default.
    replicates : int
        How many samples of groups are drawn with replacement.
    level : float
        Probability that the intervals are meant to cover, such as 0.95.
    rng : Generator
        Source of the draws.

    Raises
    ------
    InputError
        If there is not one group a row, or the level does not lie between 0 and 1.
    """
    group = np.asarray(groups).astype(str)
    if group.shape != (len(judged),):
        raise InputError(f"{group.shape} groups for {len(judged)} rows; allowed: one group a row")
    if not 0.0 < level < 1.0:
        raise InputError(f"level must lie between 0 and 1; given {level}")
    entries = [REDSHIFT_METRICS[name] for name in (REDSHIFT_METRICS if metrics is None else metrics)]
    drawn: dict[str, list[Array]] = {entry.name: [] for entry in entries}
    usable = {entry.name: np.isfinite(getattr(judged, entry.column)) for entry in entries}
    for weights in resampled_weights(group, replicates, rng):
        for entry in entries:
            rows = usable[entry.name]
            drawn[entry.name].append(entry.weighted(getattr(judged, entry.column)[rows], weights[:, rows]))
    return {
        entry.name: _interval(
            entry,
            getattr(judged, entry.column)[usable[entry.name]],
            np.concatenate([*drawn[entry.name], np.empty(0)]),
            group[usable[entry.name]],
            level,
        )
        for entry in entries
    }


def redshift_differences(
    judged: JudgedRedshifts,
    other: JudgedRedshifts,
    groups: ArrayLike,
    *,
    replicates: int = 1000,
    level: float = 0.95,
    rng: np.random.Generator,
) -> dict[str, Interval]:
    """Return every measure of one regressor minus that of another on the same rows, from the same resamplings.

    Parameters
    ----------
    judged, other : JudgedRedshifts
        The same n rows by both. A row that either lacks what a measure takes is left out of that measure.
    groups, replicates, level, rng
        As for :func:`redshift_summary`.

    Raises
    ------
    InputError
        If the two are not of equally many rows.
    """
    group = np.asarray(groups).astype(str)
    if not len(judged) == len(other) == len(group):
        raise InputError(f"{len(judged)} and {len(other)} rows with {len(group)} groups; allowed: equally many")
    drawn: dict[str, list[Array]] = {name: [] for name in REDSHIFT_METRICS}
    pairs = {name: (getattr(judged, entry.column), getattr(other, entry.column)) for name, entry in _entries()}
    usable = {name: np.isfinite(one) & np.isfinite(two) for name, (one, two) in pairs.items()}
    for weights in resampled_weights(group, replicates, rng):
        for name, entry in _entries():
            rows = usable[name]
            one, two = (entry.weighted(values[rows], weights[:, rows]) for values in pairs[name])
            drawn[name].append(one - two)
    tails, found = (0.5 - level / 2.0, 0.5 + level / 2.0), {}
    for name, entry in _entries():
        rows, n_groups = usable[name], count_groups(group[usable[name]])
        if not rows.any():
            found[name] = Interval.nothing(level, 0, 0, "no rows")
            continue
        whole = [float(entry.weighted(values[rows], np.ones((1, rows.sum())))[0]) for values in pairs[name]]
        value = whole[0] - whole[1]
        apart = np.concatenate([*drawn[name], np.empty(0)])
        apart = apart[np.isfinite(apart)]
        apart = centred(value, apart) if entry.noise_adds else apart
        low, high = (float(end) for end in np.quantile(apart, tails)) if len(apart) else (np.nan, np.nan)
        found[name] = Interval(value=value, low=low, high=high, level=level, n=int(rows.sum()), n_groups=n_groups)
    return found


def _entries() -> list[tuple[str, RedshiftMetric]]:
    return [(name, REDSHIFT_METRICS[name]) for name in REDSHIFT_METRICS]


def redshift_summary_by(
    judged: JudgedRedshifts,
    by: ArrayLike,
    edges: ArrayLike,
    groups: ArrayLike,
    *,
    metrics: Sequence[str] | None = None,
    replicates: int = 1000,
    level: float = 0.95,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return measures in bins of a number, one line a bin and measure.

    Parameters
    ----------
    judged : JudgedRedshifts
        The n rows.
    by : array_like, (n,)
        The number that divides the rows, such as the spectroscopic redshift or a magnitude. NaN belongs to no bin, nor
        does what lies outside the edges.
    edges : array_like, (b + 1,)
        Edges of the bins, increasing; a bin holds its lower edge, the last one its upper edge too.
    groups : array_like, (n,)
        The group of each row.
    metrics, replicates, level, rng
        As for :func:`redshift_summary`.

    Returns
    -------
    table : DataFrame
        Columns ``low`` and ``high`` (edges), ``n`` (rows that the measure uses), ``metric``, ``value``, ``value_low``
        and ``value_high`` (interval); NaN in a bin without rows.

    Raises
    ------
    InputError
        If the edges do not increase, or ``by`` is not one number a row.
    """
    numbers, bounds = np.asarray(by, dtype=np.float64), np.asarray(edges, dtype=np.float64)
    if len(bounds) < 2 or not np.all(np.diff(bounds) > 0):
        raise InputError(f"edges of bins must be at least two increasing numbers; given {bounds.tolist()}")
    if numbers.shape != (len(judged),):
        raise InputError(f"{numbers.shape} numbers to bin for {len(judged)} rows; allowed: one number a row")
    lines = []
    for place, (low, high) in enumerate(pairwise(bounds)):
        inside = (numbers >= low) & ((numbers < high) | ((numbers == high) & (place == len(bounds) - 2)))
        found = redshift_summary(
            judged.rows(inside),
            np.asarray(groups)[inside],
            metrics=metrics,
            replicates=replicates,
            level=level,
            rng=rng,
        )
        lines += [
            {"low": low, "high": high, "n": one.n, "metric": name}
            | {"value": one.value, "value_low": one.low, "value_high": one.high}
            for name, one in found.items()
        ]
    return pd.DataFrame(lines)


def _interval(entry: RedshiftMetric, values: Array, drawn: Array, groups: NDArray[np.str_], level: float) -> Interval:
    n, n_groups = len(values), count_groups(groups)
    if not n:
        return Interval.nothing(level, 0, 0, "no rows")
    value = float(entry.weighted(values, np.ones((1, n)))[0])
    usable = drawn[np.isfinite(drawn)]
    if entry.noise_adds:
        usable = np.clip(centred(value, usable), 0.0, None)
    tails = (0.5 - level / 2.0, 0.5 + level / 2.0)
    low, high = (float(end) for end in np.quantile(usable, tails)) if len(usable) else (np.nan, np.nan)
    if not high - low > ROUNDING:
        low, high = mean_interval(value, n_groups, level) if entry.share else (float("nan"), float("nan"))
    return Interval(value=value, low=low, high=high, level=level, n=n, n_groups=n_groups)
