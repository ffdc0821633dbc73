"""HDF5 files: opened, checked and compressed here; tables with one data set per column, appended in blocks.

Tested by tests/pipeline/io/results/test_hdf5_outside.py.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import h5py
import hdf5plugin
import numpy as np
import pandas as pd
import pyarrow as pa

from pipeline.errors import InputError, MissingInputError, SettingsError
from pipeline.io.files.damaged import naming
from pipeline.io.results import schema
from pipeline.io.results.hdf5_outside import require_own_bytes
from pipeline.io.results.hdf5_seal import require_seal, require_sealed
from pipeline.io.results.hdf5_texts import text_blocks

pa.set_memory_pool(pa.system_memory_pool())
"""Text columns are Arrow's; its own pool keeps what was freed, 14 MB for the ids of 100,000 rows."""

KIND: Final = "HDF5 file"
"""What errors call such a file."""

CHECKSUM: Final[Mapping[str, bool]] = {"fletcher32": True}
"""Checksum of each chunk of numbers. HDF5 has none for text of variable length, which the seal guards."""

COMPRESSIONS: Final[Mapping[str, Mapping[str, object]]] = {
    "zstd": {"shuffle": True, **hdf5plugin.Zstd(clevel=1)},
    "gzip": {"shuffle": True, "compression": "gzip", "compression_opts": 1},
    "none": {},
}
"""How pixels can be kept; ``python -m benchmarks compression`` compares them. Any program that knows HDF5 reads the
last two; zstd needs the package hdf5plugin in the program that reads."""

COMPRESSION_VARIABLE: Final = "NIGHTSIFT_COMPRESSION"
"""Variable of the environment that chooses one: the content of a file, and so its identity, does not depend on it."""

_TEXT = h5py.string_dtype("utf-8")
_ROWS_A_CHUNK = 1024
_ROWS_AT_ONCE = 8192


def open_to_read(path: Path) -> h5py.File:
    """Open an HDF5 file for reading, ours or another's; every HDF5 file that is read is opened here.

    Raises
    ------
    MissingInputError
        If there is no such file.
    InputError
        If it cannot be read, was changed after it was sealed, shows bytes of other files as its own, or claims far
        more than it holds.
    """
    if not path.is_file():
        raise MissingInputError(f"no file {path}")
    sealed = require_sealed(path)
    with naming(path, KIND):
        file = h5py.File(path, "r")
        try:
            require_seal(file, sealed)
            require_own_bytes(file)
        except Exception:
            file.close()
            raise
        return file


def create(path: Path) -> h5py.File:
    """Make an empty HDF5 file for writing; every HDF5 file that is written is made here."""
    return h5py.File(path, "w")


def compression() -> Mapping[str, object]:
    """Return h5py's arguments for the compression of pixels that the environment chooses; zstd by default.

    Raises
    ------
    SettingsError
        If it chooses an unknown compression.
    """
    chosen = os.environ.get(COMPRESSION_VARIABLE) or "zstd"
    if chosen not in COMPRESSIONS:
        raise SettingsError(f"{COMPRESSION_VARIABLE} is {chosen!r}; allowed: {', '.join(COMPRESSIONS)}")
    return COMPRESSIONS[chosen]


def create_table(parent: h5py.Group, name: str, columns: Mapping[str, str]) -> h5py.Group:
    """Make an empty table as a group ``name`` with one growing data set per column."""
    table = parent.create_group(name)
    for column, kind in columns.items():
        create_column(table, column, kind)
    return table


def create_column(parent: h5py.Group, name: str, kind: str) -> h5py.Dataset:
    """Make an empty growing data set of one value per row."""
    sums = {} if kind == schema.TEXT else CHECKSUM
    return parent.create_dataset(
        name, (0,), _h5_type(kind), maxshape=(None,), chunks=(_ROWS_A_CHUNK,), track_times=False, **sums
    )


def append_table(table: h5py.Group, rows: pd.DataFrame) -> None:
    """Append the columns that the table has; one that ``rows`` lacks is an error."""
    require_columns(table, rows)
    append_columns(table, rows[list(table)])


def require_columns(table: h5py.Group, rows: pd.DataFrame) -> None:
    """Raise `InputError` when ``rows`` lacks a column of the table."""
    missing = [column for column in table if column not in rows]
    if missing:
        raise InputError(f"table {table.name!r}: column {missing[0]!r} is missing; there: {', '.join(rows)}")


def append_columns(table: h5py.Group | Mapping[str, h5py.Dataset], rows: pd.DataFrame) -> None:
    """Append the columns that both have, and leave the table's other columns as they are."""
    for column in [name for name in rows if name in table]:
        data = table[column]
        start = data.shape[0]
        data.resize(start + len(rows), axis=0)
        is_text = h5py.check_string_dtype(data.dtype)
        for first in range(0, len(rows), _ROWS_AT_ONCE):
            values = rows[column].iloc[first : first + _ROWS_AT_ONCE].to_numpy()
            data[start + first : start + first + len(values)] = values.astype(object if is_text else data.dtype)


def read_table(table: h5py.Group, rows: slice = slice(None), columns: tuple[str, ...] | None = None) -> pd.DataFrame:
    """Return rows of a table as a frame; text columns hold ``str``."""
    names = columns if columns is not None else tuple(table)
    return pd.DataFrame({name: _read_column(table, name, rows) for name in names})


def _read_column(table: h5py.Group, name: str, rows: slice) -> pd.Series:
    if name not in table:
        raise InputError(f"{table.file.filename}: no column {name!r} in {table.name}; there: {', '.join(table)}")
    data = table[name]
    return _read_text(data, rows) if h5py.check_string_dtype(data.dtype) else pd.Series(data[rows])


def _read_text(data: h5py.Dataset, rows: slice) -> pd.Series:
    """Return texts, read block by block, so that few are Python objects at a time."""
    blocks = [pd.Series(block, dtype="str") for block in text_blocks(data, rows)]
    return pd.concat(blocks, ignore_index=True) if blocks else pd.Series(dtype="str")


def _h5_type(kind: str) -> np.dtype:
    return _TEXT if kind == schema.TEXT else np.dtype(kind)
