"""Reads data sets of foreign HDF5 files, after their type and shape are compared with what the format requires."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.errors import InputError
from pipeline.io.files.damaged import naming
from pipeline.io.legacy.columns import listed, text_column
from pipeline.io.results.hdf5 import KIND, open_to_read


@contextmanager
def reading(path: Path) -> Iterator[h5py.File]:
    """Open an HDF5 file; whatever is wrong with it, on opening or on reading within the block, is an InputError."""
    with naming(path, KIND), open_to_read(path) as file:
        yield file


def node(file: h5py.File, name: str, axes: int, what: str) -> h5py.Dataset:
    """Return a numeric data set of so many axes.

    Parameters
    ----------
    file : h5py.File
        Opened by `reading`.
    name : str
        Path of the data set in the file.
    axes : int
        How many axes it has to have.
    what : str
        What it should hold, for the message: ``(n, y, x, colour)``.

    Raises
    ------
    InputError
        If there is no such data set, or it is of another type or shape; what is there is named.
    """
    found = file.get(name)
    if not isinstance(found, h5py.Dataset):
        raise InputError(f"{file.filename} has no data set {name!r} ({what}); there: {listed(file)}")
    if found.dtype.kind not in "iufb" or len(found.shape or ()) != axes:
        raise InputError(f"{file.filename}: {name!r} is {found.dtype} of shape {found.shape}; allowed: numbers, {what}")
    return found


def texts(file: h5py.File, name: str, rows: int) -> pd.Series:
    """Return a data set that holds one text per row."""
    found = file.get(name)
    if not isinstance(found, h5py.Dataset) or found.shape != (rows,):
        shape = getattr(found, "shape", None)
        raise InputError(f"{file.filename}: {name!r} has shape {shape}; allowed: one name for each of the {rows} rows")
    return text_column(found[:])


def take(data: h5py.Dataset, rows: NDArray[np.intp]) -> NDArray[np.number]:
    """Return ascending rows of a data set; neighbours are read in one piece, which is much faster than one by one."""
    if len(rows) and rows[-1] - rows[0] + 1 == len(rows):
        return np.asarray(data[int(rows[0]) : int(rows[-1]) + 1])
    return np.asarray(data[rows]) if len(rows) else np.zeros((0, *data.shape[1:]), data.dtype)
