"""Every error that Nightsift raises on purpose: one readable line each, for a person at night.

Each class also derives from the built-in one that a caller would expect, so that library users can
catch ``ValueError`` without knowing Nightsift. A message names what was wrong, what was given, what is
allowed and, where it helps, what to do. It never tells a secret of an address, whoever wrote the message.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

from pipeline.redaction import in_one_line

LONGEST: Final = 10_000
"""Letters of an error. All faults of a settings file are told at once."""


class NightsiftError(Exception):
    """Base of all errors that Nightsift raises on purpose; its text is one harmless line without secrets."""

    def __init__(self, *said: object) -> None:
        super().__init__(*(_cut(in_one_line(text)) if isinstance(text, str) else text for text in said))


def _cut(text: str) -> str:
    """Return a text, of one that nobody would read to its end the beginning and the end."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST // 2]} ... {text[-LONGEST // 2 :]}"


class SettingsError(NightsiftError, ValueError):
    """A settings file or parameter holds something it may not."""


class UnknownNameError(SettingsError):
    """A name that no registry, folder or table knows."""

    def __init__(self, what: str, given: str, known: Iterable[str]) -> None:
        names = sorted(known)
        close = get_close_matches(given, names, n=1)
        hint = f" (did you mean {close[0]!r}?)" if close else ""
        super().__init__(f"unknown {what} {given!r}{hint}; known: {', '.join(names) or 'none'}")
        self._given = what, given, names

    def __reduce__(self) -> tuple[type, tuple[str, str, list[str]]]:
        """Return how another process makes the same error."""
        return type(self), self._given


class InputError(NightsiftError, ValueError):
    """An input file, row or column does not hold what its format promises."""


class MissingInputError(InputError, FileNotFoundError):
    """An input that must be there is not."""


class MissingExtraError(NightsiftError, ImportError):
    """Something was asked for whose packages come with an extra of the installation that is not there."""

    def __init__(self, extra: str, purpose: str, absent: Iterable[str]) -> None:
        names = tuple(absent)
        super().__init__(f"{purpose} needs {', '.join(names)}, not installed here: pip install 'nightsift[{extra}]'")
        self._given = extra, purpose, names

    def __reduce__(self) -> tuple[type, tuple[str, str, tuple[str, ...]]]:
        """Return how another process makes the same error."""
        return type(self), self._given


class StorageError(NightsiftError, OSError):
    """A result cannot be written: its folder is none, may not be written, or is full."""


class ChangedInputError(NightsiftError, ValueError):
    """A night's input is no longer what was frozen; not an `InputError`, which costs a reader one exposure only."""


class TooMuchLostError(InputError):
    """More of a night's exposures or candidates were unusable than the survey allows."""


class IncompatiblePackageError(NightsiftError, ValueError):
    """A model package and the data offered to it do not fit; the message states both sides."""


class DataSetError(NightsiftError, ValueError):
    """A data set cannot be built as its recipe asks (a class missing in a part, too few groups)."""


class TooManyTasksError(NightsiftError, RuntimeError):
    """A range of nights would need more tasks than one run can schedule well."""


class BeingBuiltError(NightsiftError, RuntimeError):
    """Another run builds the same result, and this one was told not to wait; the message says who."""


class UnreachableError(NightsiftError, ConnectionError):
    """A database or service does not answer, however often it is asked."""


class WorkerLostError(NightsiftError, RuntimeError):
    """A chunk of work kills every process that takes it; the message names the chunk."""


class TimedOutError(NightsiftError, TimeoutError):
    """A task took longer than a run allows, and was ended."""
