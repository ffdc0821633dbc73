"""Reads Parquet in blocks that do not fill the memory, however often a file repeats the few bytes that it stores.

A dictionary holds a text once and a row points to it; a delta holds the bytes by which a text differs from the one
before. So a file of a few kilobytes can hold terabytes, and its footer, which counts stored bytes, does not show it.
"""

from collections.abc import Collection
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.io.files.size_limits import credible_bytes, require_credible, stored_bytes

_BYTES: Final = ("BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY")
"""Kinds of column whose values can be of any size."""

_MOST_ROWS: Final = 65_536
_VALUE_BYTES: Final = 8


def rows_at_once(about: pq.FileMetaData, stored: int, most: int) -> int:
    """Return how many rows may be unpacked together: no value is larger than all that is stored of its column.

    Parameters
    ----------
    about : FileMetaData
        The footer, whose lengths of the pages of a column are trusted.
    stored : int
        Bytes that the file takes, of which `pipeline.io.files.size_limits` tells how many it may claim.
    most : int
        The rows that are wanted together.
    """
    chunks = [
        about.row_group(group).column(column)
        for group in range(about.num_row_groups)
        for column in range(about.num_columns)
    ]
    largest = max((chunk.total_uncompressed_size for chunk in chunks if chunk.physical_type in _BYTES), default=0)
    return most if largest <= 0 else max(1, min(most, credible_bytes(stored) // largest))


def claimed_bytes(about: pq.FileMetaData) -> int:
    """Return the fewest bytes that the values of a file can take, by its footer: rows, and values within lists."""
    widths = [max(_VALUE_BYTES, about.schema.column(column).length) for column in range(about.num_columns)]
    groups = [about.row_group(group) for group in range(about.num_row_groups)]
    values = sum(
        max(0, group.column(place).num_values) * width for group in groups for place, width in enumerate(widths)
    )
    packed = sum(max(0, group.total_byte_size) for group in groups)
    return max(values, packed, max(0, about.num_rows) * about.num_columns * _VALUE_BYTES)


def read_bounded(file: pq.ParquetFile, path: Path, columns: Collection[str] | None = None) -> pa.Table:
    """Return the table of a Parquet file, all columns or some.

    Raises
    ------
    InputError
        As `require_credible`, as soon as the rows take more than they may.
    """
    stored = stored_bytes(path)
    wanted = None if columns is None else list(columns)
    rows = rows_at_once(file.metadata, stored, _MOST_ROWS)
    if rows >= file.metadata.num_rows:
        return file.read(columns=wanted)
    batches: list[pa.RecordBatch] = []
    size = count = 0
    for batch in file.iter_batches(rows, columns=wanted):
        batches.append(batch)
        size, count = size + batch.nbytes, count + batch.num_rows
        require_credible(path, size, stored, f"a table, the first {count} of whose {file.metadata.num_rows} rows alone")
    return pa.Table.from_batches(batches, None if batches else file.schema_arrow)
