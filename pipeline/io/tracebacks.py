"""Shows errors in one line; the traceback of one that was not raised on purpose is kept in a file."""

import os
import sys
import traceback
from types import TracebackType
from typing import Final

from pipeline.errors import NightsiftError
from pipeline.io.settings_files import data_folder
from pipeline.redaction import redacted, shown

NAME: Final = ".tracebacks.log"
"""The file in the folder of results."""
SWITCH: Final = "NIGHTSIFT_TRACEBACK"
"""Environment variable that shows tracebacks in place of one line."""
INTERRUPTED: Final = 130
"""Exit code of a command that was stopped with Ctrl-C, as shells have it."""
STOPPED: Final = "stopped; what was finished stays, and the same command goes on from there"

_MOST_BYTES: Final = 1_000_000
"""Size beyond which the file begins anew, so that a fault of every night does not fill the disk."""


def are_shown() -> bool:
    """Tell whether the user asked for tracebacks in place of one line."""
    return bool(os.environ.get(SWITCH))


def one_line(error: BaseException) -> str:
    """Return class and text of an error in one line.

    The traceback of an error that was not raised on purpose is kept, and the line says where.

    Examples
    --------
    >>> from pipeline.errors import SettingsError
    >>> one_line(SettingsError("fold is 7; allowed: 0 to 4"))
    'SettingsError: fold is 7; allowed: 0 to 4'
    """
    if isinstance(error, KeyboardInterrupt):
        return STOPPED
    said = line_of(type(error).__name__, str(error))
    return said if isinstance(error, NightsiftError) else f"{said} ({keep(''.join(traceback.format_exception(error)))})"


def line_of(kind: str, text: str) -> str:
    """Return class and text of an error in one line, as a terminal may show it."""
    return shown(": ".join(filter(None, (kind, " ".join(text.split())))))


def keep(text: str) -> str:
    """Append a traceback to the file of the data folder, redacted; return where it can be seen."""
    hint = f"{SWITCH}=1 shows where it was raised"
    path = data_folder() / NAME
    try:
        begins = path.is_file() and path.stat().st_size > _MOST_BYTES
        with path.open("w" if begins else "a", encoding="utf-8") as file:
            file.write(f"{redacted(text).rstrip()}\n\n")
    except OSError:  # there is no folder of results yet, or it is full: the variable still works
        return hint
    return f"its traceback is in {path}; {hint}"


def show(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Show an error that nothing caught, as ``sys.excepthook``: in one line, or with its traceback if asked for."""
    if are_shown() and not issubclass(kind, KeyboardInterrupt):
        sys.stderr.write(shown("".join(traceback.format_exception(kind, error, trace))))
    else:
        sys.stderr.write(f"{one_line(error)}\n")
