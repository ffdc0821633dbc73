"""Sums of marks of rows, 0 or 1, in samples of groups: what a rate and a gap of rates are made of.

Tested by tests/pipeline/metrics/test_poisson_cells.py.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.metrics.poisson_cells import cell_weights
from pipeline.metrics.replicates import resampled_weights


def sampled_sums(
    marks: NDArray[np.float64],
    groups: ArrayLike,
    replicates: int,
    rng: np.random.Generator,
    binned_above: int | None = None,
) -> NDArray[np.float64]:
    """Return how many rows have each mark in samples of groups, ``(replicates, c)``.

    Parameters
    ----------
    marks : ndarray of float64, shape (n, c)
        0 or 1.
    groups : array_like, shape (n,)
        The group of each row; rows of one group are drawn together.
    replicates, rng : int, Generator
        How many samples, and the source of the draws.
    binned_above : int, optional
        Rows above which samples are Poisson samples of rows with equal marks; None: never.
    """
    none = np.empty((0, marks.shape[1]))
    if binned_above is None or len(marks) <= binned_above:
        return np.concatenate([*(weights @ marks for weights in resampled_weights(groups, replicates, rng)), none])
    first, kind = alike(marks)
    samples = cell_weights([kind], [len(first)], groups, replicates, rng)
    return np.concatenate([*(weights[0] @ marks[first] for weights in samples), none])


def alike(marks: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """Return the first row of each kind, ``(k,)``, and the kind of each row, ``(n,)``; equal marks make one kind.

    Parameters
    ----------
    marks : ndarray of float64, shape (n, c)
        Whole numbers.

    Examples
    --------
    >>> first, kind = alike(np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]))
    >>> marks = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    >>> bool((marks[first][kind] == marks).all()), len(first)
    (True, 2)
    """
    codes = np.zeros(len(marks), dtype=np.int64)
    for column in marks.T:
        own = codes * (int(column.max(initial=0.0)) + 1) + column.astype(np.int64)
        codes = np.unique(own, return_inverse=True)[1].astype(np.int64) if own.max(initial=0) > 1 << 30 else own
    _, first, kind = np.unique(codes, return_index=True, return_inverse=True)
    return first, kind.astype(np.int64)
