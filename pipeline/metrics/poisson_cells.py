"""How often rows of each kind are drawn in Poisson samples of groups, for so many rows that no sample can list them.

In a bootstrap of many groups the number of times that a group is drawn is a Poisson number of mean 1, independent of
the others (Hanley & MacGibbon 2006). Rows that are alike to a statistic need not be told apart: what counts is how many
of each kind, of each cell, a sample holds. Groups of one row in the same cell are drawn together, because a sum of
Poisson numbers is one.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array
from scipy.stats import poisson

from pipeline.errors import InputError

_AT_ONCE = 32
"""Replicates drawn together; more do not fit into the processor's cache."""

_STEPS = 1 << 16
_DRAWS = np.repeat(
    np.arange(12, dtype=np.uint8), np.diff(np.rint(_STEPS * poisson.cdf(np.arange(-1, 12), 1.0)).astype(int))
)
"""Poisson numbers of mean 1 for equally likely numbers of 16 bits: chances are right to 1 in 65536."""

_EXACT_FLOAT32 = 1 << 22
"""Up to so many rows the counts of a sample are whole numbers in float32."""


def cell_weights(
    cells: Sequence[NDArray[np.int64]],
    sizes: Sequence[int],
    groups: ArrayLike,
    replicates: int,
    rng: np.random.Generator,
) -> Iterator[list[NDArray[np.float64]]]:
    """Yield blocks of replicates: for each division of the rows, how many rows of each of its cells are drawn.

    All divisions see the same samples, so that differences between them are paired.

    Parameters
    ----------
    cells : sequence of ndarray of int, shape (n,)
        The cell of each row, from 0, in each division.
    sizes : sequence of int
        The number of cells of each division.
    groups : array_like, shape (n,)
        The group of each row; rows of one group are drawn together.
    replicates : int
        Number of samples.
    rng : Generator
        Source of the draws.

    Yields
    ------
    list of ndarray of float64, shape (r, sizes[k])
        One for each division.

    Raises
    ------
    InputError
        If there is not one group for each row.
    """
    code, names = pd.factorize(np.asarray(groups), sort=False)
    for own in cells:
        if len(own) != len(code):
            raise InputError(f"{len(code)} groups for {len(own)} rows; allowed: one group per row")
    rows_of = np.bincount(code, minlength=len(names))
    alone = (rows_of == 1)[code] if len(cells) == 1 else np.zeros(len(code), dtype=bool)
    rows = np.flatnonzero(~alone)
    rows = rows[np.argsort(cells[0][rows], kind="stable")]  # groups in the order of their cells are read faster
    together, several = pd.factorize(code[rows], sort=False)
    kind = np.float32 if len(code) < _EXACT_FLOAT32 else np.float64
    draws = _DRAWS.astype(kind)
    tables = [
        csr_array((np.ones(len(together), dtype=kind), (own[rows], together)), shape=(size, len(several)))
        for own, size in zip(cells, sizes, strict=True)
    ]
    once = np.bincount(cells[0][alone], minlength=sizes[0]) if alone.any() else None
    for start in range(0, replicates, _AT_ONCE):
        block = min(_AT_ONCE, replicates - start)
        chosen = rng.integers(0, _STEPS, size=(len(several), block), dtype=np.uint16)
        times = np.take(draws, chosen, mode="clip")  # no number is out of range; not to check is faster
        found = [np.ascontiguousarray((table @ times).T, dtype=np.float64) for table in tables]
        if once is not None:
            found[0] += rng.poisson(once, size=(block, sizes[0]))
        yield found


def row_spread(groups: ArrayLike) -> float:
    """Return the variance of samples of groups, in units of that of samples of as many rows.

    Examples
    --------
    >>> row_spread(["a", "b", "c"]), row_spread(["a", "a", "b", "b"])
    (1.0, 2.0)
    """
    rows_of = np.bincount(pd.factorize(np.asarray(groups), sort=False)[0]).astype(np.float64)
    return float((rows_of**2).sum() / rows_of.sum()) if len(rows_of) else 1.0
