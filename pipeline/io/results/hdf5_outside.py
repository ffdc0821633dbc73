"""What an HDF5 file may not do to its reader: show bytes of other files as its own, or claim more than it holds.

HDF5 lets a data set keep its numbers in any other file, be put together from data sets of other files, and a link lead
into one. Whoever opens such a file reads whatever the reader may read, and it goes on into data sets, packages and
reports. Nightsift writes none of these and reads none.
"""

import math
from pathlib import Path
from typing import Final

import h5py

from pipeline.errors import InputError
from pipeline.io.files.check_once import check_once
from pipeline.io.files.claims import require_credible, stored_bytes

DEEPEST: Final = 64
"""Groups within groups; HDF5 itself would overflow the stack of the process some time."""


def require_own_bytes(file: h5py.File) -> None:
    """Refuse a file of which a part lies elsewhere, or that claims far more than it holds.

    A file that was found right is not looked at again by this process as long as its time and size stay.

    Parameters
    ----------
    file : h5py.File
        Opened to read; no data set of it was read.

    Raises
    ------
    InputError
        With the name of the node and what is wrong with it.
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
    made = node.get_create_plist()
    if made.get_external_count():
        return f"data set {said} has its values in another file, {made.get_external(0)[0].decode('utf-8', 'replace')!a}"
    if made.get_layout() == h5py.h5d.VIRTUAL:
        return f"data set {said} is put together from others (a virtual data set)"
    shape = node.shape or ()
    chunk = made.get_chunk() if made.get_layout() == h5py.h5d.CHUNKED else ()
    values = max(math.prod(shape), math.prod(chunk))
    sizes.append((values * node.get_type().get_size(), f"data set {said} of {shape}"))
    return ""
