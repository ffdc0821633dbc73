"""Reads texts of HDF5 files in blocks that do not fill the memory, however many rows point to one text.

Tested by tests/pipeline/io/results/test_repeated_texts.py.
"""

from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from pipeline.io.files.size_limits import credible_bytes, require_credible, stored_bytes

_ROWS_AT_ONCE = 8192
_COPIES = 2
"""Copies of texts in memory while they are read: HDF5's and Python's."""

_LENGTH_BYTES, _NUMBER_BYTES = 4, 4
"""A text is kept as its length, the address of a heap and a number there (HDF5 file format, "variable-length")."""


def text_blocks(data: h5py.Dataset, rows: slice = slice(None)) -> Iterator[NDArray[np.object_]]:
    """Yield the texts of some rows, in order.

    Raises
    ------
    InputError
        If the texts take more than the file may claim: before any is read if the file tells their lengths, else as
        soon as they do.
    """
    path, text = Path(data.file.filename), data.asstr()
    first, last, _ = rows.indices(data.shape[0])
    stored, at_once, size = stored_bytes(path), _ROWS_AT_ONCE, 0
    lengths = _lengths(data, first, last)
    if lengths is None:
        whole_files = credible_bytes(stored) // (_COPIES * max(1, stored))  # of which no text is longer
        at_once = max(1, min(at_once, whole_files))
    else:
        require_credible(path, int(lengths.sum()), stored, f"the texts in rows {first} to {last} of {data.name!r}")
    for start in range(first, last, at_once):
        block = text[start : min(start + at_once, last)]
        size += sum(map(len, block))
        said = f"the texts in the first {start + len(block) - first} rows of {data.name!r}"
        require_credible(path, size, stored, said)
        yield block


def _lengths(data: h5py.Dataset, first: int, last: int) -> NDArray[np.uint64] | None:
    """Return the bytes of each text in the chunks of some rows; None where only reading the texts tells.

    Chunks that no filter changes hold what points to the texts as it is, and each says how long its text is.
    """
    if data.chunks is None or data.id.get_create_plist().get_nfilters():
        return None
    (rows,) = data.chunks
    found = [_lengths_of_chunk(data, start) for start in range(first // rows * rows, last, rows)]
    return np.concatenate(found) if found else np.empty(0, np.uint64)


def _lengths_of_chunk(data: h5py.Dataset, start: int) -> NDArray[np.uint64]:
    if data.id.get_chunk_info_by_coord((start,)).byte_offset is None:  # never written: all its texts are empty
        return np.empty(0, np.uint64)
    pointers = data.id.read_direct_chunk((start,))[1]
    address_bytes = len(pointers) // data.chunks[0] - _LENGTH_BYTES - _NUMBER_BYTES
    pointer = np.dtype([("length", "<u4"), ("address", f"V{address_bytes}"), ("number", "<u4")])
    return np.frombuffer(pointers, pointer)["length"].astype(np.uint64)
