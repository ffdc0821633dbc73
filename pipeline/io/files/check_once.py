"""Checks that a process makes once per file: a file that passed is not checked again as long as it does not change."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

_PASSED: Final[set[tuple[str, Path, int, int, int]]] = set()
"""Checks that a file passed: their name, the file, its inode, size and modification time."""


def check_once(what: str, path: Path, check: Callable[[], None]) -> None:
    """Check a file, unless this process made the check before and the file is the same.

    Parameters
    ----------
    what : str
        What is checked.
    path : Path
        The file.
    check : callable
        Makes the check; raises an error if something is wrong.
    """
    status = path.stat()
    state = what, path, status.st_ino, status.st_size, status.st_mtime_ns
    if state not in _PASSED:
        check()
        _PASSED.add(state)
