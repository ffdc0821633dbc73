"""Refuses HDF5 files that show bytes of other files as their own, or claim more than they hold.

In HDF5 a data set can keep its numbers in any other file, or be put together from data sets of other files, and a link
can lead into another file. Opening such a file would read anything that the user may read, and pass it on into data
sets, packages and reports. Nightsift neither writes nor reads such files.
"""

import math
from pathlib import Path
from typing import Final

import h5py

from pipeline.errors import InputError
from pipeline.io.files.check_once import check_once
from pipeline.io.files.size_limits import require_credible, stored_bytes

DEEPEST: Final = 64
"""Groups within groups; at some depth HDF5 itself overflows the stack of the process."""


def require_own_bytes(file: h5py.File) -> None:
    """Refuse a file of which a part lies elsewhere, or that claims far more than it holds.

    A file that passed is not checked again by this process as long as its time and size stay.

    Parameters
    ----------
    file : h5py.File
        Open for reading; no data set of it was read.

    Raises
    ------
    InputError
        If a node lies elsewhere or claims too much; the node and what is wrong with it are named.
    """
    path = Path(file.filename)
    check_once("own bytes", path, lambda: _require_own_bytes(file, path))


def _require_own_bytes(file: h5py.File, path: Path) -> None:
    faults: list[str] = []
    sizes: list[tuple[int, str]] = []

    def see(name: bytes, link: h5py.h5l.LinkInfo) -> bool | None:
        fault = _fault(file, name, link, sizes)
        faults.extend([fault] if fault else [])
        return True if fault else None  # which ends the walk

    file.id.links.visit(see, info=True)  # it goes along hard links alone, which cannot leave the file
    if faults:
        raise InputError(f"{path}: {faults[0]}; allowed: an HDF5 file that holds all of its data itself")
    if sizes:
        whole, largest = sum(size for size, _ in sizes), max(sizes)[1]
        require_credible(path, whole, stored_bytes(path), f"{largest}, with all others," if len(sizes) > 1 else largest)


def _fault(file: h5py.File, name: bytes, link: "h5py.h5l.LinkInfo", sizes: list[tuple[int, str]]) -> str:
    """Return what is wrong with a link, empty where nothing is, and add the size of the data set that it leads to."""
    said = ascii(name.decode("utf-8", "replace"))[:100]
    if name.count(b"/") >= DEEPEST:
        return f"{said}... lies in more than {DEEPEST} groups"
    if link.type == h5py.h5l.TYPE_SOFT:  # within the file: what it leads to is seen by its own link
        return ""
    if link.type != h5py.h5l.TYPE_HARD:
        return f"{said} is a link into another file"
    node = h5py.h5o.open(file.id, name)
    if not isinstance(node, h5py.h5d.DatasetID):
        return ""
    storage = node.get_create_plist()
    if storage.get_external_count():
        outside = storage.get_external(0)[0].decode("utf-8", "replace")
        return f"data set {said} has its values in another file, {outside!a}"
    if storage.get_layout() == h5py.h5d.VIRTUAL:
        return f"data set {said} is put together from others (a virtual data set)"
    shape = node.shape or ()
    chunk = storage.get_chunk() if storage.get_layout() == h5py.h5d.CHUNKED else ()
    values = max(math.prod(shape), math.prod(chunk))
    sizes.append((values * node.get_type().get_size(), f"data set {said} of {shape}"))
    return ""
