"""The answers of the page's own script: lists of candidates, their columns and pictures, and verdicts to store.

Tested by tests/web/test_app.py.
"""

import base64
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any, Final, cast

import numpy as np
from tornado.web import HTTPError

from pipeline.errors import InputError, UnknownNameError
from pipeline.io.verdicts import STATES, Verdict
from pipeline.io.verdicts.verdict import LONGEST
from pipeline.plots.stretches import STRETCHES
from web import PAGE_VERSION
from web.candidates import Candidates
from web.details import Details
from web.pictures import Pictures
from web.protected import Protected
from web.queues import Wanted, gold_among, listed, queue_names
from web.shown import cells, number
from web.verdict_book import VerdictBook

log = logging.getLogger(__name__)

MOST_ROWS: Final = 100
"""Rows of one request: the largest grid."""
_LISTS: Final = 64
"""Lists whose known ones are kept; those of others are found again."""
_FEW: Final = 30
"""Different values of a text column up to which a person may choose one of them."""


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What all handlers share.

    Attributes
    ----------
    candidates : Candidates
        What is shown.
    pictures : Pictures
        Their pixels.
    book : VerdictBook
        What was said of them.
    details : Details
        What other nights know of them.
    person : str
        Who judges unless the page is told another name.
    queue : str
        The queue that is shown first.
    gold : dict of Wanted to frozenset of int
        The known ones among the last lists that were asked for.
    """

    candidates: Candidates
    pictures: Pictures
    book: VerdictBook
    details: Details
    person: str = ""
    queue: str = "all"
    gold: dict[Wanted, frozenset[int]] = field(default_factory=dict)

    def gold_of(self, wanted: Wanted) -> frozenset[int]:
        """Return the known ones among what a person asked for, which the verdicts so far do not change."""
        lasting = replace(wanted, unseen=False)
        found = self.gold.get(lasting)
        if found is None:
            found = self.gold[lasting] = gold_among(self.candidates, self.book, lasting)
            for oldest in list(self.gold)[:-_LISTS]:
                self.gold.pop(oldest, None)
        return found


class Asked(Protected):
    """A handler with the desk at hand."""

    def initialize(self, desk: Desk) -> None:
        """Keep the desk."""
        self.desk = desk

    def prepare(self) -> None:
        """Refuse pages of other candidates than are shown here, whose numbers of rows mean others."""
        super().prepare()
        tag = self.request.headers.get("X-Nightsift-Tag") or self.get_query_argument("tag", "")
        if not self._finished and tag and tag != self.desk.candidates.tag:
            raise HTTPError(HTTPStatus.CONFLICT, reason="this server shows other candidates now, load the page anew")

    def person(self) -> str:
        """Return who asks."""
        return _person(self.get_query_argument("person", ""))

    def row(self, text: str) -> int:
        """Return the number of a row that there is."""
        if not text.isascii() or not text.isdigit() or len(text) > 9 or int(text) >= len(self.desk.candidates.rows):
            raise HTTPError(HTTPStatus.NOT_FOUND, reason="no such candidate")
        return int(text)


class Session(Asked):
    """What the page has to know before anything is shown."""

    async def get(self) -> None:
        """Send titles, classes, queues and columns."""
        desk = self.desk
        rows, header = desk.candidates.rows, desk.candidates.header
        bands = sorted(set(rows["band"]) - {""})
        person = desk.person or self.get_query_argument("person", "")
        await self.apart(desk.book.refresh)
        self.answer({
            "title": desk.candidates.title,
            "survey": desk.candidates.survey,
            "package": desk.candidates.package,
            "person": desk.person,
            "queue": desk.queue,
            "tag": desk.candidates.tag,
            "count": len(rows),
            "classes": list(header.class_names),
            "states": list(STATES),
            "channels": list(desk.pictures.channels),
            "size": header.size_pixel,
            "stretches": list(STRETCHES),
            "queues": queue_names(desk.candidates),
            "columns": [name for name, values in desk.candidates.numbers.items() if np.isfinite(values).any()],
            "bands": bands if len(bands) <= _FEW else [],
            "labels": bool((rows["label"] >= 0).any()),
            "people": desk.book.people(),
            "batches": self._batches(person),
        })  # fmt: skip

    def _batches(self, person: str) -> list[list[tuple[int, int]]]:
        """Return number and row of what this person may undo; of candidates that are shown here alone."""
        row_of = self.desk.candidates.row_of
        found = [
            [(number, row_of[name]) for number, name in batch if name in row_of]
            for batch in self.desk.book.batches(person)
        ]
        return [batch for batch in found if batch]


class Listing(Asked):
    """The numbers of the candidates to see, in their order."""

    async def get(self) -> None:
        """Send them as little-endian int32."""
        wanted = Wanted(
            person=self.person(),
            queue=self.get_query_argument("queue", "all"),
            sort=self.get_query_argument("sort", ""),
            where=self.get_query_argument("where", ""),
            band=self.get_query_argument("band", ""),
            unseen=self.get_query_argument("unseen", "") == "1",
            unlabelled=self.get_query_argument("unlabelled", "") == "1",
        )
        found = await self.apart(self._found, wanted)
        self.set_header("Content-Type", "application/octet-stream")
        self.finish(found.rows.astype("<i4").tobytes())

    def _found(self, wanted: Wanted) -> Any:
        self.desk.book.refresh()
        return listed(self.desk.candidates, self.desk.book, wanted)


class Rows(Asked):
    """What cells of the grid say and show."""

    async def get(self) -> None:
        """Send some rows with their pictures: one request for a page, so that nothing else waits behind them."""
        numbers = [self.row(text) for text in self.get_query_argument("rows", "").split(",") if text]
        if len(numbers) > MOST_ROWS:
            raise HTTPError(HTTPStatus.BAD_REQUEST, reason=f"allowed: up to {MOST_ROWS} rows at once")
        person, stretch = self.person(), self.get_query_argument("stretch", STRETCHES[0])
        if stretch not in STRETCHES:
            raise UnknownNameError("stretch", stretch, STRETCHES)
        shared = self.get_query_argument("shared", "") == "1"
        self.answer(await self.apart(self._found, numbers, person, stretch, shared))

    def _found(self, numbers: Sequence[int], person: str, stretch: str, shared: bool) -> list[dict[str, Any]]:
        desk = self.desk
        shown = cells(desk.candidates, numbers, desk.book, person)
        places = desk.candidates.rows["place"].to_numpy()[list(numbers)]
        pictures = [desk.pictures.picture(int(place), stretch, shared=shared) for place in places]
        encoded = [base64.b64encode(picture).decode() for picture in pictures]
        return [cell | {"picture": picture} for cell, picture in zip(shown, encoded, strict=True)]


class Detail(Asked):
    """Everything that is known of one candidate."""

    async def get(self) -> None:
        """Send its columns, what other nights know of its object, and what was said, once this person has judged."""
        row, person = self.row(self.get_query_argument("row", "")), self.person()
        self.answer(await self.apart(self.desk.details.of, self.desk.candidates, row, self.desk.book, person))


class Verdicts(Asked):
    """Stores what a person said."""

    async def post(self) -> None:
        """Store one batch; the answer comes once it is on disk."""
        sent = self.body()
        person, said = _person(sent.get("person")), sent.get("verdicts")
        if not isinstance(said, list) or not 0 < len(said) <= MOST_ROWS:
            raise HTTPError(HTTPStatus.BAD_REQUEST, reason=f"allowed: 1 to {MOST_ROWS} verdicts at once")
        gold = await self.apart(self.desk.gold_of, _wanted(person, sent.get("asked")))
        verdicts = _verdicts(self, said, person, gold)
        numbers = await self.apart(self.desk.book.append, verdicts)
        self.answer({"confirmed": {one.token: number for one, number in zip(verdicts, numbers, strict=True)}})


class Undo(Asked):
    """Takes verdicts back."""

    async def post(self) -> None:
        """Store that verdicts are undone."""
        sent = self.body()
        numbers, token = sent.get("numbers"), sent.get("token")
        if not isinstance(numbers, list) or not 0 < len(numbers) <= MOST_ROWS or not _all(numbers, int):
            raise HTTPError(HTTPStatus.BAD_REQUEST, reason=f"allowed: 1 to {MOST_ROWS} numbers of verdicts")
        tokens = [f"{_text(token)}:{index}" for index in range(len(numbers))]
        await self.apart(self.desk.book.undo, numbers, _person(sent.get("person")), tokens)
        self.answer({"undone": numbers})


def _verdicts(handler: Asked, sent: Sequence[object], person: str, gold: frozenset[int]) -> list[Verdict]:
    """Return verdicts of what was posted and of what the server knows; the page says nothing else about them."""
    given = [one for one in sent if isinstance(one, Mapping)]
    if len(given) < len(sent):
        raise InputError("a verdict that was sent is no JSON object")
    desk = handler.desk
    rows = [handler.row(str(one.get("row", ""))) for one in given]
    known = desk.candidates.rows[["candidate_id", "object_id", "night", "score"]].iloc[rows].to_dict("records")
    return [
        Verdict(
            survey=desk.candidates.survey,
            candidate_id=str(own["candidate_id"]),
            object_id=str(own["object_id"]),
            night=str(own["night"]),
            of=cast("Any", _text(one.get("of", "detection"))),  # Verdict refuses others
            verdict=_text(one.get("verdict")),
            person=person,
            token=_text(one.get("token")),
            package=desk.candidates.package[:LONGEST],
            score=number(own["score"], float("nan")),
            page_version=PAGE_VERSION,
            queue=_text(one.get("queue", "")),
            gold=row in gold,
            seconds=number(one.get("seconds"), float("nan")),
            keys=number(one.get("keys"), 1.0),
        )
        for row, own, one in zip(rows, known, given, strict=True)
    ]


def _wanted(person: str, asked: object) -> Wanted:
    """Return what a list was asked for that verdicts are of; of no list if it is not said."""
    if not isinstance(asked, Mapping):
        return Wanted(person=person, queue="")
    queue, sort, where, band = (_text(asked.get(name, "")) for name in ("queue", "sort", "where", "band"))
    unlabelled = asked.get("unlabelled") is True
    return Wanted(person=person, queue=queue, sort=sort, where=where, band=band, unlabelled=unlabelled)


def _person(value: object) -> str:
    name = value.strip() if isinstance(value, str) else ""
    if not name or len(name) > 60 or not name.isprintable():
        raise InputError(f"person is {str(value)[:60]!r}; allowed: a name of 1 to 60 characters")
    return name


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise InputError(f"a verdict that was sent has {str(value)[:60]!r} in place of a text")
    return value


def _all(values: Sequence[object], kind: type) -> bool:
    return all(isinstance(value, kind) and not isinstance(value, bool) for value in values)
