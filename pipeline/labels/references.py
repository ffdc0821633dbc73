"""Where a label provider or a cleaning filter looks things up: a table of the survey, or a file."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol, runtime_checkable

DETECTION: Final = "detection"
OBJECT: Final = "object"
Of = Literal["detection", "object"]
"""What a label is of: one detection, or the object and with it each of its detections that has no label of its own."""

EPHEMERIS = "ephemeris"
"""The table of predicted movers that the task `FetchMovers` makes."""


@dataclass(frozen=True, kw_only=True)
class Reference:
    """One table to look up.

    Attributes
    ----------
    name : str
        Name of a reference table of the survey, or path of a file.
    kind : str
        ``table`` of the survey, ``labels`` file, ``catalogue`` file of positions, or ``exposures`` list.
    columns : tuple of (str, str)
        The column that is needed, and what the file calls it.
    words : tuple of (str, str)
        A word in the file, and the label that it means: the name of a class, or ``none``.
    joined_by : str
        The column of candidate ids by which its rows are found; empty if they are not found by id.
    texts : tuple of str
        Which of the columns of a catalogue are text; the others are numbers.
    times : tuple of str
        Which are times: numbers, or dates and times, as the file holds them.
    """

    name: str
    kind: Literal["table", "labels", "catalogue", "exposures"] = "table"
    columns: tuple[tuple[str, str], ...] = field(default=())
    words: tuple[tuple[str, str], ...] = field(default=())
    joined_by: str = ""
    texts: tuple[str, ...] = field(default=())
    times: tuple[str, ...] = field(default=())

    @property
    def key(self) -> str:
        """The name under which the table is passed on; a file that is read in another way has another key."""
        ways = ";".join(f"{theirs}={ours}" for theirs, ours in (*self.columns, *self.words))
        return f"{self.name}?{ways}" if ways else self.name


class ReadingSettings(Protocol):
    """Settings of a label provider or a cleaning filter, which say what it looks things up in."""

    def reads(self) -> dict[str, Reference]:
        """Return what is read, by the role that it has there."""


@runtime_checkable
class NamesClasses(Protocol):
    """Settings of a label provider that names classes of the survey."""

    def class_faults(self, class_names: Sequence[str]) -> list[str]:
        """Return what is said of classes that the survey does not have."""
