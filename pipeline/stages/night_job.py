"""The description of one night's work that each stage receives: survey, night, frozen input, progress, processes.

Tested by tests/pipeline/stages/test_fetch_cutouts.py.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pipeline.io.results.night_manifest import Manifest
from pipeline.surveys.base import Source, StatesFolder


def ignore_progress(percent: float, message: str) -> None:
    """Do nothing: the default of a job whose progress nobody watches."""


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
        How the result comes about, which is written into it.
    progress : callable
        Called with how far the work is, 0 to 100 (negative if that is not known), and a line of text.
    processes : int
        How many processes share the work; 0: one per core. It changes no result.
    """

    survey: Source[StatesFolder]
    name: str
    night: str
    manifest: Manifest
    provenance: Mapping[str, object] = field(default_factory=dict)
    progress: Callable[[float, str], None] = ignore_progress
    processes: int = 1
