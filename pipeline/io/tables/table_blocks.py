"""Tables from files in blocks of rows, so that a catalogue of any size takes little memory: FITS, CSV, Parquet.

ECSV and VOTable, which no reader gives in blocks, are read whole.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.errors import InputError, MissingInputError, NightsiftError
from pipeline.ids.text import id_text, id_texts
from pipeline.io.files.csv_cells import as_written
from pipeline.io.files.csv_head import read_head
from pipeline.io.files.size_limits import require_dense
from pipeline.io.tables.table_file import ENDINGS, read_table

ROWS_AT_ONCE: Final = 32_768
_CSV_BYTES: Final = 4 << 20
"""Bytes of a CSV file that are read together."""

_BUFFER_BYTES: Final = 1 << 18
"""Bytes of each column of a Parquet file that are read together."""

Columns = Mapping[str, NDArray[Any]]
"""Columns of a block by name, each ``(n,)``: numbers, masked where a file says that they are missing, or text."""


class TableBlocks:
    """A table file that is read in blocks; use it by ``with``.

    Parameters
    ----------
    path : Path
        The file; its ending says the format, as for :func:`pipeline.io.tables.table_file.read_table`.
    hdu : str, optional
        Name or number of the HDU of a FITS table; the first table if it is empty.

    Attributes
    ----------
    names : tuple of str
        The columns that hold one value per row.
    broken : list of int
        Rows of a CSV file, counted from 1, that were passed over because they have more or fewer cells than its head.

    Raises
    ------
    MissingInputError
        If there is no such file.
    InputError
        If its ending is unknown, or it cannot be read.
    """

    def __init__(self, path: Path, *, hdu: str = "") -> None:
        if not path.is_file():
            raise MissingInputError(f"no table {path}")
        ending = next((one for one in ENDINGS if path.name.lower().endswith(one)), "")
        if not ending:
            raise InputError(f"{path}: the ending is not that of a known format; allowed: {', '.join(ENDINGS)}")
        require_dense(path)
        self.path, self._hdu = path, hdu
        self.broken: list[int] = []
        self._stack = ExitStack()
        opener, self._reader = _FORMATS.get(ending, (_open_whole, _read_whole))
        self._opened = self._told(lambda: opener(self))
        self.names: tuple[str, ...] = self._told(lambda: self._opened[0])
        repeated = [name for index, name in enumerate(self.names) if name in self.names[:index]]
        if repeated:
            self._stack.close()
            raise InputError(f"{path}: column {repeated[0]!r} appears twice")

    def blocks(self, columns: Collection[str], texts: Collection[str] = ()) -> Iterator[Columns]:
        """Yield some columns, block by block; those of ``texts`` are text, exactly as the file has them.

        A CSV file has no types: columns that are not of ``texts`` are numbers there if all values of a block are.
        """
        wanted = [name for name in self.names if name in columns]
        iterator = self._reader(self, self._opened[1], wanted, frozenset(texts))
        while True:
            block = self._told(lambda: next(iterator, None))
            if block is None:
                return
            yield block

    def _told(self, read: Callable[[], Any]) -> Any:
        """Return what a reader returns; it may raise nearly anything on damaged bytes."""
        try:
            return read()
        except NightsiftError:
            self._stack.close()
            raise
        except Exception as error:
            self._stack.close()
            said = " ".join(str(error).split())[:300] or type(error).__name__
            raise InputError(f"{self.path} is not a readable table: {said}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()


_Opened = tuple[tuple[str, ...], Any]


def _open_fits(blocks: TableBlocks) -> _Opened:
    from astropy.io import fits

    from pipeline.io.fits.pixels import open_fits

    stream = blocks._stack.enter_context(blocks.path.open("rb"))
    opened = blocks._stack.enter_context(open_fits(stream, mapped=True))
    if blocks._hdu:
        table = opened[int(blocks._hdu) if blocks._hdu.isdigit() else blocks._hdu]
    else:
        table = next((hdu for hdu in opened if isinstance(hdu, fits.BinTableHDU | fits.TableHDU)), None)
    if not isinstance(table, fits.BinTableHDU | fits.TableHDU):
        raise InputError(f"{blocks.path} has no table" + (f" {blocks._hdu!r}" if blocks._hdu else ""))
    flat = tuple(column.name for column in table.columns if table.columns.dtype[column.name].shape in ((), (1,)))
    return flat, table


def _read_fits(blocks: TableBlocks, table: Any, wanted: list[str], texts: frozenset[str]) -> Iterator[Columns]:
    for start in range(0, len(table.data) if table.data is not None else 0, ROWS_AT_ONCE):
        rows = table.data[start : start + ROWS_AT_ONCE]
        found = {}
        for name in wanted:
            values, null = np.asarray(rows.field(name)), table.columns[name].null
            if name in texts or values.dtype.kind in "SUO":
                what = f"{blocks.path}: column {name!r}"
                cells = values.ravel().tolist()
                found[name] = np.array([id_text(_decoded(cell), what).strip() for cell in cells], object)
                continue
            native = values.ravel().astype(values.dtype.newbyteorder("="))
            missing = native == null if null is not None and native.dtype.kind in "iu" else None
            found[name] = native if missing is None or not missing.any() else np.ma.MaskedArray(native, missing)
        yield found


def _decoded(cell: object) -> object:
    return cell.decode("utf-8", "replace") if isinstance(cell, bytes) else cell


def _open_parquet(blocks: TableBlocks) -> _Opened:
    import pyarrow.parquet as pq

    from pipeline.io.results.sealed_parquet import require_credible_parquet

    require_credible_parquet(blocks.path)
    file = blocks._stack.enter_context(  # pages are read as they are needed, and not whole groups of rows
        pq.ParquetFile(blocks.path, page_checksum_verification=True, pre_buffer=False, buffer_size=_BUFFER_BYTES)
    )
    return tuple(file.schema_arrow.names), file


def _read_parquet(blocks: TableBlocks, file: Any, wanted: list[str], texts: frozenset[str]) -> Iterator[Columns]:
    from pipeline.io.files.bounded_parquet import rows_at_once
    from pipeline.io.files.size_limits import stored_bytes

    rows = rows_at_once(file.metadata, stored_bytes(blocks.path), ROWS_AT_ONCE)
    for batch in file.iter_batches(rows, columns=wanted):
        yield {name: _of_arrow(batch[name], f"{blocks.path}: column {name!r}", name in texts) for name in wanted}


def _of_arrow(column: Any, what: str, is_text: bool) -> NDArray[Any]:
    import pyarrow as pa

    kind = column.type
    if is_text:
        return id_texts(pa.chunked_array([column]), what).to_numpy(object)
    if pa.types.is_floating(kind) or not (pa.types.is_integer(kind) or pa.types.is_boolean(kind)):
        return np.asarray(column.to_pandas().to_numpy())
    missing = np.asarray(column.is_null().to_numpy(zero_copy_only=False))
    values = column.fill_null(False if pa.types.is_boolean(kind) else 0).to_numpy(zero_copy_only=False)
    return np.ma.MaskedArray(values, missing) if missing.any() else np.asarray(values)


def _open_csv(blocks: TableBlocks) -> _Opened:
    head = read_head(blocks.path)
    if not head:
        raise InputError(f"{blocks.path} is empty; allowed: a head with the names of the columns")
    return tuple(head), head


def _read_csv(blocks: TableBlocks, head: list[str], wanted: list[str], texts: frozenset[str]) -> Iterator[Columns]:
    import pyarrow as pa
    import pyarrow.csv

    blocks.broken.clear()

    def passed_over(row: Any) -> str:
        blocks.broken.append(int(row.number or 1) - 1)
        return "skip"

    reader = pyarrow.csv.open_csv(
        blocks.path,
        read_options=pyarrow.csv.ReadOptions(column_names=head, skip_rows=1, block_size=_CSV_BYTES, use_threads=False),
        parse_options=pyarrow.csv.ParseOptions(invalid_row_handler=passed_over),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(head, pa.large_string()), include_columns=wanted
        ),
    )
    with reader:
        for batch in reader:
            found = {}
            for name in wanted:
                cells = [as_written(cell).strip() for cell in batch[name].fill_null("").to_pylist()]
                if name in texts:
                    found[name] = np.array([id_text(cell, f"{blocks.path}: column {name!r}") for cell in cells], object)
                else:
                    found[name] = np.array(cells, object)
            yield found


def _open_whole(blocks: TableBlocks) -> _Opened:
    table = read_table(blocks.path, hdu=blocks._hdu)
    return tuple(map(str, table)), None


def _read_whole(blocks: TableBlocks, _: None, wanted: list[str], texts: frozenset[str]) -> Iterator[Columns]:
    table = read_table(blocks.path, texts=texts, hdu=blocks._hdu)
    for start in range(0, len(table), ROWS_AT_ONCE):
        part = table.iloc[start : start + ROWS_AT_ONCE]
        yield {name: _plain(part[name]) for name in wanted}


def _plain(column: pd.Series) -> NDArray[Any]:
    is_number = pd.api.types.is_numeric_dtype(column) and column.dtype != object
    return column.to_numpy() if is_number else column.to_numpy(object)


_Reader = Callable[[TableBlocks, Any, list[str], frozenset[str]], Iterator[Columns]]
_FORMATS: Final[Mapping[str, tuple[Callable[[TableBlocks], _Opened], _Reader]]] = {
    ".csv": (_open_csv, _read_csv),
    ".parquet": (_open_parquet, _read_parquet),
    ".fits": (_open_fits, _read_fits),
    ".fit": (_open_fits, _read_fits),
    ".fits.gz": (_open_fits, _read_fits),
    ".fz": (_open_fits, _read_fits),
}
