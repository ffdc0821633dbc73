"""Refuses, unread, a small file that claims to hold so much that it would fill the memory."""

import math
import os
from pathlib import Path
from typing import Final

from pipeline.errors import InputError, SettingsError

VARIABLE: Final = "NIGHTSIFT_LARGEST_GB"
"""The setting that raises `ALWAYS_GB`: a variable of the environment."""

ALWAYS_GB: Final = 2.0
"""Gigabytes that a file may claim whatever it holds: an image of 500 million float32 pixels, all of them zero."""

TIMES: Final = 100
"""A larger file may claim up to this many times the bytes that it takes on disk.

Pixels and tables of real surveys compress to no less than a fiftieth; zeros shrink a thousandfold under gzip, and a
sparse file or an HDF5 data set of which nothing was written take no room at all.
"""

_GB: Final = 10**9


def require_credible(where: object, claimed: int, stored: int, what: str) -> None:
    """Refuse data that would take far more memory than their file holds, before any memory is allocated.

    Parameters
    ----------
    where : Path or str
        The file, for the message.
    claimed : int
        Bytes that it says it holds once it is unpacked.
    stored : int
        Bytes that it takes on disk, by `stored_bytes`.
    what : str
        What claims them, in words: ``data set 'cutouts' of (1000000, 63, 63, 3)``.

    Raises
    ------
    InputError
        With the size claimed, what is allowed, and the setting that allows more.
    """
    allowed = credible_bytes(stored)
    if claimed > allowed:
        raise InputError(
            f"{where}: {what} would take {_said(claimed)}, of which {_said(stored)} are stored; allowed: "
            f"{_said(allowed)}; if that is meant, set {VARIABLE} to {math.ceil(claimed / _GB)}"
        )


def credible_bytes(stored: int) -> int:
    """Return how many bytes a file that takes ``stored`` bytes on disk may claim to hold.

    Raises
    ------
    SettingsError
        If the variable of the environment is not a number above 0.
    """
    stated = os.environ.get(VARIABLE, "")
    try:
        always = float(stated or ALWAYS_GB)
    except ValueError:
        always = math.nan
    if not 0 < always < math.inf:
        raise SettingsError(f"{VARIABLE} is {stated!r}; allowed: gigabytes, a number above 0")
    return max(int(always * _GB), TIMES * stored)


def stored_bytes(path: Path) -> int:
    """Return how many bytes a file takes on disk; what a sparse file leaves out does not count."""
    status = path.stat()
    # a file system that does not count blocks says 0 for all files
    return min(status.st_size, 512 * status.st_blocks) if status.st_blocks else status.st_size


def require_dense(path: Path) -> None:
    """Refuse a file that is far longer than what was ever written to it, before it is read whole.

    Raises
    ------
    InputError
        As `require_credible`.
    """
    require_credible(path, path.stat().st_size, stored_bytes(path), "the file")


def _said(count: int) -> str:
    """Return a number of bytes in words.

    Examples
    --------
    >>> _said(12), _said(4_000_000_000), _said(10**13)
    ('12 bytes', '4 GB', '1e+04 GB')
    """
    for unit, name in ((_GB, "GB"), (10**6, "MB"), (10**3, "kB")):
        if count >= unit:
            return f"{count / unit:.3g} {name}"
    return f"{count} bytes"
