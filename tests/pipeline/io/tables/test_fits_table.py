"""What is written as a FITS table is read as it was."""

import pandas as pd
import pytest

from pipeline.errors import InputError
from pipeline.io.tables.fits_table import write_fits_table
from pipeline.io.tables.table_file import read_table

TABLE = pd.DataFrame(
    {"id": [1, 2**60], "g": [20.5, 99.0], "name": ["a", "long"], "isVHS": [True, False]}
).assign(VHS_class=pd.Series([1, -1], dtype="int16"), r=pd.Series([1.5, 2.5], dtype="float32"))  # fmt: skip


def test_a_table_comes_back_as_it_was(tmp_path):
    write_fits_table(tmp_path / "t.fits", TABLE)
    pd.testing.assert_frame_equal(read_table(tmp_path / "t.fits"), TABLE, check_dtype=False)


def test_equal_tables_are_equal_files(tmp_path):
    for name in "ab":
        write_fits_table(tmp_path / f"{name}.fits", TABLE)
    assert (tmp_path / "a.fits").read_bytes() == (tmp_path / "b.fits").read_bytes()


def test_a_column_of_anything_else_is_named(tmp_path):
    with pytest.raises(InputError, match="column 'when' is datetime64"):
        write_fits_table(tmp_path / "t.fits", TABLE.assign(when=pd.to_datetime(["2026-01-01"] * 2)))
