"""What everybody said so far, kept in memory beside the store, so that a page of candidates needs no query of it."""

import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from pipeline.io.verdicts import UNDO, Verdict, VerdictStore, append, read, undo

_AGAIN: Final = 200
"""How many of the last numbers are read again: a server may show a number after a larger one."""


class Said(NamedTuple):
    """A verdict that stands."""

    number: int
    verdict: str
    person: str
    at_utc: str
    of: str
    token: str
    night: str


class VerdictBook:
    """The verdicts of a survey that stand, by candidate; call `refresh` to see those of other servers.

    Parameters
    ----------
    store : VerdictStore
        The open store.
    survey : str
        Name of the survey: a database may hold verdicts of others, on candidates of the same ids.
    """

    def __init__(self, store: VerdictStore, survey: str) -> None:
        self.store, self.survey = store, survey
        self._lock = threading.RLock()
        self._undone: set[int] = set()
        self._of: dict[str, dict[int, Said]] = {}
        self._last = 0
        self.refresh()

    def refresh(self) -> None:
        """Take in what was stored since."""
        with self._lock:
            for row in read(self.store, after=max(0, self._last - _AGAIN), survey=self.survey).to_dict("records"):
                self._last = max(self._last, int(row["verdict_id"]))
                self._take(row)

    def _take(self, row: dict[str, Any]) -> None:
        number = int(row["verdict_id"])
        if row["verdict"] == UNDO:
            gone = int(row["undoes"])
            self._undone.add(gone)
            self._of.get(row["candidate_id"], {}).pop(gone, None)
        elif number not in self._undone and number not in self._of.get(row["candidate_id"], {}):
            said = Said(number, *(row[name] for name in Said._fields[1:]))
            self._of.setdefault(row["candidate_id"], {})[number] = said

    def append(self, verdicts: Sequence[Verdict]) -> list[int]:
        """Store verdicts; return their numbers once they are on disk."""
        numbers = append(self.store, verdicts)
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        with self._lock:
            for number, verdict in zip(numbers, verdicts, strict=True):
                self._take({"verdict_id": number, "at_utc": now, **vars(verdict)})
        return numbers

    def undo(self, numbers: Sequence[int], person: str, tokens: Sequence[str]) -> None:
        """Take verdicts of a person back."""
        undo(self.store, numbers, person, tokens)
        self.refresh()

    def of(self, candidate_id: str) -> list[Said]:
        """Return what was said of a candidate and stands, the oldest first."""
        with self._lock:
            return [said for _, said in sorted(self._of.get(candidate_id, {}).items())]

    def last_of(self, candidate_id: str, person: str) -> Said | None:
        """Return the last that a person said of a candidate."""
        own = [said for said in self.of(candidate_id) if said.person == person]
        return own[-1] if own else None

    def latest(self, person: str = "", of: str = "") -> dict[str, dict[str, str]]:
        """Return the last verdict of each person, or of one alone, by candidate and person.

        With ``of``, only of the detection, or only of the object.
        """
        with self._lock:
            found: dict[str, dict[str, str]] = {}
            for name, said in self._of.items():
                ordered = (one for _, one in sorted(said.items()) if person in ("", one.person) and of in ("", one.of))
                last = {one.person: one.verdict for one in ordered}
                if last:
                    found[name] = last
            return found

    def batches(self, person: str, most: int = 50) -> list[list[tuple[int, str]]]:
        """Return number and candidate of the last batches that a person confirmed and that stand, the last one last."""
        with self._lock:
            own = sorted((said, name) for name, by in self._of.items() for said in by.values() if said.person == person)
        found: dict[str, list[tuple[int, str]]] = {}
        for said, name in own:
            found.setdefault(said.token.rpartition(":")[0] or said.token, []).append((said.number, name))
        return list(found.values())[-most:]

    def people(self) -> list[str]:
        """Return who judged."""
        with self._lock:
            return sorted({said.person for by in self._of.values() for said in by.values()})
