"""Permutation importance: how much worse a classifier does if one feature is shuffled among the judged rows."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from pipeline.errors import InputError

Predict = Callable[[NDArray[np.float32]], NDArray[np.floating]]
Merit = Callable[[NDArray[np.floating], NDArray[np.float64]], float]


def permutation_importance(
    predict: Predict,
    features: ArrayLike,
    names: Sequence[str],
    merit: Merit,
    *,
    repeats: int = 20,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return what shuffling each feature costs, with errors over shuffles and over rows.

    Each repeat shuffles a feature anew and counts each row as often as a bootstrap draw of all rows has it, so that the
    spread of the repeats holds both. Features that say the same hide each other: either can be shuffled at little cost.

    Parameters
    ----------
    predict : callable
        Takes features ``(n, f)`` and returns what the merit looks at, such as probabilities ``(n, k)``.
    features : array_like, shape (n, f)
        Of rows that the classifier did not learn from; NaN is shuffled like any value.
    names : sequence of str
        Names of the features.
    merit : callable
        Takes what ``predict`` returns and how often each row counts ``(n,)``, and returns a number; more is better.
    repeats : int
        At least 2.
    rng : Generator
        Source of the draws.

    Returns
    -------
    DataFrame
        ``feature importance error``, the highest importance first: mean and standard deviation over repeats of the
        merit that is lost.

    Raises
    ------
    InputError
        If there are no rows, other than one name a feature, or fewer than 2 repeats.
    """
    values = np.asarray(features, dtype=np.float32)
    if values.ndim != 2 or not len(values) or values.shape[1] != len(names):
        raise InputError(f"features {values.shape} with {len(names)} names; allowed: (n, f) with f names, n at least 1")
    if repeats < 2:
        raise InputError(f"repeats is {repeats}; allowed: at least 2")
    whole, n = predict(values), len(values)
    draws = [np.bincount(rng.integers(0, n, n), minlength=n).astype(np.float64) for _ in range(repeats)]
    found = []
    for place, name in enumerate(names):
        lost = []
        for times in draws:
            shuffled = values.copy()
            shuffled[:, place] = values[rng.permutation(n), place]
            lost.append(merit(whole, times) - merit(predict(shuffled), times))
        found.append((name, float(np.mean(lost)), float(np.std(lost, ddof=1))))
    table = pd.DataFrame(found, columns=["feature", "importance", "error"])
    return table.sort_values("importance", ascending=False, kind="stable").reset_index(drop=True)
