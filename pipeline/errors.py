"""Every error that Nightsift raises on purpose, each with a message of one readable line.

Each class also derives from the built-in one that a caller would expect, so that users of the library can
catch ``ValueError`` without knowing Nightsift. A message says what was wrong, what was given, what is
allowed and, where it helps, what to do. It never shows the secret of an address, whoever wrote the message.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

from pipeline.redaction import in_one_line

LONGEST: Final = 10_000
"""The most characters of a message, which may list all faults of a settings file."""


class NightsiftError(Exception):
    """Base of all errors that Nightsift raises on purpose; its text is one harmless line without secrets."""

    def __init__(self, *arguments: object) -> None:
        super().__init__(*(_cut(in_one_line(text)) if isinstance(text, str) else text for text in arguments))


def _cut(text: str) -> str:
    """Return a text; only its beginning and its end if it is longer than `LONGEST`."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST // 2]} ... {text[-LONGEST // 2 :]}"


class SettingsError(NightsiftError, ValueError):
    """A settings file or a parameter has a value that is not allowed."""


class UnknownNameError(SettingsError):
    """There is nothing of this name in a registry, folder or table.

    Parameters
    ----------
    what : str
        What is named, in the singular: ``"normalisation"``.
    name : str
        The unknown name.
    known : iterable of str
        The names that there are.
    """

    def __init__(self, what: str, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        close = get_close_matches(name, names, n=1)
        hint = f" (did you mean {close[0]!r}?)" if close else ""
        super().__init__(f"unknown {what} {name!r}{hint}; known: {', '.join(names) or 'none'}")
        self._arguments = what, name, names

    def __reduce__(self) -> tuple[type, tuple[str, str, list[str]]]:
        """Return how another process makes the same error."""
        return type(self), self._arguments


class InputError(NightsiftError, ValueError):
    """An input file, row or column does not have what its format requires."""


class MissingInputError(InputError, FileNotFoundError):
    """A required input does not exist."""


class MissingExtraError(NightsiftError, ImportError):
    """Something needs packages of an extra that is not installed.

    Parameters
    ----------
    extra : str
        The extra: ``train``.
    purpose : str
        What needs the packages: ``training a classifier``.
    absent : iterable of str
        The packages that are missing.
    """

    def __init__(self, extra: str, purpose: str, absent: Iterable[str]) -> None:
        names = tuple(absent)
        super().__init__(f"{purpose} needs {', '.join(names)}, not installed here: pip install 'nightsift[{extra}]'")
        self._arguments = extra, purpose, names

    def __reduce__(self) -> tuple[type, tuple[str, str, tuple[str, ...]]]:
        """Return how another process makes the same error."""
        return type(self), self._arguments


class StorageError(NightsiftError, OSError):
    """A result cannot be written: its path is not a folder, is not writable, or the disk is full."""


class ChangedInputError(NightsiftError, ValueError):
    """A night's input is no longer what was frozen.

    It is not an `InputError`, because that costs a night only one exposure, while this stops the task.
    """


class TooMuchLostError(InputError):
    """More of a night's exposures or candidates were unusable than the survey allows."""


class IncompatiblePackageError(NightsiftError, ValueError):
    """A model package and the data do not match; the message states both sides."""


class DataSetError(NightsiftError, ValueError):
    """A data set cannot be built as its recipe asks: a part lacks a class, or there are too few groups."""


class TooManyTasksError(NightsiftError, RuntimeError):
    """A range of nights would need more tasks than one run can schedule well."""


class BeingBuiltError(NightsiftError, RuntimeError):
    """Another run builds the same result, and this one was told not to wait; the message says which."""


class UnreachableError(NightsiftError, ConnectionError):
    """A database or service does not answer, however often it is asked."""


class WorkerLostError(NightsiftError, RuntimeError):
    """A chunk of work kills every process that works on it; the message names the chunk."""


class TimedOutError(NightsiftError, TimeoutError):
    """A task took longer than a run allows, and was stopped."""
