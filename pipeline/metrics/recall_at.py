"""Recall at K: which share of the rows that are looked for stands among the K that are ranked first."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.errors import InputError


def recall_at(wanted: ArrayLike, score: ArrayLike, places: int, times: ArrayLike | None = None) -> NDArray[np.float64]:
    """Return the share of the wanted rows among the first places of a ranking.

    Of rows with equal scores, as many as still fit count in proportion, as if their order were drawn.

    Parameters
    ----------
    wanted : array_like of bool, shape (n,)
        Which rows are looked for.
    score : array_like, shape (n,)
        The highest is ranked first; finite.
    places : int
        How many are looked at, K; at least 1.
    times : array_like, shape (r, n), optional
        How often each row counts in each of r replicates; once in one by default.

    Returns
    -------
    ndarray of float64, shape (r,)
        NaN where nothing is wanted.

    Raises
    ------
    InputError
        If ``places`` is below 1, the shapes differ, or a score is not finite.

    Examples
    --------
    >>> recall_at([True, False, True], [0.9, 0.8, 0.1], 2).tolist()
    [0.5]
    """
    is_wanted, value = np.asarray(wanted, dtype=bool), np.asarray(score, dtype=np.float64)
    if places < 1 or is_wanted.ndim != 1 or is_wanted.shape != value.shape or not np.isfinite(value).all():
        raise InputError(
            f"recall at {places} of rows {is_wanted.shape} with scores {value.shape}; allowed: at least 1 place, one "
            "finite score a row"
        )
    counts = np.ones((1, len(value))) if times is None else np.asarray(times, dtype=np.float64)
    order = np.argsort(-value, kind="stable")
    starts = np.flatnonzero(np.diff(value[order], prepend=np.inf))
    if not len(starts):
        return np.full(len(counts), np.nan)
    of_all = np.add.reduceat(counts[:, order], starts, axis=1)
    of_wanted = np.add.reduceat((counts * is_wanted)[:, order], starts, axis=1)
    before = np.cumsum(of_all, axis=1) - of_all
    taken = np.clip((places - before) / np.where(of_all > 0, of_all, 1.0), 0.0, 1.0)
    total = of_wanted.sum(axis=1)
    found = (taken * of_wanted).sum(axis=1)
    return np.asarray(np.where(total > 0, found / np.where(total > 0, total, 1.0), np.nan))
