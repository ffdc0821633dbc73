"""Which candidates a person sees, in which order, and which known ones are hidden among them."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.classes import BOGUS_DRAW, TEACHER, UNLABELLED, UNSEEN
from pipeline.errors import SettingsError, UnknownNameError
from pipeline.expressions.expression import parse_condition
from pipeline.labels.references import DETECTION, OBJECT
from web.candidates import Candidates
from web.verdict_book import VerdictBook

GOLD_EVERY: Final = 20
"""One of so many candidates is one whose class is known."""

_UNTRUSTED: Final = frozenset({"", BOGUS_DRAW, TEACHER, UNSEEN})
"""Label sources that are no gold: nobody judged such rows."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a person asks to see.

    Attributes
    ----------
    person : str
        Who asks.
    queue : str
        Name of a queue of `queue_names`.
    sort : str
        A column of numbers, with ``-`` before it the largest first; empty: the order of the queue.
    where : str
        A condition on columns, such as ``score > 0.3 and magnitude < 20``; empty for none.
    band : str
        Only this band; empty for all.
    unseen : bool
        Whether candidates that this person judged are left out.
    unlabelled : bool
        Whether candidates that have a label are left out.
    """

    person: str
    queue: str = "all"
    sort: str = ""
    where: str = ""
    band: str = ""
    unseen: bool = False
    unlabelled: bool = False


def _file_order(candidates: Candidates, _book: VerdictBook, _wanted: Wanted) -> NDArray[np.int64]:
    return np.arange(len(candidates.rows))


def _uncertain(candidates: Candidates, _book: VerdictBook, _wanted: Wanted) -> NDArray[np.int64]:
    """Return the rows with the smallest lead of the likeliest class over the next first; those without scores last."""
    names = [name for name in candidates.rows if str(name).startswith("p_")]
    if len(names) < 2:
        lead = np.abs(candidates.rows["score"].to_numpy(np.float64) - 0.5)
    else:
        chances = np.sort(candidates.rows[names].to_numpy(np.float64), axis=1)
        lead = chances[:, -1] - chances[:, -2]
    return np.argsort(lead, kind="stable")


def _audit(candidates: Candidates, _book: VerdictBook, _wanted: Wanted) -> NDArray[np.int64]:
    """Return what the classifier would cut, in an order that is random and stays."""
    called = candidates.rows.get("label_predicted", pd.Series(-1, candidates.rows.index)).to_numpy()
    cut = np.flatnonzero(called == 0)
    return cut[np.argsort(_hashes(candidates, "audit")[cut], kind="stable")]


def _mistakes(candidates: Candidates, _book: VerdictBook, _wanted: Wanted) -> NDArray[np.int64]:
    """Return labelled rows that the classifier calls otherwise, those of which it is most certain first."""
    called = candidates.rows.get("label_predicted", pd.Series(-1, candidates.rows.index)).to_numpy(np.float64)
    labels = candidates.rows["label"].to_numpy()
    wrong = np.flatnonzero((labels != UNLABELLED) & (called >= 0) & (called != labels))
    certain = np.abs(candidates.rows["score"].to_numpy(np.float64)[wrong] - 0.5)
    return wrong[np.argsort(-certain, kind="stable")]


def _disagreement(candidates: Candidates, book: VerdictBook, _wanted: Wanted) -> NDArray[np.int64]:
    """Return the candidates of which people call the detection, or the object, differently."""
    names = set(candidates.header.class_names)
    each = [
        _of_verdicts(candidates, book, lambda said: len(set(said.values()) & names) > 1, of)
        for of in (DETECTION, OBJECT)
    ]
    return np.unique(np.concatenate(each))


def _snoozed(candidates: Candidates, book: VerdictBook, wanted: Wanted) -> NDArray[np.int64]:
    return _of_verdicts(candidates, book, lambda said: said.get(wanted.person) == "snooze")


def _unsure(candidates: Candidates, book: VerdictBook, _wanted: Wanted) -> NDArray[np.int64]:
    return _of_verdicts(candidates, book, lambda said: "unsure" in said.values())


def _fast_track(candidates: Candidates, book: VerdictBook, _wanted: Wanted) -> NDArray[np.int64]:
    return _of_verdicts(candidates, book, lambda said: "fast_track" in said.values())


def _of_verdicts(
    candidates: Candidates, book: VerdictBook, test: Callable[[dict[str, str]], bool], of: str = ""
) -> NDArray[np.int64]:
    row_of = candidates.row_of
    found = [row_of[name] for name, said in book.latest(of=of).items() if name in row_of and test(said)]
    return np.sort(np.array(found, np.int64))


_QUEUES: Final = {
    "all": _file_order,
    "uncertain": _uncertain,
    "audit": _audit,
    "mistakes": _mistakes,
    "disagreement": _disagreement,
    "snoozed": _snoozed,
    "unsure": _unsure,
    "fast_track": _fast_track,
}
_WITH_GOLD: Final = frozenset({"all", "uncertain", "audit"})
_OF_SCORES: Final = frozenset({"uncertain", "audit", "mistakes"})


def queue_names(candidates: Candidates) -> list[str]:
    """Return the names of the queues that there are; those by scores only where there are scores."""
    own = [name for name in _QUEUES if candidates.has_scores or name not in _OF_SCORES]
    return [*own, *candidates.orders]


@dataclass(frozen=True, kw_only=True)
class Listed:
    """The candidates to see, in their order.

    Attributes
    ----------
    rows : ndarray of int64
        Numbers of rows.
    gold : frozenset of int
        Which are known ones, those that the person has seen already among them.
    """

    rows: NDArray[np.int64]
    gold: frozenset[int]


def listed(candidates: Candidates, book: VerdictBook, wanted: Wanted) -> Listed:
    """Return the candidates that a person asks for, with known ones hidden among them, one in about `GOLD_EVERY`.

    Parameters
    ----------
    candidates : Candidates
        All of them.
    book : VerdictBook
        What was said so far.
    wanted : Wanted
        What is asked for.

    Raises
    ------
    UnknownNameError
        If there is no such queue or column.
    SettingsError
        If the condition is none.
    """
    order = _queued(candidates, book, wanted)
    if wanted.sort:
        order = _sorted(candidates, order, wanted.sort)
    order = order[_passing(candidates, wanted)[order]]
    unseen = np.ones(len(candidates.rows), bool)
    if wanted.unseen:
        unseen = ~_seen(candidates, book, wanted.person)
    labels = candidates.rows["label"].to_numpy()
    trusted = (labels != UNLABELLED) & ~candidates.rows["label_source"].isin(_UNTRUSTED).to_numpy()
    members = (labels[order] == UNLABELLED) | (not wanted.unlabelled)
    if wanted.queue not in _WITH_GOLD:
        return Listed(rows=order[members & unseen[order]], gold=frozenset())
    gold = _gold(order, members, trusted[order], _hashes(candidates, wanted.person))
    kept = (members | gold) & unseen[order]
    return Listed(rows=order[kept], gold=frozenset(order[gold].tolist()))


def gold_among(candidates: Candidates, book: VerdictBook, wanted: Wanted) -> frozenset[int]:
    """Return which rows are the known ones of what a person asked for; what was judged since changes nothing."""
    if wanted.queue not in _WITH_GOLD or wanted.queue not in queue_names(candidates):
        return frozenset()
    return listed(candidates, book, wanted).gold


def _queued(candidates: Candidates, book: VerdictBook, wanted: Wanted) -> NDArray[np.int64]:
    if wanted.queue not in queue_names(candidates):
        raise UnknownNameError("queue", wanted.queue, queue_names(candidates))
    if wanted.queue in candidates.orders:
        return candidates.orders[wanted.queue]
    return np.asarray(_QUEUES[wanted.queue](candidates, book, wanted), np.int64)


def _sorted(candidates: Candidates, order: NDArray[np.int64], sort: str) -> NDArray[np.int64]:
    """Return an order by a column; rows that have no value come last."""
    name = sort.removeprefix("-")
    if name not in candidates.numbers:
        raise UnknownNameError("column", name, candidates.numbers)
    values = candidates.numbers[name][order].astype(np.float64)
    return order[np.argsort(-values if sort.startswith("-") else values, kind="stable")]


def _passing(candidates: Candidates, wanted: Wanted) -> NDArray[np.bool_]:
    passes = np.ones(len(candidates.rows), bool)
    if wanted.band:
        passes &= (candidates.rows["band"] == wanted.band).to_numpy()
    if wanted.where.strip():
        try:
            passes &= parse_condition(wanted.where, "filter").holds(candidates.numbers)
        except RecursionError as error:
            raise SettingsError("filter: the condition is too long") from error
    return passes


def _seen(candidates: Candidates, book: VerdictBook, person: str) -> NDArray[np.bool_]:
    seen = np.zeros(len(candidates.rows), bool)
    row_of = candidates.row_of
    seen[[row_of[name] for name in book.latest(person) if name in row_of]] = True
    return seen


def _gold(
    order: NDArray[np.int64], members: NDArray[np.bool_], trusted: NDArray[np.bool_], hashes: NDArray[Any]
) -> NDArray[np.bool_]:
    """Return which places of a list are gold: of each run of `GOLD_EVERY` - 1 members one that can be trusted.

    A known one stays at its own place in the order, so that neither its score nor its place gives it away.
    """
    gold = np.zeros(len(order), bool)
    block = np.maximum(np.cumsum(members) - 1, 0) // (GOLD_EVERY - 1)
    places = np.flatnonzero(trusted)
    first = places[np.lexsort((hashes[order[places]], block[places]))]
    _, index = np.unique(block[first], return_index=True)
    gold[first[index]] = True
    return gold


def _hashes(candidates: Candidates, salt: str) -> NDArray[np.uint64]:
    """Return a number of each row that only its id and a salt decide."""
    key = hashlib.sha256(salt.encode()).hexdigest()[:16]
    return np.asarray(pd.util.hash_array(candidates.rows["candidate_id"].to_numpy(object), hash_key=key), np.uint64)
