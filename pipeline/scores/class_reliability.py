"""How far probabilities of many classes can be believed: of each class, and of the class that a row is called."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from pipeline.metrics.class_rows import checked_classes, predicted_class
from pipeline.scores.calibration import reliability_table

TOP_CLASS = -1
"""Index that stands for the class that each row is called."""


def class_reliability(labels: ArrayLike, probabilities: ArrayLike, bins: int = 10, level: float = 0.68) -> pd.DataFrame:
    """Return the mean probability against the share of rows that belong to the class, for the called and every class.

    Parameters
    ----------
    labels : array_like, shape (n,)
        Index of the class, 0 to k - 1.
    probabilities : array_like, shape (n, k)
        The probability of each class.
    bins : int
        How many bins of equal width divide 0 ... 1.
    level : float
        Probability that the interval of the share (Jeffreys') is meant to cover.

    Returns
    -------
    DataFrame
        As from `reliability_table` for the class as real and all others as bogus, with the column ``class_index``:
        `TOP_CLASS` first, for the largest probability and whether it is of the right class, then 0 to k - 1.

    Raises
    ------
    InputError
        As raised by `checked_classes`.
    """
    label, chances = checked_classes(labels, probabilities)
    chances = np.clip(chances, 0.0, 1.0)
    right = (predicted_class(chances) == label).astype(np.int64)
    tables = [reliability_table(right, chances.max(axis=1), bins, level).assign(class_index=TOP_CLASS)]
    tables += [
        reliability_table((label == index).astype(np.int64), chances[:, index], bins, level).assign(class_index=index)
        for index in range(chances.shape[1])
    ]
    return pd.concat(tables, ignore_index=True)
