"""Files of distributions over redshift in the layout of qp-prob: HDF5 with the groups ``meta``, ``data``, ``ancil``.

``qp.read(path)`` of qp-prob 1.1 gives an ensemble of histograms: ``meta/pdf_name`` is ``hist``, ``meta/bins`` has the
edges as one row, ``data/pdfs`` the densities ``(n, b)``, and ``ancil`` one data set a column of the table beside them.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.errors import InputError
from pipeline.io.files.damaged import naming
from pipeline.io.results.commit import commit
from pipeline.io.results.hdf5 import KIND, create, open_to_read
from pipeline.redshifts.binned_pdfs import BinnedPdfs

PDF_NAME: Final = b"hist"
PDF_VERSION: Final = 0


def write_redshift_pdfs(path: Path, pdfs: BinnedPdfs, columns: Mapping[str, ArrayLike]) -> int:
    """Write the distributions of the rows that have one, and return how many rows were left out.

    Parameters
    ----------
    path : Path
        The file, ending in ``.hdf5`` if qp is to read it; it is replaced as a whole.
    pdfs : BinnedPdfs
        The n distributions. Rows of NaN are left out, because qp knows no missing distribution.
    columns : mapping of str to array_like, (n,)
        What stands beside each distribution, such as ``candidate_id``; numbers, or text, which is kept as UTF-8.

    Raises
    ------
    InputError
        If a column has another number of rows, or no distribution is left.
    """
    known = np.isfinite(pdfs.masses[:, 0])
    for name, values in columns.items():
        if np.shape(values) != (len(pdfs),):
            raise InputError(
                f"column {name!r} has shape {np.shape(values)} for {len(pdfs)} distributions; allowed: one value a row"
            )
    if not known.any():
        raise InputError(f"none of {len(pdfs)} rows has a distribution, so {path.name} would be empty")

    def write(scratch: Path) -> None:
        with create(scratch) as file:
            file["meta/pdf_name"] = np.array([PDF_NAME])
            file["meta/pdf_version"] = np.array([PDF_VERSION], dtype=np.int64)
            file["meta/bins"] = pdfs.edges[None, :]
            file["data/pdfs"] = pdfs.density[known]
            file.create_group("ancil")
            for name, values in columns.items():
                file[f"ancil/{name}"] = _stored(np.asarray(values)[known])

    commit(path, write)
    return int((~known).sum())


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


def _stored(values: NDArray[np.generic]) -> NDArray[np.generic]:
    if values.dtype.kind in "UO":
        return np.char.encode(values.astype(str), "utf-8")
    return values


def _read(values: NDArray[np.generic]) -> NDArray[np.generic]:
    return np.char.decode(values.astype(np.bytes_), "utf-8") if values.dtype.kind == "S" else values
