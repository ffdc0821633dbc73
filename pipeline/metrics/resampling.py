"""Intervals from resampling groups (objects with all their cutouts), never single cutouts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from pipeline.classes import BOGUS, REAL
from pipeline.errors import InputError
from pipeline.metrics.binned_scores import BinnedScores, binned_replicates
from pipeline.metrics.curves import Curves
from pipeline.metrics.definitions import METRICS, Metric, Trials
from pipeline.metrics.intervals import mean_interval, paired_interval
from pipeline.metrics.metric_facts import MetricFacts
from pipeline.metrics.noise_bias import centred
from pipeline.metrics.replicates import replicated, resampled_weights, without_added_noise

ROUNDING = 1e-12
"""If an interval is no wider than this, all replicates agree."""

LEAST_ORDERED = 20
"""So many different scores that two models order alike are those of one model under two calibrations."""

Exact = Callable[[float, float], tuple[float, float]]
"""Takes a value and a level and returns the ends of an interval that does not depend on replicates."""


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A value with its interval: percentiles of the replicates, or exact if these all agree.

    Attributes
    ----------
    value, low, high : float
        The value of the sample and the ends of its interval; NaN if undefined.
    level : float
        Probability that the interval is meant to cover.
    n, n_groups : int
        Rows, and independent groups that were resampled.
    reason : str
        Why there is no value, or an empty string.
    """

    value: float
    low: float
    high: float
    level: float
    n: int
    n_groups: int
    reason: str = ""

    @classmethod
    def nothing(cls, level: float, n: int, n_groups: int, reason: str) -> "Interval":
        """Return the interval of a value that does not exist.

        Parameters
        ----------
        level : float
            Probability that the interval was meant to cover.
        n, n_groups : int
            How many rows and independent groups there are.
        reason : str
            Why there is no value.
        """
        nan = float("nan")
        return cls(value=nan, low=nan, high=nan, level=level, n=n, n_groups=n_groups, reason=reason)


def bootstrap(
    metric: str | Metric,
    labels: ArrayLike,
    scores: ArrayLike,
    groups: ArrayLike,
    *,
    replicates: int = 1000,
    level: float = 0.68,
    rng: np.random.Generator,
) -> Interval:
    """Return a metric with its interval over groups, without noise that can only raise it (see :func:`without_noise`).

    Parameters
    ----------
    metric : str or Metric
        A name of METRICS or an entry.
    labels, scores : array_like, shape (n,)
        0 for bogus and 1 for real; finite scores, larger for more real.
    groups : array_like, shape (n,)
        The group of each row; rows of one group are drawn together, as often as the group is.
    replicates : int
        How many samples are drawn with replacement, each with as many groups as there are.
    level : float
        Such as 0.68 or 0.95; the ends are percentiles of the replicates that have a value. If all of them agree, as
        they do when none of eight bogus passes, they say nothing, and Jeffreys' interval is used instead.
    rng : Generator
        Source of the draws.
    """
    entry = METRICS[metric] if isinstance(metric, str) else metric
    return bootstrap_all(labels, scores, groups, metrics=[entry], replicates=replicates, level=level, rng=rng)[
        entry.name
    ]


def bootstrap_all(
    labels: ArrayLike,
    scores: ArrayLike,
    groups: ArrayLike,
    *,
    metrics: Sequence[str | Metric] | None = None,
    replicates: int = 1000,
    level: float = 0.68,
    rng: np.random.Generator,
    binned_above: int | None = None,
) -> dict[str, Interval]:
    """Return several metrics (all by default), each with its interval, from the same replicates.

    Parameters
    ----------
    labels : array_like, shape (n,)
        0 for bogus, 1 for real.
    scores : array_like, shape (n,)
        Finite; larger is more real.
    groups : array_like, shape (n,)
        The group of each row; rows of one group are drawn together.
    metrics : sequence of str or Metric, optional
        Names of METRICS or entries; all of METRICS by default.
    replicates, level, rng : int, float, Generator
        As for :func:`bootstrap`.
    binned_above : int, optional
        Rows above which replicates are Poisson samples of binned scores, which takes seconds for a million rows where
        samples of rows take an hour; values are those of the scores. None: never.
    """
    entries = _entries(metrics)
    reasons = {entry.name: entry.undefined(labels, scores) for entry in entries}
    defined = [entry for entry in entries if not reasons[entry.name]]
    values, drawn = _replicated(labels, [scores], defined, groups, replicates, rng, binned_above)
    counts = _trials(labels, groups)
    exact = {entry.name: exact_mean(entry, counts[entry.trials]) for entry in defined}
    return _intervals(reasons, values[0], drawn[:, 0], level, groups, exact)


def paired_differences(
    labels: ArrayLike,
    scores_a: ArrayLike,
    scores_b: ArrayLike,
    groups: ArrayLike,
    *,
    metrics: Sequence[str | Metric] | None = None,
    replicates: int = 1000,
    level: float = 0.68,
    rng: np.random.Generator,
    binned_above: int | None = None,
) -> dict[str, Interval]:
    """Return ``metric(a) - metric(b)`` on the same rows for several metrics, from the same replicates.

    Both scores must be given for every row; compare on the rows that both could score. Of scores that order the rows
    alike, as those of one model under two calibrations do, what hangs on the order alone differs by 0 whatever rows are
    drawn, and the interval has no width.

    Parameters
    ----------
    labels : array_like, shape (n,)
        1 real, 0 bogus.
    scores_a, scores_b : array_like, shape (n,)
        Scores of the two models.
    groups : array_like, shape (n,)
        The group of each row; rows of one group are drawn together.
    metrics : sequence of str or Metric, optional
        All by default.
    replicates : int
        How many samples of groups are drawn with replacement.
    level : float
        Probability that the intervals are meant to cover, such as 0.68.
    rng : Generator
        Source of the draws.
    binned_above : int, optional
        As for :func:`bootstrap_all`.
    """
    entries = _entries(metrics)
    reasons = {entry.name: entry.undefined(labels, scores_a) or entry.undefined(labels, scores_b) for entry in entries}
    defined = [entry for entry in entries if not reasons[entry.name]]
    values, drawn = _replicated(labels, [scores_a, scores_b], defined, groups, replicates, rng, binned_above)
    difference, apart = values[0] - values[1], drawn[:, 0] - drawn[:, 1]
    for column in (place for place, entry in enumerate(defined) if entry.noise_adds):
        apart[:, column] = centred(float(difference[column]), apart[:, column])
    counts, alike = _trials(labels, groups), _ordered_alike(scores_a, scores_b)
    if alike:  # bins of two scales differ a little where the order does not
        of_order = [place for place, entry in enumerate(defined) if entry.of_order]
        apart[:, of_order] = difference[of_order]
    exact = {
        entry.name: _nothing_differs if alike and entry.of_order else exact_difference(entry, counts[entry.trials])
        for entry in defined
    }
    return _intervals(reasons, difference, apart, level, groups, exact)


def bootstrap_statistic(
    statistic: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    groups: ArrayLike,
    *,
    exact: Exact | None = None,
    replicates: int = 1000,
    level: float = 0.68,
    rng: np.random.Generator,
) -> Interval:
    """Return the interval of any statistic of grouped rows.

    Parameters
    ----------
    statistic : callable
        Takes the weights of the rows in r replicates, ``(r, n)``, and returns the value in each, ``(r,)``.
    groups : array_like, shape (n,)
        The group of each row; rows of one group are drawn together.
    exact : callable, optional
        Takes the value and the level and returns the ends of an interval. It is used where all replicates agree,
        because these then tell nothing; without it the ends are NaN.
    replicates, level, rng : int, float, Generator
        As for :func:`bootstrap`.
    """
    n = len(np.asarray(groups))
    value = float(statistic(np.ones((1, n)))[0]) if n else float("nan")
    drawn = [statistic(weights) for weights in resampled_weights(groups, replicates, rng)]
    return interval_of(value, np.concatenate([*drawn, np.empty(0)]), level, n, count_groups(groups), exact)


def exact_mean(metric: MetricFacts, trials: int) -> Exact:
    """Return the interval of a metric that is a mean of as many independent trials."""
    return lambda value, level: mean_interval(value, trials, level, lowest=metric.lowest, highest=metric.highest)


def exact_difference(metric: MetricFacts, trials: int) -> Exact:
    """Return the interval of a paired difference of a metric that is a mean of as many independent trials."""
    return lambda value, level: paired_interval(value, trials, level, span=metric.highest - metric.lowest)


def _ordered_alike(first: ArrayLike, second: ArrayLike) -> bool:
    """Return whether two scores order the rows alike, ties included, of more different scores than chance orders so."""
    one, other = (np.unique(np.asarray(scores), return_inverse=True)[1] for scores in (first, second))
    return bool(np.array_equal(one, other)) and int(one.max(initial=0)) + 1 >= LEAST_ORDERED


def _nothing_differs(value: float, _level: float) -> tuple[float, float]:
    return value, value


def _replicated(
    labels: ArrayLike,
    scores: Sequence[ArrayLike],
    metrics: Sequence[Metric],
    groups: ArrayLike,
    replicates: int,
    rng: np.random.Generator,
    binned_above: int | None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return metrics, ``(model, metric)``, and their replicates, ``(replicates, model, metric)``."""
    n, figures = len(np.asarray(labels)), _weighted(labels, scores, metrics)
    if binned_above is None or n <= binned_above or not metrics:
        return replicated(figures, metrics, groups, n, replicates, rng)
    values = figures(np.ones((1, n)))[0]
    binned = [BinnedScores.of(labels, own, groups) for own in scores]
    coarse, drawn = binned_replicates(metrics, binned, groups, replicates, rng)
    ends = np.array([[metric.lowest, metric.highest] for metric in metrics])
    return without_added_noise(metrics, values, np.clip(drawn + (values - coarse), ends[:, 0], ends[:, 1]))


def _weighted(
    labels: ArrayLike, scores: Sequence[ArrayLike], metrics: Sequence[Metric]
) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    """Return the figures of `replicated` for some scores; without metrics there are none."""

    def figures(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        if not metrics:
            return np.empty((len(weights), len(scores), 0))
        each = (Curves(labels, score, weights) for score in scores)  # one at a time in memory
        return np.stack([np.stack([entry.weighted(one) for entry in metrics], axis=1) for one in each], axis=1)

    return figures


def _intervals(
    reasons: Mapping[str, str],
    values: NDArray[np.float64],
    drawn: NDArray[np.float64],
    level: float,
    groups: ArrayLike,
    exact: Mapping[str, Exact],
) -> dict[str, Interval]:
    """Return an interval per name, of the next of ``values (m,)`` and ``drawn (r, m)``; empty if there is a reason."""
    rows, n_groups, columns = len(np.asarray(groups)), count_groups(groups), iter(range(len(values)))
    found = {}
    for name, reason in reasons.items():
        if reason:
            found[name] = Interval.nothing(level, rows, n_groups, reason)
        else:
            column = next(columns)
            found[name] = interval_of(float(values[column]), drawn[:, column], level, rows, n_groups, exact[name])
    return found


def interval_of(
    value: float, drawn: NDArray[np.float64], level: float, n: int, n_groups: int, exact: Exact | None = None
) -> Interval:
    """Return the interval of a value from its replicates.

    Parameters
    ----------
    value : float
        The value of the sample.
    drawn : ndarray of float64, (r,)
        Its replicates; those that are not finite are left out.
    level : float
        Probability that the interval is meant to cover, such as 0.68.
    n, n_groups : int
        How many rows and independent groups there are.
    exact : callable, optional
        Takes the value and the level and returns the ends if all replicates agree; NaN without it.

    Raises
    ------
    InputError
        If the level does not lie between 0 and 1.
    """
    if not 0.0 < level < 1.0:
        raise InputError(f"level must lie between 0 and 1; given {level}")
    usable = drawn[np.isfinite(drawn)]
    tails = (0.5 - level / 2.0, 0.5 + level / 2.0)
    low, high = np.quantile(usable, tails) if len(usable) else (np.nan, np.nan)
    if np.isfinite(value) and not high - low > ROUNDING:
        low, high = exact(value, level) if exact else (np.nan, np.nan)
    return Interval(value=float(value), low=float(low), high=float(high), level=level, n=n, n_groups=n_groups)


def _entries(metrics: Sequence[str | Metric] | None) -> list[Metric]:
    names = list(METRICS) if metrics is None else metrics
    return [METRICS[entry] if isinstance(entry, str) else entry for entry in names]


def _trials(labels: ArrayLike, groups: ArrayLike) -> dict[Trials, int]:
    """Return how many independent groups hold rows, reals, bogus, and the fewer of these two."""
    label, group = np.asarray(labels), pd.factorize(np.asarray(groups).astype(str))[0]
    real, bogus = (count_groups(group[label == wanted]) for wanted in (REAL, BOGUS))
    return {"rows": count_groups(group), "real": real, "bogus": bogus, "fewer": min(real, bogus)}


def count_groups(groups: ArrayLike) -> int:
    """Return how many different groups there are."""
    names = np.asarray(groups)
    return len(pd.unique(names if names.dtype.kind == "i" else names.astype(str)))
