"""Secrets in addresses, hidden wherever an address is told: in messages, in logs and in the record of a result."""

import logging
import re
import sys
import traceback
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final
from urllib.parse import urlsplit

_HIDDEN: Final = "***"
_CREDENTIALS: Final = re.compile(
    r"([A-Za-z][A-Za-z0-9+.-]*://)"
    r"(?:[^/?#\s]*|[^/\s:@\[]*:(?!\d*(?:[/?#'\"\s]|$))[^\s\"<>]*)@"
)
"""User and password of an address; the second form is a password that holds a slash, which no server would accept."""
_SECRETS: Final = re.compile(
    r"([?&;#](?:[\w.-]*(?:password|passwd|passphrase|pwd|token|secret|signature|credentials?|key|keyid|auth|jwt)"
    r"|(?:[\w.-]*[._-])?(?:user|username|login|pass|sig))=)[^&;#\s'\"<>]+",
    re.IGNORECASE,
)
"""Parameters of an address whose names say that they hold a secret, as ``?token=`` and ``&api_key=``."""
_ASSIGNED: Final = re.compile(r"\b(password|passwd|pwd)(\s?=\s?)(?:'[^']*'|[^\s&;'\"]+)", re.IGNORECASE)
"""A password as a database's own connection text states it."""


def redacted(text: str) -> str:
    """Return a text with user, password and secret parameters of every address in it as ``***``.

    Examples
    --------
    >>> redacted("no answer of https://me:pw@example.org/orbits?date=1&token=abc")
    'no answer of https://***@example.org/orbits?date=1&token=***'
    """
    if "=" in text:
        text = _ASSIGNED.sub(rf"\1\2{_HIDDEN}", _SECRETS.sub(rf"\1{_HIDDEN}", text))
    return _CREDENTIALS.sub(rf"\1{_HIDDEN}@", text) if "://" in text else text


def all_redacted(value: Any) -> Any:
    """Return a value with every text in its mappings, lists and tuples redacted."""
    if isinstance(value, str):
        return redacted(value)
    if isinstance(value, Mapping):
        return {key: all_redacted(item) for key, item in value.items()}
    if type(value) in (list, tuple):
        return type(value)(map(all_redacted, value))
    return value


def beginning(text: str, limit: int = 200) -> str:
    """Return the first characters of what a server said, in one line; redacted before it is cut."""
    return redacted(" ".join(text.split()))[:limit]


def what_went_wrong(error: Exception) -> str:
    """Return class and text of an error of a library that asks servers, which often tells the whole address."""
    return beginning(f"{type(error).__name__}: {error}", 300)


def without_user(address: str) -> str:
    """Return an address without user and password, as a link that anybody may see.

    Examples
    --------
    >>> without_user("https://me:pw@example.org:8083/reports"), without_user("http://127.0.0.1:8083")
    ('https://example.org:8083/reports', 'http://127.0.0.1:8083')
    """
    parts = urlsplit(address)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


class RedactedRecord(logging.LogRecord):
    """A log record whose message and traceback are redacted, whatever logger makes it and whatever handler shows it."""

    def getMessage(self) -> str:  # noqa: N802  (logging's own name)
        """Return the message, redacted."""
        return redacted(super().getMessage())

    @property
    def exc_text(self) -> str | None:
        """The traceback as a formatter wrote it, redacted."""
        return self._exc_text

    @exc_text.setter
    def exc_text(self, text: str | None) -> None:
        self._exc_text = redacted(text) if text else text


def show_error(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Write the traceback of an error that nothing caught, redacted, as ``sys.excepthook``."""
    sys.stderr.write(redacted("".join(traceback.format_exception(kind, error, trace))))


def hide_secrets() -> None:
    """Redact whatever this process logs, by any library, and the errors that end it; a second call changes nothing."""
    logging.setLogRecordFactory(RedactedRecord)
    sys.excepthook = show_error
