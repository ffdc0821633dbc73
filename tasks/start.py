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

from pipeline.errors import NightsiftError
from pipeline.io.settings_files import home, load_dotenv
from pipeline.redaction import hide_secrets, show_error
from tasks.scheduling import install

_REFUSED = re.compile(r"Will not run (\w+)")
_RAISED = re.compile(r"^(?:pipeline\.errors\.|luigi\.parameter\.)(\w+: .+)", re.MULTILINE)
"""How luigi logs that a task cannot be planned, and the errors in the traceback that it appends."""


class OneLine(logging.Filter):
    """Turns the traceback of an error that Nightsift raised on purpose into one line with its task.

    Of a scheduler that does not answer luigi logs each try; whether it is lost is said once, when all were in vain.
    ``NIGHTSIFT_TRACEBACK=1`` keeps tracebacks for developers.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record in place and let it pass."""
        if os.environ.get("NIGHTSIFT_TRACEBACK"):
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
    """Return what to log in place of a record with a traceback; empty where it is to stay."""
    error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
    if isinstance(error, NightsiftError | ParameterException):
        tasks = [entry for entry in record.args or () if isinstance(entry, luigi.Task)]
        return f"{tasks[0].task_family + ': ' if tasks else ''}{type(error).__name__}: {error}"
    refused, errors = _REFUSED.match(str(record.msg)), _RAISED.findall(str(record.msg))
    return f"{refused[1]}: {errors[-1]}" if refused and errors else ""


def _unknown_task(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Say in one line that a task does not exist: luigi looks it up before it begins to log."""
    if isinstance(error, TaskClassException) and not os.environ.get("NIGHTSIFT_TRACEBACK"):
        sys.stderr.write(f"{kind.__name__}: {error}\n")
    else:
        show_error(kind, error, trace)


def prepare() -> None:
    """Add the settings that every run of the tasks needs; calling it again changes nothing."""
    luigi.configuration.add_config_path(str(home() / "luigi.cfg"))
    if "LUIGI_CONFIG_PATH" in os.environ:  # luigi has read it already, but the last file wins
        luigi.configuration.add_config_path(os.environ["LUIGI_CONFIG_PATH"])
    load_dotenv(home() / ".env")
    hide_secrets()
    install()
    sys.excepthook = _unknown_task
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
