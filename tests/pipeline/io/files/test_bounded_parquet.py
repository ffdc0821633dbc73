import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.errors import InputError
from pipeline.io.files.bounded_parquet import claimed_bytes, read_bounded, rows_at_once

ROWS = 1000


@pytest.fixture
def written(tmp_path):
    """Return a function that writes columns as Parquet and opens the file."""

    def write(**columns):
        pq.write_table(pa.table(columns), tmp_path / "t.parquet")
        return pq.ParquetFile(tmp_path / "t.parquet"), tmp_path / "t.parquet"

    return write


def test_numbers_are_read_as_many_as_are_wanted(written):
    file, _ = written(x=[1.5] * ROWS)
    assert rows_at_once(file.metadata, 1, 77) == 77


def test_no_more_texts_are_unpacked_together_than_the_longest_allows(written, monkeypatch):
    monkeypatch.setenv("NIGHTSIFT_LARGEST_GB", "0.001")
    file, _ = written(x=["a" * 5000] * ROWS)
    column = file.metadata.row_group(0).column(0)
    assert rows_at_once(file.metadata, 1, ROWS) == 1_000_000 // column.total_uncompressed_size < ROWS


def test_rows_and_values_within_lists_are_claimed(written):
    flat, _ = written(x=[1.0] * ROWS)
    assert claimed_bytes(flat.metadata) >= ROWS * 8
    lists, _ = written(x=[[1.0] * 50] * ROWS)
    assert claimed_bytes(lists.metadata) >= 50 * ROWS * 8


def test_a_table_is_read_whole_or_some_of_its_columns(written):
    columns = {"name": [f"n{row}" for row in range(ROWS)], "x": list(range(ROWS))}
    file, path = written(**columns)
    assert read_bounded(file, path).to_pydict() == columns
    assert read_bounded(file, path, ["x"]).column_names == ["x"]


def test_blocks_give_the_same_table(written, monkeypatch):
    columns = {"name": [f"n{row}" for row in range(ROWS)]}
    file, path = written(**columns)
    monkeypatch.setattr("pipeline.io.files.bounded_parquet._MOST_ROWS", 7)
    assert read_bounded(file, path).to_pydict() == columns


def test_a_text_that_is_repeated_beyond_what_the_file_may_hold_is_refused(written, monkeypatch):
    file, path = written(x=["a" * 5000] * ROWS)
    monkeypatch.setenv("NIGHTSIFT_LARGEST_GB", "0.001")
    with pytest.raises(InputError, match=rf"of whose {ROWS} rows alone would take"):
        read_bounded(file, path)
