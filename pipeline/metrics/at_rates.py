"""The threshold that keeps a rate of errors, and the other rate there."""

from collections.abc import Iterable
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from pipeline.classes import BOGUS, REAL
from pipeline.metrics.curves import operating_points
from pipeline.metrics.definitions import SLACK

Kept = Literal["fpr", "mdr"]


def at_rates(labels: ArrayLike, scores: ArrayLike, rates: Iterable[float]) -> dict[str, dict[str, float | str]]:
    """Return for each rate the best threshold that keeps the false positive rate, and that keeps the missed detections.

    Parameters
    ----------
    labels, scores : array_like, shape (n,)
        0 bogus and 1 real; finite scores, larger for more real.
    rates : iterable of float
        The most that either rate may be.

    Returns
    -------
    dict of str to dict
        By name, such as ``mdr_0.04``: ``kept`` (``"fpr"`` or ``"mdr"``), ``rate``, ``threshold fpr mdr``; empty if a
        class is absent.

    Examples
    --------
    >>> found = at_rates([0, 0, 1, 1], [0.1, 0.7, 0.6, 0.8], [0.5])
    >>> [(one["kept"], one["threshold"], one["fpr"], one["mdr"]) for one in found.values()]
    [('fpr', 0.6, 0.5, 0.0), ('mdr', 0.8, 0.0, 0.5)]
    """
    if len(np.unique(np.asarray(labels))) < 2:
        return {}
    points = operating_points(labels, scores)
    n_bogus, n_real = (int((np.asarray(labels) == label).sum()) for label in (BOGUS, REAL))
    found: dict[str, dict[str, float | str]] = {}
    for rate in rates:
        lowest = int(np.flatnonzero(points["fpr"] * n_bogus <= rate * n_bogus + SLACK)[-1])
        reached = points["tpr"].iloc[lowest]
        strictest = {
            "fpr": int(np.flatnonzero(points["tpr"] >= reached)[0]),  # as few bogus as this recall allows
            "mdr": int(np.flatnonzero(points["tpr"] * n_real >= (1.0 - rate) * n_real - SLACK)[0]),
        }
        for kept, place in strictest.items():
            at = points.iloc[place]
            values = {name: float(at[name]) for name in ("threshold", "fpr", "mdr")}
            found[f"{kept}_{rate:g}"] = {"kept": kept, "rate": rate, **values}
    return found
