"""The tables of a scan of the training set's size: which figures it has, and what repeats of one size say together."""

from typing import Final

import pandas as pd

Cell = str | int | float

FIGURES: Final = (
    "auc",
    "average_precision",
    "equal_error",
    "mdr_at_fpr_1pc",
    "mdr_at_fpr_5pc",
    "fpr_at_mdr_1pc",
    "fpr_at_mdr_5pc",
)
"""Names in METRICS of the figures: those that any increasing change of the scores, as a calibration, leaves alone."""

COLUMNS: Final = (
    "size",
    "repeat",
    "seed",
    "rows",
    "real",
    "bogus",
    "groups",
    *(f"{name}{end}" for name in FIGURES for end in ("", "_low", "_high")),
    "seconds",
    "reason",
)
"""Columns of ``sizes.csv``: the size as asked for, the training rows used and their groups, the figures on the test
rows with their intervals, the seconds of the training, and why it failed if it did."""

_MEANS: Final = ("rows", "real", "bogus", "groups")


def size_summary(trainings: pd.DataFrame) -> pd.DataFrame:
    """Return what the repeats of each size say together.

    Parameters
    ----------
    trainings : DataFrame
        One row per size and repeat, with COLUMNS; the figures of a failed training are NaN.

    Returns
    -------
    DataFrame
        One row per size, in the order in which they come: ``size trainings failed``; the means of ``rows real bogus
        groups`` over the trainings that did not fail; each figure's mean and, as ``<figure>_std``, the standard
        deviation over the repeats (n - 1; NaN of one); the mean of ``seconds``.

    Examples
    --------
    >>> one = dict.fromkeys(COLUMNS, 0.0) | {"size": "0.1", "reason": ""}
    >>> table = size_summary(pd.DataFrame([one | {"auc": 0.8}, one | {"auc": 0.9}]))
    >>> table["size"].tolist(), table["trainings"].tolist(), table["auc_std"].round(4).tolist()
    (['0.1'], [2], [0.0707])
    """
    return pd.DataFrame([_summary(str(size), rows) for size, rows in trainings.groupby("size", sort=False)])


def _summary(size: str, rows: pd.DataFrame) -> dict[str, Cell]:
    done = rows[rows["reason"] == ""]
    means: dict[str, Cell] = {name: float(done[name].mean()) for name in _MEANS}
    figures: dict[str, Cell] = {}
    for name in FIGURES:
        figures |= {name: float(done[name].mean()), f"{name}_std": float(done[name].std(ddof=1))}
    counts: dict[str, Cell] = {"size": size, "trainings": len(rows), "failed": len(rows) - len(done)}
    return {**counts, **means, **figures, "seconds": float(done["seconds"].mean())}
