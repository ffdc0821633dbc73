"""Whether people judge faint candidates otherwise than bright ones."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

LEAST: Final = 10
"""With fewer votes that agree, or that disagree, there is no slope to speak of."""
_SIGMAS: Final = 1.959963984540054
"""Half the width of an interval of 95 %, in standard errors."""
_PRIOR_SIGMA: Final = 30.0
"""Width of the prior of the slope, in units of the spread of SNR: it matters only where votes are all apart by SNR."""


@dataclass(frozen=True, kw_only=True)
class Slope:
    """How the odds of disagreement change with signal to noise.

    Attributes
    ----------
    value, low, high : float
        Change of the log odds for ten times the SNR, with its interval of 95 %; NaN if there are too few votes.
    votes, disagreeing : int
        How many votes have an SNR and something to compare them with, and how many of them differ from it.
    words : str
        What follows, as a sentence.
    """

    value: float
    low: float
    high: float
    votes: int
    disagreeing: int
    words: str


def snr_slope(disagrees: NDArray[np.bool_], snr: NDArray[np.floating]) -> Slope:
    """Return how disagreement depends on SNR: a logistic regression on its decimal logarithm.

    Parameters
    ----------
    disagrees : ndarray of bool, (votes,)
        Whether each vote differs from what it is compared with.
    snr : ndarray of float, (votes,)
        Signal to noise of what was judged, without its sign; votes without a positive number are left out.
    """
    strength = np.abs(np.asarray(snr, np.float64))
    usable = np.isfinite(strength) & (strength > 0)
    x, y = np.log10(strength[usable]), np.asarray(disagrees, bool)[usable]
    few = min(int(y.sum()), int((~y).sum()))
    if few < LEAST or x.std() == 0:
        return _unknown(y, few)
    value, error = _fitted((x - x.mean()) / x.std(), y)
    value, error = value / x.std(), error / x.std()
    low, high = value - _SIGMAS * error, value + _SIGMAS * error
    return Slope(
        value=value, low=low, high=high, votes=len(y), disagreeing=int(y.sum()), words=_words(value, low, high)
    )  # fmt: skip


def _fitted(x: NDArray[np.float64], y: NDArray[np.bool_]) -> tuple[float, float]:
    """Return slope and standard error of a logistic regression on one column of unit spread."""
    model = LogisticRegression(C=_PRIOR_SIGMA**2, tol=1e-8, max_iter=1000).fit(x[:, None], y)
    slope, intercept = float(model.coef_[0, 0]), float(model.intercept_[0])
    shares = expit(intercept + slope * x)
    columns = np.column_stack([np.ones_like(x), x])
    information = columns.T @ (columns * (shares * (1.0 - shares))[:, None])
    information[1, 1] += _PRIOR_SIGMA**-2
    return slope, float(np.sqrt(np.linalg.inv(information)[1, 1]))


def _unknown(disagrees: NDArray[np.bool_], few: int) -> Slope:
    words = (
        f"too few votes of known SNR to say whether verdicts depend on it: {int(disagrees.sum())} of {len(disagrees)} "
        f"disagree; "
        f"needed: {LEAST} that do and {LEAST} that do not"
        if few < LEAST
        else "all votes are at one SNR"
    )
    nothing = float("nan")
    return Slope(
        value=nothing, low=nothing, high=nothing, votes=len(disagrees), disagreeing=int(disagrees.sum()), words=words
    )  # fmt: skip


def _words(value: float, low: float, high: float) -> str:
    times = np.exp(np.clip(np.abs([value, low, high]), 0.0, np.log(1e4)))
    if low <= 0.0 <= high:
        return f"verdicts do not depend on SNR beyond chance ({value:+.2f}, {low:+.2f} to {high:+.2f})"
    where = "faint" if value < 0 else "bright"
    return (
        f"verdicts on {where} candidates are wrong more often: the odds change by a factor {times[0]:.1f} "
        f"({min(times[1:]):.1f} to {max(times[1:]):.1f}) for ten times the SNR"
    )
