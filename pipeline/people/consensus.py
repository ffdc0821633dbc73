"""What several people agree on: how likely each class is for each item, and how each person mistakes classes."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.classes import UNLABELLED
from pipeline.errors import InputError
from pipeline.people.votes import Votes

CLIP: Final = 0.01
"""No rate of a person counts as nearer to 0 or 1: nobody is never wrong, and no two votes decide for certain."""
PRIOR_VOTES: Final = 5.0
"""How many votes of a class, known to be of it, what is assumed of a person is worth."""
PRIOR_RIGHT: Final = 0.8
"""The share of them that is right. It also says which class is which: without it, all classes could change places."""
MOST_ROUNDS: Final = 200
TOLERANCE: Final = 1e-6
"""Rounds end when no probability changes by more."""


@dataclass(frozen=True, kw_only=True)
class Consensus:
    """What is known of items and people once their votes are put together.

    Attributes
    ----------
    posterior : ndarray of float64, (items, classes)
        Probability of each class, by the votes and by the share of the class; rows add up to 1.
    by_votes : ndarray of float64, (items, classes)
        The same by the votes alone, as if no class were more common than another. What people are shown was chosen, so
        that shares say little of an item, and a rare class must not lose every vote on it to a common one.
    confusion : ndarray of float64, (people, classes, classes)
        Probability that a person says the second class of an item of the first; clipped, rows add up to 1.
    expected : ndarray of float64, (people, classes, classes)
        The votes behind it: how many of each class, by the posterior, a person gave to items of each class.
    prior : ndarray of float64, (classes,)
        Share of each class among the items.
    rounds : int
        How many rounds it took.
    settled : bool
        Whether the probabilities had stopped changing by then.
    """

    posterior: NDArray[np.float64]
    by_votes: NDArray[np.float64]
    confusion: NDArray[np.float64]
    expected: NDArray[np.float64]
    prior: NDArray[np.float64]
    rounds: int
    settled: bool


def consensus(votes: Votes, truth: NDArray[np.integer] | None = None) -> Consensus:
    r"""Return what people agree on, each weighed by how well they judge (Dawid & Skene 1979, Appl. Statist. 28, 20).

    Rounds take turns: the rates of each person follow from the probabilities of the items, and these from the rates,

    .. math:: p_{ic} \propto \pi_c \prod_{j} \theta_{j, c, v_{ij}}

    where :math:`v_{ij}` is the vote of person j on item i. The first probabilities are the shares of the votes. A few
    votes that are mostly right are assumed of everybody (`PRIOR_VOTES`), so that somebody with few votes keeps
    moderate rates, and somebody who says the opposite of all others is the one found wrong.

    Parameters
    ----------
    votes : Votes
        One vote of each person on an item at most.
    truth : ndarray of int, (items,), optional
        The class of items that is known (hidden gold), which no vote changes; -1 where it is not known.

    Raises
    ------
    InputError
        If ``truth`` has another length, or a class that is not there.
    """
    n, k = votes.counts.shape
    known = _known(np.full(n, UNLABELLED) if truth is None else truth, n, k)
    assumed = _assumed(k)
    posterior = _anchored(votes.counts / np.maximum(votes.counts.sum(1, keepdims=True), 1), known)
    expected, confusion, prior = _rates(votes, posterior, assumed)
    rounds, change = 0, float(n > 0)
    while change > TOLERANCE and rounds < MOST_ROUNDS:
        found = _anchored(_posterior(votes, confusion, prior), known)
        change, posterior, rounds = float(np.abs(found - posterior).max()), found, rounds + 1
        expected, confusion, prior = _rates(votes, posterior, assumed)
    by_votes = _anchored(_posterior(votes, confusion, np.full(k, 1.0 / k)), known)
    return Consensus(
        posterior=posterior, by_votes=by_votes, confusion=confusion, expected=expected, prior=prior, rounds=rounds,
        settled=change <= TOLERANCE,
    )  # fmt: skip


def labels_of(found: Consensus, least: float = 0.5) -> NDArray[np.int64]:
    """Return the class that the votes on each item speak for, ``(items,)``; -1 if they do so by no more than ``least``.

    Parameters
    ----------
    found : Consensus
        What people agree on.
    least : float
        A probability by the votes alone, 0.5 or more.
    """
    if not len(found.by_votes):
        return np.zeros(0, np.int64)
    sure = found.by_votes.max(1) > least + TOLERANCE
    return np.where(sure, found.by_votes.argmax(1), UNLABELLED)


def _known(truth: NDArray[np.integer], n: int, k: int) -> NDArray[np.int64]:
    known = np.asarray(truth, np.int64)
    if known.shape != (n,):
        raise InputError(f"truth has shape {known.shape}; allowed: one class for each of {n} items")
    if ((known < UNLABELLED) | (known >= k)).any():
        wrong = int(known[(known < UNLABELLED) | (known >= k)][0])
        raise InputError(f"truth names class {wrong}; allowed: 0 to {k - 1}, or -1 where it is not known")
    return known


def _assumed(k: int) -> NDArray[np.float64]:
    """Return the votes that are assumed of everybody, ``(classes, classes)``."""
    wrong = PRIOR_VOTES * (1.0 - PRIOR_RIGHT) / (k - 1)
    return np.where(np.eye(k, dtype=bool), PRIOR_VOTES * PRIOR_RIGHT, wrong)


def _anchored(posterior: NDArray[np.float64], known: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return probabilities in which the known classes are certain."""
    return np.where((known >= 0)[:, None], np.eye(posterior.shape[1])[known], posterior)


def _rates(
    votes: Votes, posterior: NDArray[np.float64], assumed: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the expected votes and the rates of each person, and the share of each class."""
    k = posterior.shape[1]
    expected = np.zeros((len(votes.people), k, k))
    np.add.at(expected.transpose(0, 2, 1), (votes.person, votes.label), posterior[votes.item])
    rates = expected + assumed
    rates = np.clip(rates / rates.sum(2, keepdims=True), CLIP, 1.0 - CLIP)
    prior = (posterior.sum(0) + 1.0) / (len(posterior) + k)
    return expected, rates / rates.sum(2, keepdims=True), prior


def _posterior(votes: Votes, confusion: NDArray[np.float64], prior: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how likely each class is for each item, by the votes on it."""
    logs = np.tile(np.log(prior), (len(votes.items), 1))
    np.add.at(logs, votes.item, np.log(confusion).transpose(0, 2, 1)[votes.person, votes.label])
    shares = np.exp(logs - logs.max(1, keepdims=True, initial=-np.inf))
    return np.asarray(shares / shares.sum(1, keepdims=True))
