"""How far a task is: a percentage on the scheduler's page, and a bar where the output is a terminal."""

import html
import logging
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self, TypeVar

from luigi.rpc import RPCError

from pipeline.redaction import in_one_line

if TYPE_CHECKING:
    from tqdm import tqdm

log = logging.getLogger(__name__)

_SHOWN_EVERY_S = 1.0


Value = TypeVar("Value")


class ReportsProgress(Protocol):
    """A task that luigi runs: it sets these to what tells the scheduler; until then each is None."""

    @property
    def set_progress_percentage(self) -> Callable[[int], None] | None:
        """Tells how much is done, in per cent."""

    @property
    def set_status_message(self) -> Callable[[str], None] | None:
        """Tells what the page shows, as HTML."""

    @property
    def set_tracking_url(self) -> Callable[[str], None] | None:
        """Tells where the page leads."""


class Progress:
    """Shows how far one run of a task is; use it as a context manager.

    Parameters
    ----------
    name : str
        The task's name, in front of the bar.
    task : luigi.Task
        The task whose percentage and status message the scheduler shows.
    """

    def __init__(self, name: str, task: ReportsProgress) -> None:
        self.name, self.task = name, task
        self._shown = 0.0
        self._lost = False
        self._bar: tqdm[None] | None = None

    def __call__(self, percent: float, message: str) -> None:
        """Show a state, at most once per second; a percentage below 0 means that it is not known."""
        if time.monotonic() - self._shown < _SHOWN_EVERY_S and percent < 100:
            return
        self._shown, message = time.monotonic(), in_one_line(message)
        known = 0 <= percent <= 100
        if known:
            self._tell(self.task.set_progress_percentage, round(percent))
        self._tell(self.task.set_status_message, html.escape(message))  # the page shows it as HTML
        if sys.stderr.isatty():
            self._draw(round(percent) if known else None, message)

    def link(self, address: str) -> None:
        """Make the scheduler's page link to an address."""
        self._tell(self.task.set_tracking_url, address)

    def _tell(self, tell: Callable[[Value], None] | None, value: Value) -> None:
        """Tell the scheduler; once it is lost it is not told again, and the work goes on without it."""
        if tell is None or self._lost:
            return
        try:
            tell(value)
        except RPCError as error:
            self._lost = True
            log.warning("%s goes on without its scheduler: %s", self.name, error)

    def _draw(self, percent: int | None, message: str) -> None:
        if self._bar is None:
            from tqdm import tqdm

            shape = "{desc} {percentage:3.0f} %|{bar:24}| {elapsed}{postfix}"
            self._bar = tqdm(total=100, desc=self.name, leave=False, bar_format=shape, dynamic_ncols=True)
        if percent is not None:
            self._bar.n = percent
        self._bar.set_postfix_str(message)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()
