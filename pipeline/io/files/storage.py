"""Errors of the results' folder, in one line: it cannot be made, may not be written, or the disk is full."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from errno import EACCES, EDQUOT, ENOSPC, EPERM, EROFS
from pathlib import Path
from typing import Final

from pipeline.errors import NightsiftError, StorageError

_FULL: Final = ("no space left", "not enough space", "disk is full", "disk quota exceeded")
"""Messages of a full disk from libraries that pass no error number on: h5py, astropy and SQLite."""
_FORBIDDEN: Final = (EACCES, EPERM, EROFS)


def make_folder(folder: Path) -> None:
    """Make a folder for results, and those above it; raise `StorageError` if that is impossible."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(_why_no_folder(folder, error)) from error


@contextmanager
def naming_storage(folder: Path) -> Iterator[None]:
    """Raise errors of the block as `StorageError` if ``folder`` is full or may not be written."""
    try:
        yield
    except NightsiftError:
        raise
    except Exception as error:
        if _is_full(error):
            raise StorageError(_full(folder)) from error
        if isinstance(error, OSError) and error.errno in _FORBIDDEN and _lies_below(error.filename, folder):
            raise StorageError(f"{folder} may not be written: {error.strerror}; {_WAY_OUT}") from error
        raise


_WAY_OUT: Final = "give it to the user who runs this, or set NIGHTSIFT_DATA to another folder, and run again"


def _why_no_folder(folder: Path, error: OSError) -> str:
    with suppress(OSError):  # of a name that is too long, which the error says itself
        for place in reversed((folder, *folder.parents)):
            if place.is_symlink() and not place.exists():
                return f"{place} leads to {place.readlink()}, which is not there; mount or make it, and run again"
            if place.exists() and not place.is_dir():
                return f"{place} is a file, and results need a folder there; set NIGHTSIFT_DATA to a folder"
    return f"the folder {folder} cannot be made: {error.strerror}; {_WAY_OUT}"


def _is_full(error: Exception) -> bool:
    text = str(error).lower()
    return getattr(error, "errno", None) in (ENOSPC, EDQUOT) or any(words in text for words in _FULL)


def _full(folder: Path) -> str:
    free = {str(place): _free_mb(place) for place in (folder, Path(tempfile.gettempdir()))}
    counted = ", ".join(f"{megabytes} MB free in {place}" for place, megabytes in free.items())
    return (
        f"the disk was full while {folder} was written ({counted}); make room, and run again: "
        "nothing half-finished is left"
    )


def _free_mb(folder: Path) -> str:
    try:
        return f"{shutil.disk_usage(folder).free / 1e6:.1f}"
    except OSError:
        return "unknown"


def _lies_below(name: object, folder: Path) -> bool:
    return isinstance(name, str) and Path(name).resolve().is_relative_to(folder.resolve())
