"""The page server: an index of the reports and what they are made of, for this machine's browsers, and nothing more."""

import html
import logging
import os
import stat
import sys
from collections.abc import Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import BinaryIO, Final
from urllib.parse import quote, unquote, urlsplit

from pipeline.io import tracebacks
from pipeline.io.results.commit import is_complete
from pipeline.redaction import harmless

log = logging.getLogger(__name__)

ADDRESS: Final = "127.0.0.1"
KINDS: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
}
"""The files that are served, by their endings, with their types."""

_HOSTS: Final = frozenset({"127.0.0.1", "localhost", "::1"})
"""Names by which this machine's own browsers reach it; a page under another name is not ours."""

_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "private, no-cache",
}
_DEPTH = 3
_REPORTS: Final = ("PlotResults-", "NightReport-", "CompareModels-", "ExplainScores-")
"""A report is a folder whose name begins so, below survey, release and night."""

_TIMEOUT_S = 30
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Reports</title>
<style>body{{font:16px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em}}</style></head>
<body><main><h1>Reports</h1>
{body}
</main></body></html>
"""


def report_server(folder: Path, port: int) -> ThreadingHTTPServer:
    """Return a server of the reports below a results folder, for this machine only.

    Only whole reports are served, and of these only files of :data:`KINDS`: no name that begins with a dot, nothing
    through a symbolic link. Requests by another name of the host, or of pages of other sites, are refused.
    """
    served = folder.resolve()

    class Handler(_Handler):
        root = served

    return _Server((ADDRESS, port), Handler)


class _Server(ThreadingHTTPServer):
    """Keeps the terminal free of what goes wrong with one connection, such as a browser that leaves."""

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002
        """Log an error in one line; a connection that broke off is not an error."""
        error = sys.exc_info()[1]
        if error is not None and not isinstance(error, ConnectionError):
            log.error("page server: %s", tracebacks.one_line(error))


class _Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD."""

    root: Path
    timeout = _TIMEOUT_S
    server_version, sys_version = "nightsift", ""

    def do_GET(self) -> None:
        """Send the index, a file of a report, or why not."""
        refused = self._refused()
        if refused:
            self._send_text(HTTPStatus.FORBIDDEN, refused)
            return
        parts = _parts(self.path)
        if parts == []:
            self._send(HTTPStatus.OK, KINDS[".html"], _index(self.root).encode())
        elif parts is not None and len(parts) == _DEPTH + 1 and _is_report(self.root, parts):
            self._send_redirect("/" + "/".join(map(quote, parts)) + "/index.html")
        else:
            self._send_file(parts)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """Refuse a malformed request, as plain text and with the headers of every answer."""
        self.close_connection = True
        status = HTTPStatus(code)
        self._send_text(status, f"{status.value} {status.phrase}")

    def do_HEAD(self) -> None:
        """Send what `do_GET` sends, without the content."""
        self.do_GET()

    def _refused(self) -> str:
        """Return why a request is not answered; empty if it is."""
        hosts = self.headers.get_all("Host") or []
        if len(hosts) != 1 or not _is_here(f"//{hosts[0]}"):
            return f"this server answers only to the names {', '.join(sorted(_HOSTS))}"
        origin = self.headers.get("Origin")
        if self.headers.get("Sec-Fetch-Site") == "cross-site" or (origin is not None and not _is_here(origin)):
            return "pages of other sites may not use this server"
        return ""

    def _send_file(self, parts: list[str] | None) -> None:
        kind = KINDS.get(Path(parts[-1]).suffix) if parts else None
        if parts is None or kind is None or not _is_report(self.root, parts[: _DEPTH + 1]):
            self._send_text(HTTPStatus.NOT_FOUND, "no such report")
            return
        try:
            with _opened(self.root, parts) as file:
                self._send(HTTPStatus.OK, kind, file.read())
        except OSError:
            self._send_text(HTTPStatus.NOT_FOUND, "no such file of a report")

    def _send_text(self, status: HTTPStatus, text: str) -> None:
        self._send(status, "text/plain; charset=utf-8", (text + "\n").encode())

    def _send_redirect(self, place: str) -> None:
        self._send(HTTPStatus.FOUND, "text/plain; charset=utf-8", b"", {"Location": place})

    def _send(self, status: HTTPStatus, kind: str, content: bytes, more: dict[str, str] | None = None) -> None:
        self.send_response(status)
        sizes = {"Content-Type": kind, "Content-Length": str(len(content))}
        for name, value in (_HEADERS | sizes | (more or {})).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Log requests as debug messages, so that the terminal does not fill with them."""
        log.debug(format, *args)


def _is_here(address: str) -> bool:
    """Tell whether an address names this machine as its own browsers do."""
    try:
        return urlsplit(address).hostname in _HOSTS
    except ValueError:
        return False


def _parts(target: str) -> list[str] | None:
    """Return the names of a request's path, decoded once; None where they could lead out of the root."""
    if not target.startswith("/"):
        return None
    path = target.partition("?")[0].removeprefix("/").removesuffix("/")
    parts = [unquote(part) for part in path.split("/")] if path else []
    strange = any(part in {"", ".", ".."} or part.startswith(".") or set(part) & {"/", "\\", "\0"} for part in parts)
    return None if strange else parts


def _is_report(root: Path, parts: list[str]) -> bool:
    """Tell whether names lead to a whole report."""
    if len(parts) != _DEPTH + 1 or not parts[-1].startswith(_REPORTS):
        return False
    return is_complete(root.joinpath(*parts), directory=True)


def _opened(root: Path, parts: list[str]) -> BinaryIO:
    """Open a plain file below the root by its names, none of which may be a symbolic link.

    Raises
    ------
    OSError
        If there is none.
    """
    held = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for part in parts[:-1]:
            inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=held)
            os.close(held)
            held = inner
        number = os.open(parts[-1], os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=held)
    finally:
        os.close(held)
    file = os.fdopen(number, "rb")
    if not stat.S_ISREG(os.fstat(number).st_mode):
        file.close()
        raise FileNotFoundError(parts[-1])
    return file


def _reports(root: Path) -> Iterator[list[str]]:
    """Yield the names that lead to each whole report, the newest first."""
    found = [path for name in _REPORTS for path in root.glob(f"{'*/' * _DEPTH}{name}*") if path.is_dir()]
    for path in sorted(found, key=lambda path: (-path.stat().st_mtime, path)):
        parts = list(path.relative_to(root).parts)
        is_plain = not any((root / Path(*parts[: depth + 1])).is_symlink() for depth in range(len(parts)))
        if is_plain and not any(part.startswith(".") for part in parts) and _is_report(root, parts):
            yield parts


def _index(root: Path) -> str:
    """Return the page that lists the reports."""
    rows = [
        f'<li><a href="/{"/".join(map(quote, parts))}/index.html">{html.escape(harmless(" / ".join(parts)))}</a></li>'
        for parts in _reports(root)
    ]
    return _PAGE.format(body="<ul>\n" + "\n".join(rows) + "\n</ul>" if rows else "<p>There are no reports yet.</p>")
