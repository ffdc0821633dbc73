"""The seal of an HDF5 file: a digest of its bytes, appended to it, by which a reader notices that it was changed.

Fletcher32 sums guard each chunk of numbers. They know nothing of text, of attributes, or of which chunk belongs where,
and the HDF5 library itself may end the process on damaged tables of its own; so the seal is checked before the library
sees the file. It leaves out the chunks of one large data set, the pixels, which have their sums and the hashes of their
rows: a file is opened without being read whole.

An HDF5 file ends where its first block says; the library ignores what follows. There the seal is, little-endian: where
the bytes that are left out begin and how many they are (two uint64 each), the sha256 of all others and then of this
list (32 bytes), the length of the list (uint64), and ``NIGHTSIFTSEAL001``.

Tested by tests/pipeline/io/results/test_sealed_files.py.
"""

import struct
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, Final

import h5py
import numpy as np
from numpy.typing import NDArray

from pipeline.io.files.damaged import changed, naming
from pipeline.io.files.digests import digest_without
from pipeline.io.results.schema import SEAL

MARK: Final = b"NIGHTSIFTSEAL001"
_END: Final = struct.Struct(f"<32sQ{len(MARK)}s")


def chunks_of(data: h5py.Dataset) -> NDArray[np.uint64]:
    """Return where the chunks of a data set lie in its file, ``(n, 2)``: first byte and count of those that touch.

    Parameters
    ----------
    data : h5py.Dataset
        A data set whose chunks will not be written again.
    """
    data.file.flush()
    found: list[tuple[int, int]] = []
    data.id.chunk_iter(lambda chunk: found.append((chunk.byte_offset, chunk.size)))
    places = np.array(sorted(found), np.uint64).reshape(-1, 2)
    ends = places.sum(axis=1, dtype=np.uint64)
    begins = np.append(True, places[1:, 0] != ends[:-1])[: len(places)]
    first = places[begins, 0]
    last = ends[np.append(begins[1:], True)[: len(places)]]
    return np.stack([first, last - first], axis=1)


def seal(path: Path, left_out: NDArray[np.uint64]) -> None:
    """Seal a file that is closed; its attribute ``seal`` must say already that it is sealed.

    Parameters
    ----------
    path : Path
        The file.
    left_out : ndarray of uint64, (n, 2)
        First byte and count of what is guarded otherwise, in order.
    """
    with path.open("rb+") as file:
        size = file.seek(0, 2)
        digest = _digest(file, size, left_out)
        file.seek(size)
        file.write(left_out.astype("<u8").tobytes() + _END.pack(digest, len(left_out), MARK))


def require_sealed(path: Path) -> bool:
    """Return whether a file has a seal, which is then right.

    A file that passed is not read again by this process as long as its time and size stay.

    Raises
    ------
    InputError
        If the file does not hold what was sealed.
    """
    with naming(path, "HDF5 file"):
        found = path.stat()
        return _is_sealed(path, (found.st_ino, found.st_size, found.st_mtime_ns))


def require_seal(file: h5py.File, sealed: bool) -> None:
    """Raise `InputError` if a file says that it is sealed, and its seal is gone."""
    if SEAL in file.attrs and not sealed:
        raise changed(Path(file.filename), "its end, the seal, is missing")


@lru_cache(maxsize=4096)
def _is_sealed(path: Path, _: tuple[int, int, int]) -> bool:
    with path.open("rb") as file:
        size = file.seek(0, 2)
        if size < _END.size:
            return False
        file.seek(size - _END.size)
        digest, count, mark = _END.unpack(file.read(_END.size))
        if mark != MARK:
            return False
        whole = size - _END.size - 16 * count
        if whole >= 0:
            file.seek(whole)
            left_out = np.frombuffer(file.read(16 * count), "<u8").reshape(-1, 2)
            if digest == _digest(file, whole, left_out):
                return True
    raise changed(path, "its bytes do not agree with its seal")


def _digest(file: BinaryIO, size: int, left_out: NDArray[np.uint64]) -> bytes:
    """Return the sha256 of the first ``size`` bytes but those left out, and of the list of these."""
    digest = digest_without(file, size, left_out.tolist())
    digest.update(left_out.astype("<u8").tobytes())
    return digest.digest()
