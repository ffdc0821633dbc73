"""How well each person judges: by what all agree on, by hidden gold, and by what the others said."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.classes import UNLABELLED
from pipeline.metrics.intervals import binomial_interval
from pipeline.people.consensus import Consensus
from pipeline.people.votes import Votes

LEVEL: Final = 0.68
"""Probability that an interval is meant to cover."""


@dataclass(frozen=True, kw_only=True)
class Rate:
    """A share of votes, with Jeffreys' interval of 68 %.

    Attributes
    ----------
    value, low, high : float
        NaN without votes.
    votes : float
        Of how many votes; not a whole number where classes are known by probabilities alone.
    """

    value: float
    low: float
    high: float
    votes: float


def rate(right: float, votes: float) -> Rate:
    """Return the share of votes that are right.

    Examples
    --------
    >>> found = rate(9, 10)
    >>> f"{found.value} ({found.low:.2f} to {found.high:.2f})"
    '0.9 (0.77 to 0.96)'
    """
    low, high = binomial_interval(right, votes, LEVEL)
    return Rate(value=right / votes if votes > 0 else float("nan"), low=float(low), high=float(high), votes=votes)


def class_rates(table: NDArray[np.floating]) -> list[Rate]:
    """Return which share of each class a person calls so, such as specificity and sensitivity of bogus and real.

    Parameters
    ----------
    table : ndarray of float, (classes, classes)
        The person's votes by the class of the item and the class that was said.
    """
    return [rate(float(row[code]), float(row.sum())) for code, row in enumerate(table)]


def gold_tables(votes: Votes, truth: NDArray[np.integer]) -> NDArray[np.float64]:
    """Return the votes of each person on items whose class is known, ``(people, classes, classes)``.

    Parameters
    ----------
    votes : Votes
        The votes.
    truth : ndarray of int, (items,)
        The class of each item, -1 where it is not known.
    """
    k = len(votes.class_names)
    found, known = np.zeros((len(votes.people), k, k)), truth[votes.item] >= 0
    np.add.at(found, (votes.person[known], truth[votes.item][known], votes.label[known]), 1.0)
    return found


def said_without(votes: Votes, found: Consensus, truth: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return for each vote the class by gold or by the others, ``(votes,)``; -1 if nobody else voted, or for a tie.

    The person's own vote is divided out of the probabilities, so that nobody is measured by what they said themselves.
    """
    own = found.confusion.transpose(0, 2, 1)[votes.person, votes.label]
    others = found.by_votes[votes.item] / own
    others /= others.sum(1, keepdims=True)
    ranked = np.sort(others, axis=1)
    clear = ranked[:, -1] > ranked[:, -2] + 1e-9
    alone = votes.counts.sum(1)[votes.item] < 2
    by_others = np.where(clear & ~alone, others.argmax(1), UNLABELLED)
    known = truth[votes.item]
    return np.where(known >= 0, known, by_others).astype(np.int64)
