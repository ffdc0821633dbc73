"""What may not be shown as it is: secrets in addresses, and characters by which data would command a terminal.

Secrets are hidden in messages, in logs and in the record of a result. Control characters come from names of files,
headers, columns and rows: an escape code could clear a screen, rewrite the lines above or set the title of a window.
"""

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
    r"""Return a text in which each character that would command a terminal stands as Python writes it.

    Examples
    --------
    >>> print(harmless("a name with \x1b[2J in it"))
    a name with \x1b[2J in it
    """
    return _CONTROLS.sub(lambda found: ascii(found[0])[1:-1], text)


def shown(text: str) -> str:
    """Return a text as a terminal, a log or a page may show it: redacted and harmless."""
    return harmless(redacted(text))


def in_one_line(text: str) -> str:
    """Return a text as `shown` does, with its line breaks and tabs as Python writes them: nobody can forge a line."""
    return shown(text).replace("\n", "\\n").replace("\t", "\\t")


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
    return shown(" ".join(text.split()))[:limit]


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
    """A log record of which message and traceback are `shown`, whatever logger makes it, whatever handler shows it."""

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
    """Write the traceback of an error that nothing caught, as `shown`, as ``sys.excepthook``."""
    sys.stderr.write(shown("".join(traceback.format_exception(kind, error, trace))))


def hide_secrets() -> None:
    """Make whatever this process logs, by any library, and the errors that end it, what may be shown.

    A second call changes nothing.
    """
    logging.setLogRecordFactory(RedactedRecord)
    sys.excepthook = show_error
