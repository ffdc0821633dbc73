"""What each function of a night is given: the survey, its night as it was frozen, and who is told how far it is.

Tested by tests/pipeline/stages/test_fetch_cutouts.py.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline.io.results.night_manifest import Manifest
from pipeline.surveys.base import Source


def tell_nobody(percent: float, message: str) -> None:
    """Take note of nothing: for a job whose progress nobody watches."""


@dataclass(frozen=True, kw_only=True)
class NightJob:
    """One night of one survey, to be fetched, simulated or scored.

    Attributes
    ----------
    survey : Source
        The adapter that reads it.
    name : str
        The survey's name, for messages and files.
    night : str
        The night, an ISO date.
    manifest : Manifest
        The night's input as it was frozen.
    provenance : mapping
        What the result says about its making.
    progress : callable
        Told how far the work is, 0 to 100 or below 0 where that is not known, and one line.
    processes : int
        That share the work; 0: one per core. They change no result.
    """

    survey: Source[Any]
    name: str
    night: str
    manifest: Manifest
    provenance: Mapping[str, Any] = field(default_factory=dict)
    progress: Callable[[float, str], None] = tell_nobody
    processes: int = 1
