"""One writer per target: a lock on a file beside the target, held as long as the target is built.

The lock is the kernel's (``flock``), so it ends with its owner, even after kill -9, and holds between containers that
share the folder. On NFS it holds between hosts as well, unless the mount keeps locks to itself. It saves work and
nothing depends on it: on a file system without locks, two writers make the same result twice, and each is whole
(`pipeline.io.results.commit`).
"""

import contextlib
import datetime
import fcntl
import json
import logging
import os
import shlex
import socket
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Final

from pipeline.errors import BeingBuiltError
from pipeline.redaction import redacted

log = logging.getLogger(__name__)

PREFIX: Final = ".lock-"
"""Beginning of the name of the lock's file, which says who holds the lock and is removed when the target is built."""
POLL_S: Final = 0.5
"""How often a waiting run checks whether the lock is free, and whose it is by now."""
_MOST_BYTES: Final = 4096
_held: set[int] = set()
"""Descriptors of the locks that this process holds."""


@dataclass(frozen=True, kw_only=True)
class Owner:
    """The run that builds a target.

    Attributes
    ----------
    host : str
        Name of the host or container.
    pid : str
        Number of the process, as seen there.
    command : str
        Its command line, without secrets.
    since : str
        UTC time at which the building began.
    """

    host: str
    pid: str
    command: str
    since: str

    def __str__(self) -> str:
        """Return the owner in words."""
        return f"`{self.command}` (process {self.pid} on {self.host}, since {self.since})"


@contextlib.contextmanager
def only_writer(target: Path, *, wait: bool = True, told: Callable[[str], None] = log.info) -> Iterator[None]:
    """Hold the lock of a target; when the block begins, check again whether another run has built it meanwhile.

    Parameters
    ----------
    target : Path
        What is to be built. Runs that reach it by other names, through links, meet at the same lock.
    wait : bool
        Whether to wait for another run that builds it.
    told : callable
        Called with the name of the run that is waited for, again where another one takes its place.

    Raises
    ------
    BeingBuiltError
        If another run builds the target, and ``wait`` is false.
    """
    file = target.with_name(f"{PREFIX}{target.name}")
    descriptor = _take(file, _wait(told) if wait else _refuse(target))
    try:
        yield
    finally:
        _give_back(file, descriptor)


def _take(file: Path, busy: Callable[[str], None]) -> int | None:
    """Return the descriptor of the lock; None where the file or its file system allows none."""
    while (descriptor := _opened(file)) is not None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = _owner(descriptor)
            os.close(descriptor)
            busy(owner)
        except OSError as error:
            os.close(descriptor)
            log.warning("the file system of %s has no locks (%s): two runs may build the same twice", file, error)
            return None
        else:
            if _is_there(file, descriptor):
                _held.add(descriptor)
                _sign(descriptor)
                return descriptor
            os.close(descriptor)  # its last owner removed it since it was opened
    return None


def _give_back(file: Path, descriptor: int | None) -> None:
    if descriptor is None or descriptor not in _held:  # this is a fork of the owner
        return
    _held.discard(descriptor)
    with contextlib.suppress(OSError):
        file.unlink()
    os.close(descriptor)


def _opened(file: Path) -> int | None:
    """Open the file; what prevents that prevents writing the target too, whose writer says so."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            return os.open(file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
        except PermissionError:  # another user's
            return os.open(file, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError as error:
        log.debug("no lock at %s: %s", file, error)
        return None


def _is_there(file: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(file.lstat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _sign(descriptor: int) -> None:
    """Write into the lock's file who holds it."""
    began = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    owner = Owner(host=socket.gethostname(), pid=str(os.getpid()), command=_command(), since=began)
    with contextlib.suppress(OSError):  # another user's file, or a disk without room
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(asdict(owner)).encode(), 0)


def _command() -> str:
    program = Path(sys.argv[0] if sys.argv else sys.executable)
    name = program.parent.name if program.name == "__main__.py" else program.name
    return redacted(shlex.join([name, *sys.argv[1:]]))[:500]


def _owner(descriptor: int) -> str:
    """Return who holds a lock, in words; anybody may write the file, so its text is made printable."""
    try:
        said = json.loads(os.pread(descriptor, _MOST_BYTES, 0))
        owner = str(Owner(**{entry.name: str(said[entry.name])[:500] for entry in fields(Owner)}))
    except (OSError, ValueError, KeyError, TypeError):
        return "another run, which has not said yet who it is"
    return "".join(letter if letter.isprintable() else "?" for letter in owner)


def _wait(told: Callable[[str], None]) -> Callable[[str], None]:
    shown: set[str] = set()

    def wait(owner: str) -> None:
        if owner not in shown:
            told(owner)
        shown.add(owner)
        time.sleep(POLL_S)

    return wait


def _refuse(target: Path) -> Callable[[str], None]:
    def refuse(owner: str) -> None:
        raise BeingBuiltError(f"{target} is being built by {owner}; run again later, or leave out --no-wait")

    return refuse


def _forget() -> None:
    """Close a fork's copies of the locks, which would otherwise outlive their owner in it."""
    while _held:
        os.close(_held.pop())


os.register_at_fork(after_in_child=_forget)
