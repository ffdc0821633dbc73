"""A hickle file of ``(stamps, table)`` read as the HDF5 that it is; what is pickled in it is never opened."""

import re
from pathlib import Path

import h5py
import numpy as np

from pipeline.errors import InputError
from pipeline.io.legacy.columns import text_column
from pipeline.io.legacy.hdf5_nodes import reading

_MARKS = ("base_type", "type")


def read_pack(path: Path, *, want_columns: bool = True) -> tuple[Path, str, dict[str, object]]:
    """Return where the stamps of a pack are, and its columns.

    Parameters
    ----------
    path : Path
        The ``.hkl`` file.
    want_columns : bool
        Whether the table is to come from the file; otherwise only the stamps are looked for.

    Returns
    -------
    path, node : Path, str
        The file and its data set with four axes.
    columns : dict
        Values by column name, of the data sets that have one value per stamp.

    Raises
    ------
    InputError
        If there is not exactly one such data set, or the table is pickled; the node is named.
    """
    with reading(path) as file:
        found: dict[str, h5py.Dataset] = {}
        file.visititems(lambda name, node: found.update({name: node}) if isinstance(node, h5py.Dataset) else None)
        stamps = [name for name, data in found.items() if len(data.shape or ()) == 4 and data.dtype.kind in "fiu"]
        if len(stamps) != 1:
            raise InputError(f"{path} holds {len(stamps)} arrays of four axes; allowed: one, the stamps")
        if not want_columns:
            return path, stamps[0], {}
        rows = found[stamps[0]].shape[0]
        columns = {_key_of(name): _values(data) for name, data in found.items() if data.shape == (rows,)}
        pickled = next((name for name, data in found.items() if "label" not in columns and _is_pickled(data)), "")
        if pickled:
            raise InputError(
                f"{path}: node {pickled!r} is pickled and stays closed, since unpickling runs whatever it holds; "
                "give its table as a CSV file with the option labels"
            )
        return path, stamps[0], columns


def _is_pickled(data: h5py.Dataset) -> bool:
    return any(b"pickle" in _bytes(data.attrs[mark]) for mark in _MARKS if mark in data.attrs)


def _bytes(value: object) -> bytes:
    text = value[0] if isinstance(value, np.ndarray) and value.shape == (1,) else value
    return text if isinstance(text, bytes) else text.encode() if isinstance(text, str) else b""


def _key_of(name: str) -> str:
    """Return the last part of a node's path that is a dictionary's key: hickle puts keys in quotes."""
    quoted = re.findall(r"""b?["']([^"'/]+)["']""", name)
    return str(quoted[-1]) if quoted else name.rpartition("/")[2]


def _values(data: h5py.Dataset) -> object:
    return data[:] if data.dtype.kind in "iufb" else text_column(data[:])
