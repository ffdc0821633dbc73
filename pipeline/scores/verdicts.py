"""Real, bogus, or a question for a person: verdicts on scores of two classes that err as rarely as was promised.

Split-conformal sets of the two classes: a score that both fit is asked about. With limits for each class of its own
(Mondrian), the promise holds for the reals and for the bogus alike, whatever their shares; with one limit for all rows
it holds for the mixture of them, and needs weights at another share of reals. Vovk, Gammerman & Shafer (2005), chapter
4; Tibshirani, Foygel Barber, Candes & Ramdas (2019) and Podkopaev & Ramdas (2021) for the weights.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.classes import ASK, BOGUS, CLASS_NAMES, REAL
from pipeline.errors import InputError
from pipeline.scores.conformal import conformal_limit, conformal_rank, weighted_limit

CONFORMAL: Final = "conformal"
"""The key in recipes, in packages and in the provenance of scores."""

VERDICTS: Final = (CLASS_NAMES[BOGUS], CLASS_NAMES[REAL], ASK)
"""What the column ``verdict`` may say; it is empty where there is no score."""

Promise = Literal["class", "all"]

_ROUNDING: Final = 1e-6
"""Limits are moved outwards by this share of them, for scores are float32 and a row at a limit lies within; at a low
base rate all scores are small."""


@dataclass(frozen=True, kw_only=True)
class VerdictLimits:
    """From and up to which score a row is asked about.

    Attributes
    ----------
    error : float
        The share of rows that may be called the other class.
    promise : {"class", "all"}
        Whether that holds for the rows of each class, or for all rows together.
    base_rate : float or None
        Share of reals among the rows that it holds for, with the promise for all; None with that for each class, or for
        the share among the rows that fitted it.
    bogus_below : float
        A score below it is called bogus.
    real_above : float
        A score above it is called real; what lies between the two, ends included, is asked about.
    crossed : bool
        Whether the classifier alone errs less than this: nothing is asked about, and both limits are one threshold.
    rows : mapping of str to int
        How many rows of ``bogus`` and ``real`` fitted the limits.

    Examples
    --------
    >>> limits = VerdictLimits.fit([0.1, 0.2, 0.6, 0.4, 0.8, 0.9], [0, 0, 0, 1, 1, 1], error=0.25)
    >>> limits.apply([0.3, 0.5, 0.7, float("nan")]).tolist()
    ['bogus', 'ask', 'real', '']
    """

    error: float
    promise: Promise
    base_rate: float | None
    bogus_below: float
    real_above: float
    crossed: bool
    rows: Mapping[str, int]

    @classmethod
    def fit(
        cls,
        scores: ArrayLike,
        labels: ArrayLike,
        *,
        error: float,
        promise: Promise = "class",
        base_rate: float | None = None,
        threshold: float = 0.5,
    ) -> Self:
        """Return the limits from scores of rows that taught nothing.

        Parameters
        ----------
        scores : array_like, (n,)
            Calibrated or not, larger for reals; rows without one (NaN) are left out.
        labels : array_like of int, (n,)
            0 bogus, 1 real.
        error : float
            The share of rows that may be called the other class, above 0 and below 1.
        promise : {"class", "all"}
            Of each class, or of all rows.
        base_rate : float, optional
            With the promise for all: the share of reals that it is for, above 0 and below 1.
        threshold : float
            Where limits that cross meet, as near as they allow.

        Raises
        ------
        InputError
            If there are too few rows of a class, or of both, for this error.
        """
        chances, label = np.asarray(scores, dtype=np.float64), np.asarray(labels)
        known = np.isfinite(chances)
        real, bogus = chances[known & (label == REAL)], chances[known & (label == BOGUS)]
        rows = {CLASS_NAMES[BOGUS]: len(bogus), CLASS_NAMES[REAL]: len(real)}
        if promise == "class":
            for name, count in rows.items():
                _require_enough(count, error, name)
            lowest, highest = 1.0 - conformal_limit(1.0 - real, error), conformal_limit(bogus, error)
        else:
            _require_enough(len(real) + len(bogus), error, "both classes")
            lowest, highest = _limits_of_all(real, bogus, error, base_rate)
        crossed = bool(lowest > highest)
        if crossed:
            apart = min(_ROUNDING * lowest, 0.5 * (lowest - highest))  # a row at a limit keeps its side
            lowest = highest = float(np.clip(threshold, highest + apart, lowest - apart))
        else:
            lowest, highest = lowest * (1.0 - _ROUNDING), highest * (1.0 + _ROUNDING)
        return cls(
            error=error,
            promise=promise,
            base_rate=base_rate if promise == "all" else None,
            bogus_below=lowest,
            real_above=highest,
            crossed=crossed,
            rows=rows,
        )

    @classmethod
    def of(cls, stated: Mapping[str, Any]) -> "VerdictLimits | None":
        """Return the limits that a package states; None if it could not fit any."""
        if stated.get("bogus_below") is None:
            return None
        return cls(**{name: stated[name] for name in cls.__dataclass_fields__})

    def apply(self, scores: ArrayLike) -> NDArray[np.str_]:
        """Return the verdict on each score, ``(n,)``: of VERDICTS, or empty where the score is NaN.

        Where limits crossed, a score at the threshold is called real, as everywhere.
        """
        chances = np.asarray(scores, dtype=np.float64)
        real = chances >= self.real_above if self.crossed else chances > self.real_above
        chosen = np.select([np.isnan(chances), chances < self.bogus_below, real], ["", *VERDICTS[:2]], ASK)
        return np.asarray(chosen, dtype=np.str_)


def joint_promise(promises: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return what joined verdicts promise, by its key: that of the first, whose limits the fewest rows of any fitted.

    Parameters
    ----------
    promises : sequence of mapping
        What each of several files of scores promises; empty without verdicts.
    """
    stated = [promise for promise in promises if promise]
    if not stated:
        return {}
    fewest = {name: min(promise["rows"][name] for promise in stated) for name in stated[0]["rows"]}
    shared = {name: stated[0][name] for name in ("error", "promise", "base_rate")}
    return {CONFORMAL: {**shared, "rows": fewest}}


def _require_enough(count: int, error: float, what: str) -> None:
    try:
        conformal_rank(count, error)
    except InputError as fault:
        raise InputError(f"{what}: {fault}") from None


def _limits_of_all(
    real: NDArray[np.float64], bogus: NDArray[np.float64], error: float, base_rate: float | None
) -> tuple[float, float]:
    """Return the lowest score that a real and the highest that a bogus may have, under one limit for all rows."""
    strange = np.concatenate([1.0 - real, bogus])
    if base_rate is None:
        limit = conformal_limit(strange, error)
        return 1.0 - limit, limit
    if not len(real) or not len(bogus):
        raise InputError(f"{len(real)} real and {len(bogus)} bogus rows; allowed at another base rate: some of each")
    share = len(real) / len(strange)
    of_real, of_bogus = base_rate / share, (1.0 - base_rate) / (1.0 - share)
    weights = np.concatenate([np.full(len(real), of_real), np.full(len(bogus), of_bogus)])
    of_reals, highest = (weighted_limit(strange, weights, own, error) for own in (of_real, of_bogus))
    if np.isinf(max(of_reals, highest)):
        raise InputError(
            f"{len(real)} real and {len(bogus)} bogus rows cannot calibrate an error of {error:g} at a base rate of "
            f"{base_rate:g}; allowed: more rows, or 'promise: class', which needs no base rate"
        )
    return 1.0 - of_reals, highest
