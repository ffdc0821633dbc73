"""The answers of the page's own script: lists of candidates, their columns and pictures, and verdicts to store.

Tested by tests/web/test_app.py.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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
from web.queues import Wanted, listed, queue_names
from web.shown import cell, number
from web.verdict_book import VerdictBook

log = logging.getLogger(__name__)

MOST_ROWS: Final = 100
"""Rows of one request: the largest grid."""
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
    gold : dict of str to set of int
        The rows that were hidden among the lists of each person.
    """

    candidates: Candidates
    pictures: Pictures
    book: VerdictBook
    details: Details
    person: str = ""
    queue: str = "all"
    gold: dict[str, set[int]] = field(default_factory=dict)


class Asked(Protected):
    """A handler with the desk at hand."""

    def initialize(self, desk: Desk) -> None:
        """Keep the desk."""
        self.desk = desk

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
        person = self.get_query_argument("person", "") or desk.person
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
        self.desk.gold.setdefault(wanted.person, set()).update(found.gold)
        self.set_header("Content-Type", "application/octet-stream")
        self.finish(found.rows.astype("<i4").tobytes())

    def _found(self, wanted: Wanted) -> Any:
        self.desk.book.refresh()
        return listed(self.desk.candidates, self.desk.book, wanted)


class Rows(Asked):
    """What cells of the grid say."""

    def get(self) -> None:
        """Send some rows."""
        numbers = [self.row(text) for text in self.get_query_argument("rows", "").split(",") if text]
        if len(numbers) > MOST_ROWS:
            raise HTTPError(HTTPStatus.BAD_REQUEST, reason=f"allowed: up to {MOST_ROWS} rows at once")
        person = self.person()
        self.answer([cell(self.desk.candidates, row, self.desk.book, person) for row in numbers])


class Detail(Asked):
    """Everything that is known of one candidate."""

    async def get(self) -> None:
        """Send its columns, what other nights know of its object, and what was said, once this person has judged."""
        row, person = self.row(self.get_query_argument("row", "")), self.person()
        self.answer(await self.apart(self.desk.details.of, self.desk.candidates, row, self.desk.book, person))


class Picture(Asked):
    """The channels of one candidate as a picture."""

    async def get(self, text: str) -> None:
        """Send a PNG file, which a browser may keep: its address names the file and the stretch."""
        row = self.row(text)
        stretch = self.get_query_argument("stretch", STRETCHES[0])
        if stretch not in STRETCHES:
            raise UnknownNameError("stretch", stretch, STRETCHES)
        shared = self.get_query_argument("shared", "") == "1"
        place = int(self.desk.candidates.rows["place"].iloc[row])
        drawn = await self.apart(lambda: self.desk.pictures.picture(place, stretch, shared=shared))
        self.set_header("Content-Type", "image/png")
        if self.get_query_argument("tag", "") == self.desk.candidates.tag:
            self.set_header("Cache-Control", "private, max-age=86400, immutable")
        self.finish(drawn)


class Verdicts(Asked):
    """Stores what a person said."""

    async def post(self) -> None:
        """Store one batch; the answer comes once it is on disk."""
        sent = self.body()
        person, said = _person(sent.get("person")), sent.get("verdicts")
        if not isinstance(said, list) or not 0 < len(said) <= MOST_ROWS:
            raise HTTPError(HTTPStatus.BAD_REQUEST, reason=f"allowed: 1 to {MOST_ROWS} verdicts at once")
        gold = self.desk.gold.get(person, set())
        verdicts = [_verdict(self, one, person, gold) for one in said]
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


def _verdict(handler: Asked, sent: object, person: str, gold: set[int]) -> Verdict:
    """Return a verdict of what was posted and of what the server knows; the page says nothing else about it."""
    if not isinstance(sent, Mapping):
        raise InputError("a verdict that was sent is no JSON object")
    row = handler.row(str(sent.get("row", "")))
    own = handler.desk.candidates.rows.iloc[row]
    return Verdict(
        survey=handler.desk.candidates.survey,
        candidate_id=str(own["candidate_id"]),
        object_id=str(own["object_id"]),
        night=str(own["night"]),
        of=cast("Any", _text(sent.get("of", "detection"))),  # Verdict refuses others
        verdict=_text(sent.get("verdict")),
        person=person,
        token=_text(sent.get("token")),
        package=handler.desk.candidates.package[:LONGEST],
        score=number(own["score"], float("nan")),
        page_version=PAGE_VERSION,
        queue=_text(sent.get("queue", "")),
        gold=row in gold,
        seconds=number(sent.get("seconds"), float("nan")),
        keys=number(sent.get("keys"), 1.0),
    )


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
