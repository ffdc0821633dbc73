"""NumPy's ``.npz`` read and written array by array in fixed memory; object arrays, which are pickles, are refused."""

import io
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import InputError, MissingInputError, NightsiftError

_AT_ONCE = 1 << 20


def read_arrays(path: Path) -> dict[str, NDArray[np.generic]]:
    """Return the arrays of a file, each mapped from disk, so that only what is looked at takes memory.

    Raises
    ------
    MissingInputError, InputError
        If there is no such file, it is damaged, or an array holds objects; the array is named.
    """
    if not path.is_file():
        raise MissingInputError(f"no file {path}")
    try:
        with zipfile.ZipFile(path) as archive:
            names = [entry for entry in archive.infolist() if entry.filename.endswith(".npy")]
            return {entry.filename.removesuffix(".npy"): _mapped(path, archive, entry) for entry in names}
    except NightsiftError:
        raise
    except Exception as error:
        # zipfile and numpy raise anything from BadZipFile to zlib.error, SyntaxError and MemoryError
        raise InputError(f"cannot read {path}: {' '.join(str(error).split())[:200]}") from error


def _mapped(path: Path, archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> NDArray[np.generic]:
    """Return one member as an array over a scratch file, which the system removes when nobody needs it."""
    with archive.open(entry) as member, tempfile.TemporaryFile() as scratch:
        shape, is_fortran, dtype = _header(member, f"{path}: array {entry.filename.removesuffix('.npy')!r}")
        size = int(np.prod(shape, dtype=object)) * dtype.itemsize
        if member.tell() + size != entry.file_size:
            raise InputError(f"{path}: {entry.filename} holds {entry.file_size} bytes; its header says {size} of data")
        while chunk := member.read(_AT_ONCE):
            scratch.write(chunk)
        scratch.flush()
        if not size:
            return np.zeros(shape, dtype)
        return np.memmap(scratch, dtype, "r", 0, shape, "F" if is_fortran else "C")


def _header(member: IO[bytes], where: str) -> tuple[tuple[int, ...], bool, np.dtype]:
    version = np.lib.format.read_magic(member)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, is_fortran, dtype = read(member)
    if dtype.hasobject:
        raise InputError(f"{where} holds Python objects, which only unpickling could read; it stays closed")
    return shape, is_fortran, dtype


def write_arrays(
    path: Path,
    arrays: dict[str, NDArray[np.generic]],
    streamed: tuple[str, tuple[int, ...], np.dtype, Iterable[NDArray[np.generic]]],
) -> None:
    """Write arrays, one of them in blocks; equal input gives equal bytes.

    Parameters
    ----------
    path : Path
        File to write.
    arrays : dict
        Whole arrays by name.
    streamed : tuple
        Name, shape and type of one more array, and its rows in blocks.
    """
    name, shape, dtype, blocks = streamed
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        _write_member(archive, name, shape, dtype, blocks)
        for other, values in arrays.items():
            _write_member(archive, other, values.shape, values.dtype, iter([values]))


def _write_member(
    archive: zipfile.ZipFile,
    name: str,
    shape: tuple[int, ...],
    dtype: np.dtype,
    blocks: Iterable[NDArray[np.generic]] | Iterator[NDArray[np.generic]],
) -> None:
    entry = zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0))
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        head, {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    )
    with archive.open(entry, "w", force_zip64=True) as member:
        member.write(head.getvalue())
        for block in blocks:
            member.write(np.ascontiguousarray(block, dtype).tobytes())
