"""Errors of damaged files: whatever h5py or pyarrow raises on one becomes one line that names the file."""

from collections.abc import Iterator
from contextlib import contextmanager
from errno import EACCES, EAGAIN
from pathlib import Path
from typing import Final

import pyarrow as pa

from pipeline.errors import InputError, NightsiftError

_RAISED: Final = (
    pa.ArrowException,
    OSError,
    RuntimeError,
    LookupError,
    ValueError,
    TypeError,
    OverflowError,
    MemoryError,
    AttributeError,
    SystemError,
)
"""What the readers raise on damaged bytes; one flipped bit can lead to any of these."""


@contextmanager
def naming(path: Path, kind: str) -> Iterator[None]:
    """Raise what goes wrong while a file is read within the block as an `InputError` of one line.

    Parameters
    ----------
    path : Path
        The file.
    kind : str
        What it should be, for the message: ``HDF5 file``.
    """
    try:
        yield
    except NightsiftError:
        raise
    except _RAISED as error:
        said = " ".join(str(error).split())[:300] or type(error).__name__
        if _is_kept_away(error):
            raise InputError(f"{path} cannot be read now, it may be whole: {said}") from error
        raise InputError(f"{path} is not a readable {kind}: {said}") from error


def changed(path: Path, what: str) -> InputError:
    """Return the error that says that something in a file is not what was written."""
    return InputError(f"{path} was changed after it was written: {what}; make it anew, or restore it")


def _is_kept_away(error: Exception) -> bool:
    """Tell whether another program's lock, or a permission, keeps the file from being read."""
    return isinstance(error, OSError) and (error.errno in (EAGAIN, EACCES) or "unable to lock file" in str(error))
