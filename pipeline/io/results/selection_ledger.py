"""Which candidates of a survey were proposed to be labelled, so that none is proposed twice.

A SQLite file in the folder of results. A selection reads it, chooses and writes its choice in one transaction, which
keeps others out, so that two selections at once have no candidate in common, and one that is killed leaves nothing or
its whole choice. A selection that is made again, because it was killed before its file was in its place or the file was
removed, finds its own choice.

Tested by tests/pipeline/stages/test_select_for_labelling.py.
"""

import math
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Final, NamedTuple

from pipeline.errors import StorageError

NAME: Final = ".selected.sqlite"
"""The ledger, in the folder of a survey below the folder of results."""
_WAIT_S: Final = 300
"""How long a selection waits for another one."""
_TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS selected (candidate_id TEXT PRIMARY KEY, selection TEXT NOT NULL, "
    "place INTEGER NOT NULL, reason TEXT NOT NULL, value REAL)"
)


class Proposal(NamedTuple):
    """A candidate, by which strategy it was chosen, and what it is worth by that; NaN of a draw."""

    candidate_id: str
    reason: str
    value: float


Choose = Callable[[set[str]], Iterable[Proposal]]


def proposed_once(ledger: Path, selection: str, choose: Choose) -> list[Proposal]:
    """Return the candidates of a selection, none of which any other selection has.

    Parameters
    ----------
    ledger : Path
        The SQLite file; made if it is not there.
    selection : str
        Identity of the selection.
    choose : callable
        Called with the candidates that others have; returns those that are chosen, each once. It is not called if the
        ledger has the selection already.

    Raises
    ------
    StorageError
        If the ledger cannot be written, is damaged, or is locked for too long.
    """
    try:
        ledger.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(ledger, timeout=_WAIT_S, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")  # the others wait from here on
            try:
                found = _chosen(connection, selection, choose)
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")
            return found
    except (sqlite3.Error, OSError) as error:
        raise StorageError(
            f"{ledger}, which keeps what was proposed to be labelled, cannot be used: {error}; put it right, or move "
            "it away and accept that candidates may be proposed again"
        ) from error


def _chosen(connection: sqlite3.Connection, selection: str, choose: Choose) -> list[Proposal]:
    connection.execute(_TABLE)
    own = connection.execute(
        "SELECT candidate_id, reason, value FROM selected WHERE selection = ? ORDER BY place", (selection,)
    )
    if kept := [Proposal(str(name), str(why), math.nan if value is None else value) for name, why, value in own]:
        return kept
    taken = {str(name) for (name,) in connection.execute("SELECT candidate_id FROM selected")}
    found = list(choose(taken))
    connection.executemany(
        "INSERT INTO selected VALUES (?, ?, ?, ?, ?)",
        [
            (name, selection, place, reason, None if math.isnan(value) else value)
            for place, (name, reason, value) in enumerate(found)
        ],
    )
    return found
