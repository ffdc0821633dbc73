"""Which candidates a person should label next: those that a classifier would learn most from, and a random audit.

Each strategy says in which order candidates are wanted; a mixture takes a share by each. Sources: uncertainty sampling
(Lewis and Gale 1994), BALD (Houlsby et al. 2011, arXiv:1112.5745), committees (Seung et al. 1992), the core set (Sener
and Savarese 2018, arXiv:1708.00489).
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.cutouts.missing import HUGE
from pipeline.errors import InputError, SettingsError
from pipeline.registry import Registry

_FARTHEST: Final = 5.0
"""Spreads from the mean beyond which a feature is no stranger; else the wildest artefacts alone would be taken."""


@dataclass(frozen=True, kw_only=True)
class Pool:
    """Candidates that may be chosen.

    Attributes
    ----------
    probabilities : ndarray of float64, (n, class)
        Of each candidate; finite.
    bald : ndarray of float64, (n,)
        Mutual information between label and weights; NaN where the package samples no posterior.
    others : ndarray of float64, (package, n, class)
        Probabilities by further packages; may be of none.
    features : ndarray of float64, (n, f), or None
        By which candidates are alike or not; None where no strategy asks for them.
    known : ndarray of float64, (m, f), or None
        Features of candidates that are labelled or chosen already.
    """

    probabilities: NDArray[np.float64]
    bald: NDArray[np.float64]
    others: NDArray[np.float64]
    features: NDArray[np.float64] | None = None
    known: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.probabilities)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """How many of a pool a strategy takes, which rows ``(n,)`` are free, and the generator of what is drawn."""

    count: int
    free: NDArray[np.bool_]
    rng: np.random.Generator


Choice = tuple[NDArray[np.intp], NDArray[np.float64]]
"""The chosen rows of a pool, the most wanted first, and what each is worth."""

Strategy = Callable[[Pool, Wanted], Choice]

STRATEGIES: Registry[Strategy] = Registry("strategy of selection")


@dataclass(frozen=True, kw_only=True)
class Mixture:
    """How many candidates are chosen by each strategy.

    Attributes
    ----------
    shares : mapping of str to float
        Strategy by name, and its share; they sum to 1.
    """

    shares: Mapping[str, float]

    @classmethod
    def parse(cls, text: str) -> "Mixture":
        """Return the mixture that a text such as ``margin`` or ``margin:0.6,core_set:0.3,random:0.1`` states.

        Raises
        ------
        SettingsError
            If a strategy is not known or named twice, or a share is not above 0.

        Examples
        --------
        >>> dict(Mixture.parse("margin:3,random:1").shares)
        {'margin': 0.75, 'random': 0.25}
        """
        found: dict[str, float] = {}
        for part in text.split(","):
            name, _, share = (piece.strip() for piece in part.partition(":"))
            if name not in STRATEGIES or name in found:
                said = "is named twice" if name in found else "is not known"
                raise SettingsError(f"strategy {name!r} {said}; allowed, each once: {', '.join(STRATEGIES)}")
            found[name] = _share(share or "1", name)
        total = sum(found.values())
        return cls(shares={name: share / total for name, share in found.items()})

    def counts(self, total: int) -> dict[str, int]:
        """Return how many of some candidates are chosen by each strategy; the largest remainders are rounded up.

        Examples
        --------
        >>> Mixture.parse("margin:2,random:1").counts(10)
        {'margin': 7, 'random': 3}
        """
        exact = {name: share * total for name, share in self.shares.items()}
        found = {name: int(value + 1e-9) for name, value in exact.items()}
        for name in sorted(exact, key=lambda one: found[one] - exact[one])[: total - sum(found.values())]:
            found[name] += 1
        return found


def _share(text: str, name: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = math.nan
    if not (math.isfinite(share) and share > 0):
        raise SettingsError(f"the share of strategy {name!r} is {text!r}; allowed: a number above 0, as in {name}:0.5")
    return share


def select(
    pool: Pool, mixture: Mixture, count: int, rng: np.random.Generator
) -> tuple[NDArray[np.intp], list[str], NDArray[np.float64]]:
    """Choose candidates, each once.

    The random audit is drawn first, of all that may be chosen, so that it stays a fair sample of them. The others
    follow as they are named. In the result they take turns, so that someone who stops early has seen some of each.

    Parameters
    ----------
    pool : Pool
        The candidates.
    mixture : Mixture
        By which strategies.
    count : int
        How many are chosen; all where there are fewer.
    rng : Generator
        Of what is drawn.

    Returns
    -------
    rows : ndarray of int, (k,)
        The chosen candidates.
    reasons : list of str, (k,)
        By which strategy each was chosen.
    values : ndarray of float64, (k,)
        What it is worth by that strategy; NaN of a draw.

    Raises
    ------
    InputError
        If a strategy needs what the pool does not have.
    """
    free, found = np.ones(len(pool), bool), {}
    counts = mixture.counts(min(count, len(pool)))
    for name in sorted(counts, key=lambda one: one != "random"):
        rows, values = STRATEGIES[name](pool, Wanted(count=counts[name], free=free.copy(), rng=rng))
        free[rows] = False
        found[name] = list(zip(rows.tolist(), values.tolist(), strict=True))
    turns = [
        ((place + 0.5) / len(chosen), order, row, name, value)
        for order, (name, chosen) in enumerate((name, found[name]) for name in counts)
        for place, (row, value) in enumerate(chosen)
    ]
    turns.sort()
    return (
        np.array([row for _, _, row, _, _ in turns], np.intp),
        [name for *_, name, _ in turns],
        np.array([value for *_, value in turns]),
    )


def entropy_of(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the entropy of probabilities ``(..., class)`` in nats."""
    logs = np.log(np.where(probabilities > 0, probabilities, 1.0))
    return np.asarray(-(probabilities * logs).sum(axis=-1))


def _highest(values: NDArray[np.float64], wanted: Wanted) -> Choice:
    """Return the free rows of the highest values."""
    rows = np.flatnonzero(wanted.free)
    chosen = rows[np.argsort(-values[rows], kind="stable")[: wanted.count]]
    return chosen, values[chosen]


@STRATEGIES.register("margin")
def margin(pool: Pool, wanted: Wanted) -> Choice:
    """Take those whose two most probable classes are nearest; the value is 1 less their difference."""
    ordered = np.sort(pool.probabilities, axis=1)
    return _highest(1.0 - (ordered[:, -1] - ordered[:, -2]), wanted)


@STRATEGIES.register("entropy")
def entropy(pool: Pool, wanted: Wanted) -> Choice:
    """Take those whose probabilities have the largest entropy, in nats."""
    return _highest(entropy_of(pool.probabilities), wanted)


@STRATEGIES.register("bald")
def bald(pool: Pool, wanted: Wanted) -> Choice:
    """Take those on which the dropout samples of a network disagree most (BALD)."""
    if not np.isfinite(pool.bald).any():
        raise InputError(
            "strategy 'bald' needs a package that samples a posterior, whose scores have `bald`; allowed without: "
            "margin, entropy, disagreement of several packages, core_set, random"
        )
    return _highest(np.where(np.isfinite(pool.bald), pool.bald, -np.inf), wanted)


@STRATEGIES.register("disagreement")
def disagreement(pool: Pool, wanted: Wanted) -> Choice:
    """Take those on which several packages disagree most: the entropy of their mean less their mean entropy."""
    if not len(pool.others):
        raise InputError("strategy 'disagreement' needs further packages: name them by --also")
    every = np.concatenate([pool.probabilities[None], pool.others])
    return _highest(entropy_of(every.mean(axis=0)) - entropy_of(every).mean(axis=0), wanted)


@STRATEGIES.register("random")
def random(pool: Pool, wanted: Wanted) -> Choice:  # noqa: ARG001
    """Draw at random: a fair sample, by which figures on the chosen rows can be judged."""
    rows = wanted.rng.permutation(np.flatnonzero(wanted.free))[: wanted.count]
    return rows, np.full(len(rows), np.nan)


@STRATEGIES.register("core_set")
def core_set(pool: Pool, wanted: Wanted) -> Choice:
    """Take, one by one, the candidate whose features are farthest from all known and chosen ones (k-centre greedy)."""
    if pool.features is None:
        raise InputError("strategy 'core_set' needs features of the candidates")
    features, known = _standardised(pool.features, pool.known)
    rows, values = [], []
    nearest = np.full(len(pool), np.inf)
    for row in known:
        nearest = np.minimum(nearest, _squared(features, row))
    for row in np.flatnonzero(~wanted.free):
        nearest = np.minimum(nearest, _squared(features, features[row]))
    taken = ~wanted.free
    for _ in range(min(wanted.count, int(wanted.free.sum()))):
        distance = np.where(taken, -np.inf, nearest)
        free = np.flatnonzero(wanted.free)
        row = int(wanted.rng.choice(free)) if np.isposinf(distance).any() else int(distance.argmax())
        rows.append(row)
        values.append(math.sqrt(nearest[row]) if math.isfinite(nearest[row]) else math.nan)
        taken[row] = True
        nearest = np.minimum(nearest, _squared(features, features[row]))
    return np.array(rows, np.intp), np.array(values, np.float64)


def _squared(features: NDArray[np.float64], row: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(((features - row) ** 2).sum(axis=1))


def _standardised(
    features: NDArray[np.float64], known: NDArray[np.float64] | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return features in units of their spread among the candidates, a missing or endless one at the mean."""
    others = np.zeros((0, features.shape[1])) if known is None else known
    features, others = (np.where(np.abs(rows) <= HUGE, rows, np.nan) for rows in (features, others))
    told = np.flatnonzero(np.isfinite(features).any(axis=0))
    mean, std = np.zeros(features.shape[1]), np.zeros(features.shape[1])
    mean[told], std[told] = np.nanmean(features[:, told], axis=0), np.nanstd(features[:, told], axis=0)
    width = np.where(std > 0, std, 1.0)
    first, second = (np.nan_to_num((rows - mean) / width) for rows in (features, others))
    return np.clip(first, -_FARTHEST, _FARTHEST), np.clip(second, -_FARTHEST, _FARTHEST)
