"""Tables are read in blocks, whole numbers exactly, and missing ones as missing."""

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits

from pipeline.errors import InputError
from pipeline.io.tables import table_blocks
from pipeline.io.tables.table_blocks import TableBlocks
from pipeline.io.tables.table_file import read_table


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch):
    monkeypatch.setattr(table_blocks, "ROWS_AT_ONCE", 4)


def write_fits(path, rows=10):
    columns = [
        fits.Column("id", "K", array=2**53 + np.arange(rows)),
        fits.Column("flag", "J", null=-9, array=np.where(np.arange(rows) == 5, -9, np.arange(rows))),
        fits.Column("name", "4A", array=[f"n{row}" for row in range(rows)]),
        fits.Column("mag", "E", array=np.arange(rows, dtype=np.float32) / 8),
        fits.Column("pair", "2E", array=np.zeros((rows, 2))),
    ]
    fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU.from_columns(columns, name="CAT")]).writeto(path)


def test_a_fits_table_comes_in_blocks_with_its_nulls_missing(tmp_path):
    write_fits(tmp_path / "t.fits")
    with TableBlocks(tmp_path / "t.fits", hdu="CAT") as table:
        assert table.names == ("id", "flag", "name", "mag")
        blocks = list(table.blocks(table.names, ["id"]))
    assert [len(block["id"]) for block in blocks] == [4, 4, 2]
    assert blocks[2]["id"].tolist() == [str(2**53 + 8), str(2**53 + 9)]
    assert np.ma.getmaskarray(blocks[1]["flag"]).tolist() == [False, True, False, False]
    assert blocks[0]["name"].tolist() == ["n0", "n1", "n2", "n3"]
    assert blocks[0]["mag"].dtype == np.dtype("float32")


def test_a_parquet_table_keeps_whole_numbers_beside_missing_ones(tmp_path):
    flag = pd.array([1, None, 2**53 + 1, 4, 5], "Int64")
    pd.DataFrame({"flag": flag, "x": [0.5, None, 2, 3, 4]}).to_parquet(tmp_path / "t.parquet")
    with TableBlocks(tmp_path / "t.parquet") as table:
        first, second = table.blocks(["flag", "x"])
    assert first["flag"].tolist() == [1, None, 2**53 + 1, 4]
    assert np.isnan(first["x"][1])
    assert second["flag"].dtype.kind == "i"


def test_a_csv_table_names_the_rows_whose_cells_do_not_fit(tmp_path):
    (tmp_path / "t.csv").write_text("id,x\n007,1\n8\n9,2,3\n010,nan\n")
    with TableBlocks(tmp_path / "t.csv") as table:
        (block,) = table.blocks(["id", "x"], ["id"])
        assert table.broken == [2, 3]
    assert block["id"].tolist() == ["007", "010"]
    assert block["x"].tolist() == ["1", "nan"]


def test_a_head_as_annz_writes_it_names_its_columns(tmp_path):
    (tmp_path / "t.csv").write_text("#F:MAG_U;F:MAGERR_U;D:Z\n22.5,0.1,0.25\n")
    with TableBlocks(tmp_path / "t.csv") as table:
        assert table.names == ("MAG_U", "MAGERR_U", "Z")
        assert next(table.blocks(["Z"]))["Z"].tolist() == ["0.25"]
    assert read_table(tmp_path / "t.csv").to_dict("list") == {"MAG_U": [22.5], "MAGERR_U": [0.1], "Z": [0.25]}


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", "", "a.csv is empty"),
        ("semicolons.csv", "g;r\n1;2\n", "cells of the head 'g;r' are parted by ';'; allowed: commas"),
        ("b.csv", "x,x\n1,2\n", "column 'x' appears twice"),
        ("c.fits", "no FITS", "c.fits is not a readable table"),
        ("d.parquet", "no Parquet", "d.parquet"),
        ("e.vot", "<VOTABLE>", "e.vot is not a readable table"),
        ("f.txt", "x", "the ending is not that of a known format; allowed: .csv"),
    ],
)
def test_what_is_no_table_is_said_in_one_line(name, content, said, tmp_path):
    (tmp_path / name).write_text(content)
    with pytest.raises(InputError, match=said) as caught:
        list(TableBlocks(tmp_path / name).blocks(["x"]))
    assert "\n" not in str(caught.value)


def test_a_fits_file_without_a_table_is_named(tmp_path):
    fits.PrimaryHDU(np.zeros((2, 2))).writeto(tmp_path / "image.fits")
    with pytest.raises(InputError, match=r"image.fits has no table"):
        TableBlocks(tmp_path / "image.fits")
