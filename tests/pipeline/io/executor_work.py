"""Work that another process can import."""

import os
import signal
import time
from pathlib import Path

from pipeline.errors import UnknownNameError


def square(number):
    return number * number


def slow_first(number):
    time.sleep(0.3 if number == 0 else 0)
    return number, os.getpid()


def threads(_):
    return os.environ["OMP_NUM_THREADS"]


def refuse(number):
    if number == 3:
        raise UnknownNameError("number", "3", ["1", "2"])
    return number


def die_once(where):
    """Kill this process the first time that the place is asked for."""
    folder, number, last = where
    mark = Path(folder) / str(number)
    if number == last and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def die_always(number):
    if number == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def die_beside_the_deaf(where):
    """The first time, chunk 1 hears no request to end, and chunk 0 dies as soon as 1 is deaf."""
    folder, number = where
    deaf, dead = Path(folder) / "deaf", Path(folder) / "dead"
    if number == 1 and not deaf.exists():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        deaf.touch()
        time.sleep(600)
    if number == 0 and not dead.exists():
        while not deaf.exists():
            time.sleep(0.01)
        dead.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def interrupted(_):
    """Answer Ctrl-C as a process of a terminal's foreground would, and say whether it went through."""
    os.kill(os.getpid(), signal.SIGINT)
    return "worked on"


def sleep_long(seconds):
    time.sleep(seconds)
    return seconds
