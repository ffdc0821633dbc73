"""Samples of groups drawn with replacement, and what metrics are in each.

Tested by tests/pipeline/metrics/test_resampling.py.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.errors import InputError
from pipeline.metrics.metric_facts import MetricFacts
from pipeline.metrics.noise_bias import without_noise

BLOCK = 2_000_000
"""Number of weights held at once (16 MB); replicates are processed in blocks of this size."""


def resampled_weights(groups: ArrayLike, replicates: int, rng: np.random.Generator) -> Iterator[NDArray[np.float64]]:
    """Yield blocks of row weights, together ``(replicates, n)``: how often each row's group was drawn."""
    _, index = np.unique(np.asarray(groups).astype(str), return_inverse=True)
    n_groups = int(index.max()) + 1 if len(index) else 0
    block = max(1, BLOCK // max(1, len(index)))
    for start in range(0, replicates if n_groups else 0, block):
        size = min(block, replicates - start)
        drawn = rng.integers(0, n_groups, size=(size, n_groups)) + n_groups * np.arange(size)[:, None]
        times = np.bincount(drawn.ravel(), minlength=size * n_groups).reshape(size, n_groups)
        yield times.astype(np.float64)[:, index]


def replicated(
    figures: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    metrics: Sequence[MetricFacts],
    groups: ArrayLike,
    n: int,
    replicates: int,
    rng: np.random.Generator,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return metrics of some models and their replicates over groups, without noise that can only raise them.

    Parameters
    ----------
    figures : callable
        Takes the weights of the rows in r replicates, ``(r, n)``, and returns all values, ``(r, model, metric)``.
    metrics : sequence of MetricFacts
        The metrics in this order.
    groups : array_like, shape (n,)
        The group of each row; rows of one group are drawn together.
    n : int
        Number of rows.
    replicates, rng : int, Generator
        How many samples of groups are drawn with replacement, and the source of the draws.

    Returns
    -------
    values : ndarray of float64, (model, metric)
    drawn : ndarray of float64, (replicates, model, metric)

    Raises
    ------
    InputError
        If there is not one group for each row.
    """
    if len(np.asarray(groups)) != n:
        raise InputError(f"{len(np.asarray(groups))} groups for {n} rows; allowed: one group per row")
    values = figures(np.ones((1, n)))[0]
    blocks = [figures(weights) for weights in resampled_weights(groups, replicates if metrics else 0, rng)]
    return without_added_noise(metrics, values, np.concatenate([*blocks, np.empty((0, *values.shape))]))


def without_added_noise(
    metrics: Sequence[MetricFacts], values: NDArray[np.float64], drawn: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return metrics and their replicates, those that noise can only raise without it, in place.

    Parameters
    ----------
    metrics : sequence of MetricFacts
        The metrics in this order.
    values : ndarray of float64, (model, metric)
        Their values.
    drawn : ndarray of float64, (replicates, model, metric)
        Their values in samples.
    """
    for column in (place for place, entry in enumerate(metrics) if entry.noise_adds):
        for model, value in enumerate(values[:, column]):
            if np.isfinite(value):
                values[model, column], drawn[:, model, column] = without_noise(float(value), drawn[:, model, column])
    return values, drawn
