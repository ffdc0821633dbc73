"""The page as a web application, and the server that shows it."""

import asyncio
import logging
import secrets
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from importlib import resources
from typing import Final

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, HTTPError

from pipeline.errors import SettingsError
from web import PAGE_VERSION
from web.answers import Asked, Desk, Detail, Listing, Rows, Session, Undo, Verdicts
from web.protected import LOOPBACK, Login, Nowhere, Protected

log = logging.getLogger(__name__)

LARGEST_BODY: Final = 1 << 20
"""Bytes of a post, at most; 100 verdicts have about 20,000."""
_THREADS: Final = 4
_KINDS: Final = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}


class Page(Asked):
    """The page itself."""

    def get(self) -> None:
        """Send it; all that is shown is fetched by its script."""
        self.render("page.html", title=self.desk.candidates.title, version=PAGE_VERSION, xsrf_token=self.xsrf_token)


class Static(Protected):
    """Scripts and styles: the files that come along, by their names, and nothing else."""

    needs_login = False

    def initialize(self, files: dict[str, bytes]) -> None:
        """Keep the files, which are read once."""
        self.files = files

    def get(self, name: str) -> None:
        """Send one file."""
        if name not in self.files:
            raise HTTPError(HTTPStatus.NOT_FOUND)
        self.set_header("Content-Type", _KINDS[name[name.rindex(".") :]])
        self.set_header("Cache-Control", "private, no-cache")
        self.finish(self.files[name])


def make_app(desk: Desk, *, login_token: str = "") -> Application:
    """Return the application.

    Parameters
    ----------
    desk : Desk
        What it shows, and where verdicts go.
    login_token : str
        What a person has to know; empty for a page that only this machine's browsers reach.
    """
    with_desk = {"desk": desk}
    return Application(
        [
            (r"/", Page, with_desk),
            (r"/login", Login),
            (r"/static/([a-z_]+\.(?:js|css|svg))", Static, {"files": static_files()}),
            (r"/api/session", Session, with_desk),
            (r"/api/list", Listing, with_desk),
            (r"/api/rows", Rows, with_desk),
            (r"/api/detail", Detail, with_desk),
            (r"/api/verdicts", Verdicts, with_desk),
            (r"/api/undo", Undo, with_desk),
        ],
        default_handler_class=Nowhere,
        template_path=str(resources.files("web") / "templates"),
        xsrf_cookies=True,
        xsrf_cookie_kwargs={"httponly": True, "samesite": "Strict"},
        cookie_secret=secrets.token_hex(32),
        login_token=login_token,
        pool=ThreadPoolExecutor(_THREADS, thread_name_prefix="eyeball"),
        log_function=lambda handler: log.debug("%s %s", handler.get_status(), handler.request.path),
    )


def static_files() -> dict[str, bytes]:
    """Return scripts and styles by their names."""
    folder = resources.files("web") / "static"
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.name.endswith(tuple(_KINDS))}


def bound(address: str, port: int) -> list[socket.socket]:
    """Return sockets that listen; port 0 takes a free one.

    Raises
    ------
    SettingsError
        If the address is none of this machine, or the port is taken.
    """
    try:
        return bind_sockets(port, address=address)
    except (OSError, OverflowError) as error:
        raise SettingsError(
            f"the page cannot listen at {address}, port {port}: {error}; take another --port"
        ) from error


def token_for(address: str) -> str:
    """Return a new login token, or none for an address that only this machine reaches."""
    return "" if address in LOOPBACK else secrets.token_urlsafe(24)


def serve(desk: Desk, sockets: list[socket.socket], login_token: str, ready: Callable[[], None]) -> None:
    """Serve the page until it is interrupted; ``ready`` is called once it answers."""

    async def run() -> None:
        server = HTTPServer(make_app(desk, login_token=login_token), max_body_size=LARGEST_BODY)
        server.add_sockets(sockets)
        ready()
        await asyncio.Event().wait()

    asyncio.run(run())
