"""Texts made safe to show: without secrets in addresses, and without characters that would command a terminal.

Secrets are hidden in messages, in logs and in the provenance of a result. Control characters come from names of files,
headers, columns and rows: an escape code could clear the screen, rewrite lines above or set the title of the window.
"""

import logging
import re
import sys
import traceback
from collections.abc import Mapping
from types import TracebackType
from typing import Final
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
_CONTROLS: Final = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
"""Control characters but tab and line feed, line separators, and what turns the direction in which text is read."""


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


def harmless(text: str) -> str:
    r"""Return a text in which characters that would command a terminal are replaced by their escapes in Python.

    Examples
    --------
    >>> print(harmless("a name with \x1b[2J in it"))
    a name with \x1b[2J in it
    """
    return _CONTROLS.sub(lambda found: ascii(found[0])[1:-1], text)


def shown(text: str) -> str:
    """Return a text that a terminal, a log or a page may show: redacted and harmless."""
    return harmless(redacted(text))


def in_one_line(text: str) -> str:
    """Return a text as `shown` does, with line breaks and tabs escaped as well, so that no text can forge a line."""
    return shown(text).replace("\n", "\\n").replace("\t", "\\t")


def all_redacted(value: object) -> object:
    """Return a value with every text in its mappings, lists and tuples redacted."""
    if isinstance(value, str):
        return redacted(value)
    if isinstance(value, Mapping):
        return {key: all_redacted(entry) for key, entry in value.items()}
    if type(value) is list:
        return [all_redacted(entry) for entry in value]
    if type(value) is tuple:
        return tuple(all_redacted(entry) for entry in value)
    return value


def beginning(text: str, limit: int = 200) -> str:
    """Return the first characters of a server's answer in one line; it is redacted before it is cut."""
    return shown(" ".join(text.split()))[:limit]


def what_went_wrong(error: Exception) -> str:
    """Return class and text of an error of a library that asks servers; such texts often have the whole address."""
    return beginning(f"{type(error).__name__}: {error}", 300)


def without_user(address: str) -> str:
    """Return an address without user and password, as a link that anyone may see.

    Examples
    --------
    >>> without_user("https://me:pw@example.org:8083/reports"), without_user("http://127.0.0.1:8083")
    ('https://example.org:8083/reports', 'http://127.0.0.1:8083')
    """
    parts = urlsplit(address)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


class RedactedRecord(logging.LogRecord):
    """A log record whose message and traceback are `shown`, whichever logger makes it or handler prints it."""

    def getMessage(self) -> str:  # noqa: N802  (logging's own name)
        """Return the message, without secrets and control characters."""
        return shown(super().getMessage())

    @property
    def exc_text(self) -> str | None:
        """The traceback as a formatter wrote it, without secrets and control characters."""
        return self._exc_text

    @exc_text.setter
    def exc_text(self, text: str | None) -> None:
        self._exc_text = shown(text) if text else text


def show_error(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Write the traceback of an uncaught error as `shown`; serves as ``sys.excepthook``."""
    sys.stderr.write(shown("".join(traceback.format_exception(kind, error, trace))))


def hide_secrets() -> None:
    """Hide secrets in everything that this process logs, by any library, and in the errors that end it.

    A second call changes nothing.
    """
    logging.setLogRecordFactory(RedactedRecord)
    sys.excepthook = show_error
