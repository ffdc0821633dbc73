"""Files of distributions over redshift in the layout of qp-prob: HDF5 with the groups ``meta``, ``data``, ``ancil``.

``qp.read(path)`` of qp-prob 1.1 gives an ensemble of histograms: ``meta/pdf_name`` is ``hist``, ``meta/bins`` has the
edges as one row, ``data/pdfs`` the densities ``(n, b)``, and ``ancil`` one data set a column of the table beside them.
"""

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import h5py
import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.errors import InputError
from pipeline.io.files.damaged import naming
from pipeline.io.results.commit import commit
from pipeline.io.results.hdf5 import KIND, create, open_to_read
from pipeline.redshifts.binned_pdfs import BinnedPdfs

PDF_NAME: Final = b"hist"
PDF_VERSION: Final = 0


class RedshiftPdfsWriter:
    """Writes distributions block by block, of as many rows as there are; use it as a context manager.

    Parameters
    ----------
    path : Path
        The file, ending in ``.hdf5`` if qp is to read it.

    Attributes
    ----------
    written, left_out : int
        Rows that have a distribution, and those that have none: qp knows no missing distribution.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stack = ExitStack()
        self._file = self._stack.enter_context(create(path))
        self.written = self.left_out = 0

    def append(self, pdfs: BinnedPdfs, columns: Mapping[str, ArrayLike]) -> None:
        """Append rows.

        Parameters
        ----------
        pdfs : BinnedPdfs
            The n distributions; of each block over the same bins.
        columns : mapping of str to array_like, (n,)
            What stands beside each distribution, such as ``candidate_id``; numbers, or text, which is kept as UTF-8.
            The same ones in each block.

        Raises
        ------
        InputError
            If a column has another number of rows.
        """
        for name, values in columns.items():
            if np.shape(values) != (len(pdfs),):
                raise InputError(
                    f"column {name!r} has shape {np.shape(values)} for {len(pdfs)} distributions; allowed: one value a "
                    "row"
                )
        if "meta/bins" not in self._file:
            self._file["meta/pdf_name"] = np.array([PDF_NAME])
            self._file["meta/pdf_version"] = np.array([PDF_VERSION], dtype=np.int64)
            self._file["meta/bins"] = pdfs.edges[None, :]
            self._file.create_group("ancil")
        known = np.isfinite(pdfs.masses[:, 0])
        _extend(self._file, "data/pdfs", pdfs.density[known])
        for name, values in columns.items():
            _extend(self._file, f"ancil/{name}", _stored(np.asarray(values)[known]))
        self.written += int(known.sum())
        self.left_out += int((~known).sum())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)
        if error is None and not self.written:
            raise InputError(f"none of {self.left_out} rows has a distribution, so {self._path.name} would be empty")


def write_redshift_pdfs(path: Path, pdfs: BinnedPdfs, columns: Mapping[str, ArrayLike]) -> int:
    """Write the distributions of the rows that have one, and return how many rows were left out.

    Parameters
    ----------
    path : Path
        The file, ending in ``.hdf5`` if qp is to read it; it is replaced as a whole.
    pdfs, columns
        As of `RedshiftPdfsWriter.append`.

    Raises
    ------
    InputError
        If a column has another number of rows, or no distribution is left.
    """
    left_out = 0

    def write(scratch: Path) -> None:
        nonlocal left_out
        with RedshiftPdfsWriter(scratch) as writer:
            writer.append(pdfs, columns)
        left_out = writer.left_out

    commit(path, write)
    return left_out


def read_redshift_pdfs(path: Path) -> tuple[BinnedPdfs, dict[str, NDArray[np.generic]]]:
    """Return the distributions of a file in this layout, and the columns beside them.

    Raises
    ------
    MissingInputError
        If there is no such file.
    InputError
        If it is damaged or holds no histograms.
    """
    with open_to_read(path) as file, naming(path, KIND):
        absent = [name for name in ("meta/pdf_name", "meta/bins", "data/pdfs") if name not in file]
        if absent:
            raise InputError(f"{path} has no {absent[0]}; allowed: the layout of qp-prob for histograms")
        name = bytes(np.ravel(file["meta/pdf_name"][()])[0])
        if name != PDF_NAME:
            raise InputError(
                f"{path} holds distributions of the kind {name.decode(errors='replace')!r}; allowed: 'hist'"
            )
        edges = np.ravel(file["meta/bins"][()]).astype(np.float64)
        density = np.asarray(file["data/pdfs"][()], dtype=np.float64)
        columns = {key: _read(file["ancil"][key][()]) for key in file.get("ancil", {})}
    return BinnedPdfs.of(edges, density * np.diff(edges)), columns


def _extend(file: h5py.File, name: str, values: NDArray[np.generic]) -> None:
    """Append values to a data set; texts may be longer than those before."""
    there = file.get(name)
    if there is not None and values.dtype.itemsize > there.dtype.itemsize:
        values = np.concatenate([there[()].astype(values.dtype), values])
        del file[name]
        there = None
    if there is None:
        file.create_dataset(name, data=values, maxshape=(None, *values.shape[1:]), chunks=True)
        return
    there.resize(len(there) + len(values), axis=0)
    there[len(there) - len(values) :] = values


def _stored(values: NDArray[np.generic]) -> NDArray[np.generic]:
    if values.dtype.kind in "UO":
        return np.char.encode(values.astype(str), "utf-8")
    return values


def _read(values: NDArray[np.generic]) -> NDArray[np.generic]:
    return np.char.decode(values.astype(np.bytes_), "utf-8") if values.dtype.kind == "S" else values
