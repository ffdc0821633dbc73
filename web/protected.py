"""What guards every answer: who may ask, where a post may come from, the login token, the headers.

Tested by tests/web/test_app.py.
"""

import hmac
import json
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from sqlalchemy.exc import DBAPIError
from tornado.ioloop import IOLoop
from tornado.web import HTTPError, RequestHandler

from pipeline.errors import NightsiftError, StorageError, UnreachableError
from pipeline.redaction import harmless

log = logging.getLogger(__name__)
_Value = TypeVar("_Value")

LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
"""Names by which this machine's own browsers reach the page."""
COOKIE: Final = "nightsift_eyeball"
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "private, no-store",
}


class Protected(RequestHandler):
    """Answers only who may ask; every handler of the page derives from it."""

    needs_login = True

    def set_default_headers(self) -> None:
        """Set the headers of every answer, also of an error."""
        self.clear_header("Server")
        for name, value in _HEADERS.items():
            self.set_header(name, value)

    def prepare(self) -> None:
        """Refuse other names of the host, pages of other sites, and who did not log in."""
        token = self.settings["login_token"]
        if not token and _host(f"//{self.request.host}") not in LOOPBACK:
            raise HTTPError(HTTPStatus.FORBIDDEN, reason="this page answers only to the names of this machine")
        origin = self.request.headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc != self.request.host:
            raise HTTPError(HTTPStatus.FORBIDDEN, reason="pages of other sites may not use this one")
        if self.request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site"):
            raise HTTPError(HTTPStatus.FORBIDDEN, reason="pages of other sites may not use this one")
        if token and self.needs_login and self.get_signed_cookie(COOKIE) != b"in":
            self._ask_to_log_in()

    def _ask_to_log_in(self) -> None:
        if self.request.method in ("GET", "HEAD") and self.request.path == "/":
            self.redirect("/login")
        else:
            raise HTTPError(HTTPStatus.UNAUTHORIZED, reason="log in first")

    async def apart(self, work: Callable[..., _Value], *arguments: Any) -> _Value:
        """Run work of files, databases and pixels on another thread, so that the page stays quick for others."""
        pool: ThreadPoolExecutor = self.settings["pool"]
        return await IOLoop.current().run_in_executor(pool, work, *arguments)

    def answer(self, content: object) -> None:
        """Send JSON."""
        self.set_header("Content-Type", "application/json; charset=utf-8")
        self.finish(json.dumps(content, allow_nan=False))

    def body(self) -> dict[str, Any]:
        """Return the JSON object that was posted."""
        try:
            found = json.loads(self.request.body)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise HTTPError(HTTPStatus.BAD_REQUEST, reason="no JSON object was posted")
        return found

    def write_error(self, status_code: int, **more: Any) -> None:
        """Say what went wrong as JSON; an error of Nightsift in its own words, a bug without any."""
        error = more.get("exc_info", (None, None, None))[1]
        if isinstance(error, NightsiftError):
            is_ours = isinstance(error, UnreachableError | StorageError) or isinstance(error.__cause__, DBAPIError)
            self.set_status(HTTPStatus.SERVICE_UNAVAILABLE if is_ours else HTTPStatus.BAD_REQUEST)
            said = str(error)
        else:
            said = self._reason if isinstance(error, HTTPError) else HTTPStatus(status_code).phrase
        self.answer({"error": harmless(said)})

    def log_exception(self, kind: object, value: object, trace: object) -> None:
        """Log bugs alone; what a person did wrong is said to them."""
        if not isinstance(value, NightsiftError | HTTPError):
            super().log_exception(kind, value, trace)  # type: ignore[arg-type]


class Login(Protected):
    """Lets in who knows the token that the server printed at its start."""

    needs_login = False

    def get(self) -> None:
        """Show the form, or take the token of the address that was printed."""
        token = self.get_query_argument("token", "")
        if token:
            self._enter(token)
        else:
            self.render("login.html", wrong=False)

    def post(self) -> None:
        """Take the token of the form."""
        self._enter(self.get_body_argument("token", ""))

    def _enter(self, token: str) -> None:
        expected = self.settings["login_token"]
        if not expected or hmac.compare_digest(token.encode(), expected.encode()):
            self.set_signed_cookie(COOKIE, "in", httponly=True, samesite="Strict", path="/")
            self.redirect("/")
            return
        self.set_status(HTTPStatus.FORBIDDEN)
        self.render("login.html", wrong=True)


class Nowhere(Protected):
    """Answers every address that there is not."""

    def prepare(self) -> None:
        """Refuse as everywhere, then say that there is nothing."""
        super().prepare()
        if not self._finished:
            raise HTTPError(HTTPStatus.NOT_FOUND)


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""
