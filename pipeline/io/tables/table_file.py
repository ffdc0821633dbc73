"""Tables from files: CSV, ECSV, FITS, Parquet and VOTable, with ids and other text exactly as the file has them."""

import warnings
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline.errors import InputError, MissingInputError, NightsiftError
from pipeline.ids.rounded import require_unrounded
from pipeline.ids.text import id_text, id_texts
from pipeline.io.files.csv_cells import cells_as_written
from pipeline.io.files.csv_head import read_head
from pipeline.io.files.size_limits import require_dense

if TYPE_CHECKING:
    import pandas as pd
    from astropy.table import Column

_BLANK = ("", "nan", "null", "none")
"""What a CSV file writes where a number is not known; case does not count."""


def read_table(path: Path, *, texts: Collection[str] = (), hdu: str = "", only: Collection[str] = ()) -> "pd.DataFrame":
    """Return a table.

    Parameters
    ----------
    path : Path
        The file; its ending says the format: ``.csv .ecsv .parquet .fits .fit .fits.gz .fz .vot .votable .xml``.
    texts : collection of str
        Columns that are text whatever they look like, such as ids: ``0017`` and 2^53 + 1 stay what they are.
        Any other column of a CSV file holds numbers if all of its values are numbers.
    hdu : str, optional
        Name or number of the HDU of a FITS table; the first table if it is empty.
    only : collection of str, optional
        Columns that are asked for; if a Parquet file has all of them, no others are read.

    Returns
    -------
    DataFrame
        The columns as the file names them, text as ``str``.

    Raises
    ------
    MissingInputError
        If there is no such file.
    InputError
        If its ending is unknown, it is damaged, a column appears twice, or an id may have been rounded.
    """
    if not path.is_file():
        raise MissingInputError(f"no table {path}")
    reader = next((reader for ending, reader in _READERS.items() if path.name.lower().endswith(ending)), None)
    if reader is None:
        raise InputError(f"{path}: the ending is not that of a known format; allowed: {', '.join(_READERS)}")
    require_dense(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return reader(path, texts, hdu, only)
    except NightsiftError:
        raise
    except Exception as error:
        # the readers raise nearly anything on damaged bytes
        said = " ".join(str(error).split())[:300] or type(error).__name__
        raise InputError(f"{path} is not a readable table: {said}") from error


def require_columns(table: "pd.DataFrame", names: Iterable[str], where: str) -> None:
    """Raise `InputError` with the names that are not columns, and those that there are."""
    absent = [repr(name) for name in dict.fromkeys(names) if name not in table]
    if absent:
        said = f"column {absent[0]} is" if len(absent) == 1 else f"columns {', '.join(absent)} are"
        raise InputError(f"{where}: {said} missing; there: {', '.join(map(str, table))}")


def numbers_of(table: "pd.DataFrame", name: str, where: str, rows: Sequence[int] = ()) -> "pd.Series":
    """Return a column as float64, NaN where it is blank.

    Parameters
    ----------
    table : DataFrame
        As `read_table` reads it.
    name : str
        The column.
    where : str
        The file, for the message.
    rows : sequence of int, optional
        Numbers of the rows, for the message; without them rows are counted from 1.

    Raises
    ------
    InputError
        If a value is not a number; its row is named.
    """
    import pandas as pd

    column = table[name]
    if column.dtype != object and pd.api.types.is_numeric_dtype(column):
        return column.astype(np.float64)
    numbers = pd.to_numeric(column, errors="coerce").astype(np.float64)
    bad = numbers.isna().to_numpy() & ~_is_blank(column)
    if bad.any():
        row = int(bad.argmax())
        number = rows[row] if len(rows) else row + 1
        raise InputError(f"{where}: row {number}: {name} is {str(column.iloc[row])[:60]!r}; allowed: a number")
    return numbers


def _is_blank(column: "pd.Series") -> np.ndarray:
    texts = column.astype("str").str.strip().str.lower()
    return np.asarray(column.isna() | texts.isin(_BLANK))


def _read_csv(path: Path, texts: Collection[str], *_: object) -> "pd.DataFrame":
    import pandas as pd
    import pyarrow as pa
    import pyarrow.csv

    head = read_head(path)
    _require_once(path, head)
    # pandas takes rows of other lengths than the head; arrow refuses them
    rows = pyarrow.csv.read_csv(
        path,
        read_options=pyarrow.csv.ReadOptions(column_names=head, skip_rows=1),
        convert_options=pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(head, pa.large_string())),
    )
    table = cells_as_written(pd.DataFrame({name: pd.Series(rows[name].to_pandas(), dtype="str") for name in head}))
    for name in table:
        table[name] = table[name].str.strip()
        if name in texts:
            require_unrounded(table[name], f"{path}: column {name!r}")
        blank = _is_blank(table[name])
        if name not in texts and not blank.all():
            numbers = pd.to_numeric(table[name].where(~blank), errors="coerce")
            if not numbers[~blank].isna().any():
                table[name] = numbers
    return table


def _read_parquet(path: Path, texts: Collection[str], _: str, only: Collection[str]) -> "pd.DataFrame":
    import pandas as pd
    import pyarrow.parquet as pq

    from pipeline.io.files.bounded_parquet import read_bounded
    from pipeline.io.results.sealed_parquet import require_credible_parquet

    there = pq.read_schema(path).names
    _require_once(path, there)
    require_credible_parquet(path)
    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        table = read_bounded(file, path, only if only and set(only) <= set(there) else None)
    return pd.DataFrame(
        {
            name: id_texts(table[name], f"{path}: column {name!r}")
            if name in texts and not _is_list(table[name])
            else table[name].to_pandas()
            for name in table.column_names
        }
    )


def _is_list(column: object) -> bool:
    import pyarrow as pa

    kind = getattr(column, "type", None)
    return pa.types.is_list(kind) or pa.types.is_large_list(kind)


def _read_ecsv(path: Path, texts: Collection[str], *_: object) -> "pd.DataFrame":
    from astropy.table import Table

    # as lines: given a path, astropy leaves a damaged file open
    lines = path.read_text(encoding="utf-8").splitlines()
    return _from_columns(path, Table.read(lines, format="ascii.ecsv"), texts)


def _read_fits(path: Path, texts: Collection[str], hdu: str, *_: object) -> "pd.DataFrame":
    from astropy.table import Table

    from pipeline.io.fits.pixels import open_fits

    chosen: dict[str, str | int] = {"hdu": int(hdu) if hdu.isdigit() else hdu} if hdu else {}
    with path.open("rb") as stream, open_fits(stream) as opened:
        table = Table.read(opened, format="fits", unit_parse_strict="silent", **chosen)
    table.convert_bytestring_to_unicode()
    return _from_columns(path, table, texts)


def _read_votable(path: Path, texts: Collection[str], *_: object) -> "pd.DataFrame":
    from astropy.io.votable import parse_single_table

    table = parse_single_table(str(path), verify="ignore").to_table(use_names_over_ids=True)
    return _from_columns(path, table, texts)


def _from_columns(path: Path, table: "dict[str, Column]", texts: Collection[str]) -> "pd.DataFrame":
    """Return the columns of an astropy table that hold one value per row."""
    import pandas as pd
    from astropy.time import Time

    columns = {}
    for name in table.colnames:  # type: ignore[attr-defined]
        column = table[name]
        if len(column.shape) != 1:
            continue
        if isinstance(column, Time):
            columns[name] = pd.Series(np.asarray(column.utc.datetime64, "datetime64[us]"))
            continue
        if name in texts or column.dtype.kind in "OSU":
            what = f"{path}: column {name!r}"
            columns[name] = pd.Series([id_text(value, what).strip() for value in column.tolist()], dtype="str")
        else:
            filled = column.astype(float).filled(np.nan) if np.ma.is_masked(column) else column
            columns[name] = pd.Series(np.asarray(filled).astype(column.dtype.newbyteorder("="), copy=False)
                                      if filled is column else np.asarray(filled))  # fmt: skip
    return pd.DataFrame(columns)


def _require_once(path: Path, names: Sequence[object]) -> None:
    repeated = [name for index, name in enumerate(names) if name in names[:index]]
    if repeated:
        raise InputError(f"{path}: column {repeated[0]!r} appears twice")


_READERS: dict[str, Callable[[Path, Collection[str], str, Collection[str]], "pd.DataFrame"]] = {
    ".csv": _read_csv,
    ".ecsv": _read_ecsv,
    ".parquet": _read_parquet,
    ".fits": _read_fits,
    ".fit": _read_fits,
    ".fits.gz": _read_fits,
    ".fz": _read_fits,
    ".vot": _read_votable,
    ".votable": _read_votable,
    ".xml": _read_votable,
}

ENDINGS = tuple(_READERS)
"""Endings of the names of files that can be read."""
