"""Strata that are worse than the whole by more than chance, all of them tested together."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import bdtr, bdtrc

Rate = Literal["recall", "fpr"]
LEAST_ROWS: Final = 200
"""Strata with fewer rows of a class are shown and never judged: their intervals are wider than faults of interest."""
LEVEL: Final = 0.05
_CLASS: Final[Mapping[Rate, str]] = {"recall": "real", "fpr": "bogus"}


@dataclass(frozen=True, kw_only=True)
class WeakStratum:
    """A stratum of which a classifier finds fewer reals, or passes more bogus, than of all rows.

    Attributes
    ----------
    column, stratum : str
        As in `STRATUM_COLUMNS`.
    rate : {"recall", "fpr"}
        Which rate is worse.
    value, whole : float
        That rate in the stratum, and of all rows.
    n : int
        Rows of the rate's class in the stratum.
    p : float
        How often chance alone would make any of the tested strata look as bad as this one (Holm 1979).
    """

    column: str
    stratum: str
    rate: Rate
    value: float
    whole: float
    n: int
    p: float


def weak_strata(
    strata: Iterable[Mapping[str, Any]],
    *,
    recall: float,
    fpr: float,
    level: float = LEVEL,
    least_rows: int = LEAST_ROWS,
) -> list[WeakStratum]:
    """Return the strata that are worse than the whole beyond chance, the surest first.

    A rate of a stratum is compared with that of all rows by a one-sided binomial test, in which a group counts once,
    because the cutouts of one object are not independent. All tests together call a sound classifier weak in any
    stratum in at most the share ``level`` of reports (Holm 1979).

    Parameters
    ----------
    strata : iterable of mapping
        Rows of `all_strata`, as of ``metrics.json``: None and NaN are no value.
    recall, fpr : float
        The rates of all rows, at the threshold of the strata; NaN where a class is absent.
    level : float
        Family-wise chance of a false alarm.
    least_rows : int
        Rows of a class that a stratum needs to be judged by that class.
    """
    wholes: tuple[tuple[Rate, float], ...] = (("recall", recall), ("fpr", fpr))
    rows = list(strata)
    found = [
        (stratum, rate, whole)
        for rate, whole in wholes
        for stratum in rows
        if np.isfinite(whole) and stratum[f"n_{_CLASS[rate]}"] >= least_rows
    ]
    chances = holm([_chance(stratum, rate, whole) for stratum, rate, whole in found])
    weak = [
        WeakStratum(
            column=str(stratum["column"]), stratum=str(stratum["stratum"]), rate=rate, value=float(stratum[rate]),
            whole=whole, n=int(stratum[f"n_{_CLASS[rate]}"]), p=float(chance),
        )
        for (stratum, rate, whole), chance in zip(found, chances, strict=True)
        if chance <= level
    ]  # fmt: skip
    return sorted(weak, key=lambda stratum: stratum.p)


def holm(chances: ArrayLike) -> NDArray[np.float64]:
    """Return chances adjusted for how many there are, by Holm (1979): one below 0.05 is a find among all of them.

    Parameters
    ----------
    chances : array_like, (n,)
        Of each test by itself.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).round(6).tolist()
    [0.03, 0.06, 0.06]
    """
    alone = np.asarray(chances, dtype=np.float64)
    order = np.argsort(alone, kind="stable")
    stepped = alone[order] * np.arange(len(alone), 0, -1)
    adjusted = np.empty_like(alone)
    adjusted[order] = np.minimum(np.maximum.accumulate(stepped), 1.0)
    return adjusted


def _chance(stratum: Mapping[str, Any], rate: Rate, whole: float) -> float:
    """Return how often a stratum of so many groups would be as bad as this one, if it were like the whole."""
    n = int(stratum[f"n_{_CLASS[rate]}_groups"])
    called = round(float(stratum[rate]) * n)
    return float(bdtr(called, n, whole) if rate == "recall" else bdtrc(called - 1, n, whole) if called else 1.0)
