"""How far people agree beyond chance: Cohen's kappa of pairs, Fleiss' of all."""

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import cohen_kappa_score

from pipeline.people.votes import Votes


@dataclass(frozen=True, kw_only=True)
class PairAgreement:
    """How far two people agree.

    Attributes
    ----------
    first, second : str
        The people.
    shared : int
        How many items both voted on.
    agreed : float
        Share of these on which they agree.
    kappa : float
        Cohen's kappa; NaN if both gave one and the same class throughout, where chance explains everything.
    """

    first: str
    second: str
    shared: int
    agreed: float
    kappa: float


def pair_agreements(votes: Votes) -> list[PairAgreement]:
    """Return how far each two people agree who voted on the same items (Cohen 1960)."""
    table = votes.table.pivot(index="item", columns="person", values="label")
    found = []
    for first, second in itertools.combinations(votes.people, 2):
        both = table[[first, second]].dropna().to_numpy(np.int64)
        if len(both):
            found.append(
                PairAgreement(
                    first=first,
                    second=second,
                    shared=len(both),
                    agreed=float((both[:, 0] == both[:, 1]).mean()),
                    kappa=_cohen(both, len(votes.class_names)),
                )
            )
    return found


def fleiss_kappa(counts: NDArray[np.integer]) -> float:
    r"""Return Fleiss' kappa of items that need not have equally many votes (Fleiss 1971, Psychol. Bull. 76, 378).

    .. math:: \kappa = (\bar P - P_e) / (1 - P_e)

    where :math:`\bar P` is the share of agreeing pairs of votes, averaged over the items, and :math:`P_e` the sum of
    the squared shares of the classes among all votes.

    Parameters
    ----------
    counts : ndarray of int, (items, classes)
        How many votes each item has for each class. Items with fewer than two say nothing.

    Returns
    -------
    float
        NaN if no item has two votes, or all votes are of one class.

    Examples
    --------
    >>> round(fleiss_kappa(np.array([[2, 0], [0, 2], [1, 1]])), 3)
    0.333
    """
    several = counts[counts.sum(1) >= 2].astype(np.float64)
    if not len(several):
        return float("nan")
    n = several.sum(1)
    agreeing = float(((several**2).sum(1) - n).dot(1.0 / (n * (n - 1.0))) / len(several))
    chance = float(((several.sum(0) / n.sum()) ** 2).sum())
    return (agreeing - chance) / (1.0 - chance) if chance < 1.0 else float("nan")


def _cohen(both: NDArray[np.int64], n_classes: int) -> float:
    if len(np.unique(both)) < 2:
        return float("nan")
    return float(cohen_kappa_score(both[:, 0], both[:, 1], labels=list(range(n_classes))))
