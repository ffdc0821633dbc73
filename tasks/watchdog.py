"""An end for tasks that hang: of a process of their own by luigi, within the client's by an alarm."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.errors import TimedOutError

_AGAIN_S = 1.0
"""Seconds until the alarm rings again: code that retries may take the first for a fault of a service."""


@contextmanager
def limited(seconds: float, what: str) -> Iterator[None]:
    """Raise `TimedOutError` in the body once it has taken too long.

    It ends what waits and what computes in Python; what computes elsewhere is ended by luigi alone, with its process.
    Only the main thread can be interrupted, and an alarm that is set already stays.

    Parameters
    ----------
    seconds : float
        0: no limit.
    what : str
        What is limited, for the message.
    """
    unable = threading.current_thread() is not threading.main_thread() or signal.getitimer(signal.ITIMER_REAL)[0] > 0
    if not seconds or unable:
        yield
        return

    def ring(*_: object) -> None:
        raise TimedOutError(
            f"{what} took longer than {seconds:g} s and was ended; raise `timeout` in the section [worker] of "
            "luigi.cfg if it needs more, and run again"
        )

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
