"""What importing the tasks sets up: the checkout's ``luigi.cfg``, ``.env``, and errors in one line."""

import logging
import os
import re
import sys
from types import TracebackType

import luigi.configuration
from luigi.parameter import ParameterException
from luigi.rpc import RPCError
from luigi.task_register import TaskClassException

from pipeline.io import tracebacks
from pipeline.io.settings_files import home, load_dotenv
from pipeline.redaction import hide_secrets
from tasks.scheduling import install

_REFUSED = re.compile(r"Will not run (\w+)")
"""How luigi logs that a task cannot be planned, before the traceback that it appends."""
_LAST_TRACEBACK = re.compile(r"(?s:.*)^Traceback \(most recent call last\):\n(?:[ \t].*\n)+", re.MULTILINE)
_ON_PURPOSE = ("pipeline.errors.", "luigi.parameter.")
"""Modules of the errors that say all that a user needs."""


class OneLine(logging.Filter):
    """Turns the traceback of an error into one line with its task.

    Of an error that nobody raised on purpose the traceback is kept in a file, which the line names. Of a scheduler
    that does not answer luigi logs each try; whether it is lost is said once, when all were in vain.
    ``NIGHTSIFT_TRACEBACK=1`` keeps tracebacks where they are, for developers.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record in place and let it pass."""
        if tracebacks.are_shown():
            return True
        if _is_of_scheduler(record):
            record.exc_info = None
            return record.levelno < logging.ERROR
        line = _one_line(record)
        if line:
            record.msg, record.args, record.exc_info, record.exc_text = line, (), None, None
            record.levelno, record.levelname = logging.ERROR, "ERROR"
        return True


def _is_of_scheduler(record: logging.LogRecord) -> bool:
    """Tell whether a record is of a scheduler that does not answer: of one try, or that the last was in vain."""
    error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
    return isinstance(error, RPCError) or str(record.msg).startswith("Failed connecting to remote scheduler")


def _one_line(record: logging.LogRecord) -> str:
    """Return what to log in place of a record with a traceback; empty where it has none."""
    error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
    if isinstance(error, ParameterException):
        return tracebacks.line_of(type(error).__name__, str(error))
    if error is not None:
        tasks = [entry for entry in record.args or () if isinstance(entry, luigi.Task)]
        return f"{tasks[0].task_family + ': ' if tasks else ''}{tracebacks.one_line(error)}"
    text = str(record.msg)
    refused = _REFUSED.match(text)
    return f"{refused[1]}: {_raised(text)}" if refused and _LAST_TRACEBACK.match(text) else ""


def _raised(text: str) -> str:
    """Return the error at the end of a text that holds its traceback, in one line."""
    name, _, said = _LAST_TRACEBACK.sub("", text, count=1).partition(": ")
    line = tracebacks.line_of(name.strip().rpartition(".")[2], said)
    return line if name.startswith(_ON_PURPOSE) else f"{line} ({tracebacks.keep(text)})"


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Tell an error that ended the process; that a task does not exist is one too: luigi looks before it logs."""
    if isinstance(error, TaskClassException) and not tracebacks.are_shown():
        sys.stderr.write(f"{tracebacks.line_of(kind.__name__, str(error))}\n")
    else:
        tracebacks.show(kind, error, trace)


def prepare() -> None:
    """Add the settings that every run of the tasks needs; calling it again changes nothing."""
    luigi.configuration.add_config_path(str(home() / "luigi.cfg"))
    if "LUIGI_CONFIG_PATH" in os.environ:  # luigi has read it already, but the last file wins
        luigi.configuration.add_config_path(os.environ["LUIGI_CONFIG_PATH"])
    load_dotenv(home() / ".env")
    hide_secrets()
    install()
    sys.excepthook = _uncaught
    for name in ("luigi-interface", "luigi", "luigi.scheduler"):
        logger = logging.getLogger(name)
        if not any(isinstance(entry, OneLine) for entry in logger.filters):
            logger.addFilter(OneLine())
    for name in ("pipeline", "models", "tasks"):
        logger = logging.getLogger(name)
        if not logger.handlers:
            logger.addHandler(_terminal())
            logger.setLevel(os.environ.get("NIGHTSIFT_LOG", "INFO"))


def _terminal() -> logging.Handler:
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(levelname)s: %(name)s: %(message)s"))
    return handler
