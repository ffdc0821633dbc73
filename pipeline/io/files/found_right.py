"""Checks of files that a process makes once: a file found right is not looked at again as long as it stays as it is."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

_FOUND: Final[set[tuple[str, Path, int, int, int]]] = set()
"""Checks that found nothing wrong: their name, the file, its inode, size and time."""


def found_right(what: str, path: Path, check: Callable[[], None]) -> None:
    """Make a check of a file, unless it was made before and the file is the same.

    Parameters
    ----------
    what : str
        What is checked.
    path : Path
        The file.
    check : callable
        Raises what is wrong.
    """
    status = path.stat()
    state = what, path, status.st_ino, status.st_size, status.st_mtime_ns
    if state not in _FOUND:
        check()
        _FOUND.add(state)
