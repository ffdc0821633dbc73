"""Tables of every format give the same rows, ids stay text, and damage is one readable error."""

import numpy as np
import pandas as pd
import pytest
from astropy.table import MaskedColumn, Table
from astropy.time import Time
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import InputError, MissingInputError
from pipeline.io.tables.table_file import numbers_of, read_table, require_columns
from pipeline.times import column_mjd

BIG = str(2**53 + 1)
ROWS = {"id": ["0017", BIG, ""], "x": [1.5, float("nan"), -3.0], "n": [1, 2, 3], "name": ["a b", "", "NaN"]}
ENDINGS = [".csv", ".ecsv", ".parquet", ".fits", ".fits.gz"]


def write(path, rows=ROWS):
    if path.suffix == ".parquet":
        pd.DataFrame(rows).to_parquet(path)
    elif path.suffix == ".csv":
        pd.DataFrame(rows).to_csv(path, index=False)
    else:
        Table(rows).write(path, format="ascii.ecsv" if path.suffix == ".ecsv" else "fits", overwrite=True)
    return path


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_format_gives_the_same_rows(tmp_path, ending):
    table = read_table(write(tmp_path / f"t{ending}"), texts={"id", "name"})
    assert table["id"].tolist() == ROWS["id"]
    assert table["name"].tolist() == ROWS["name"]
    np.testing.assert_array_equal(table["x"].to_numpy(float), ROWS["x"])
    np.testing.assert_array_equal(table["n"].to_numpy(float), ROWS["n"])


@pytest.mark.parametrize("ending", [".ecsv", ".parquet", ".fits"])
def test_whole_numbers_as_ids_are_exact(tmp_path, ending):
    path = write(tmp_path / f"t{ending}", {"id": np.array([2**53 + 1, 7], dtype=np.int64)})
    assert read_table(path, texts={"id"})["id"].tolist() == [BIG, "7"]


@pytest.mark.parametrize("ending", [".ecsv", ".parquet", ".fits"])
def test_ids_that_a_float_may_have_rounded_are_refused(tmp_path, ending):
    path = write(tmp_path / f"t{ending}", {"id": [2.0**53, 1.0]})
    with pytest.raises(InputError, match=r"column 'id' holds the float 9007199254740992\.0"):
        read_table(path, texts={"id"})


@pytest.mark.parametrize("ending", ENDINGS)
def test_ids_in_scientific_notation_are_refused_in_every_format(tmp_path, ending):
    path = write(tmp_path / f"t{ending}", {"id": ["17", "3.91E+16"], "n": [1, 2]})
    with pytest.raises(InputError, match=r"column 'id'.* the id '3\.91E\+16' is in scientific notation"):
        read_table(path, texts={"id"})


@pytest.mark.parametrize("ending", ENDINGS)
def test_long_ids_that_were_floats_are_refused_in_every_format(tmp_path, ending):
    path = write(tmp_path / f"t{ending}", {"id": ["17", "39089837499752900.0"], "n": [1, 2]})
    with pytest.raises(InputError, match=r"column 'id'.* the id '39089837499752900\.0' is written as a float"):
        read_table(path, texts={"id"})


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_blanks_behind_an_id_are_no_part_of_it(tmp_path, ending):
    path = write(tmp_path / f"t{ending}", {"id": ["17    ", "0018  "], "n": [1, 2]})
    assert read_table(path, texts={"id"})["id"].tolist() == ["17", "0018"]


@pytest.mark.parametrize("ending", [".ecsv", ".fits"])
def test_what_is_masked_is_missing(tmp_path, ending):
    rows = Table({"id": MaskedColumn(["a", "b"], mask=[False, True]), "n": MaskedColumn([1, 2], mask=[True, False])})
    rows.write(tmp_path / f"t{ending}", format="fits" if ending == ".fits" else "ascii.ecsv")
    table = read_table(tmp_path / f"t{ending}", texts={"id"})
    assert table["id"].tolist() == ["a", ""]
    np.testing.assert_array_equal(numbers_of(table, "n", "t"), [np.nan, 2.0])


def test_a_fits_table_is_found_by_hdu_and_keeps_columns_of_one_value_a_row(tmp_path):
    from astropy.io import fits

    one, two = Table({"a": [1]}), Table({"b": [2], "vector": [[1.0, 2.0]]})
    hdus = [fits.PrimaryHDU(), fits.table_to_hdu(one), fits.table_to_hdu(two)]
    hdus[2].name = "PHOTOMETRY"
    fits.HDUList(hdus).writeto(tmp_path / "t.fits")
    assert list(read_table(tmp_path / "t.fits")) == ["a"]
    assert (
        list(read_table(tmp_path / "t.fits", hdu="PHOTOMETRY"))
        == list(read_table(tmp_path / "t.fits", hdu="2"))
        == ["b"]
    )
    with pytest.raises(InputError, match=r"t\.fits is not a readable table"):
        read_table(tmp_path / "t.fits", hdu="NONE")


def test_lists_in_a_parquet_column_stay_lists(tmp_path):
    path = write(tmp_path / "t.parquet", {"paths": [["a", "b"], ["c"]]})
    assert [list(value) for value in read_table(path, texts={"paths"})["paths"]] == [["a", "b"], ["c"]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not a readable table"),
        ("a,a\n1,2\n", "column 'a' appears twice"),
        ("a,b\n1,2\n3\n", "is not a readable table: .*Expected 2 columns, got 1"),
        ("a,b\n1,2,3\n", "is not a readable table"),
        ("a,b\n1,2\n3,4,5\n", "is not a readable table"),
        ('a,b\n"1,2\n', "is not a readable table"),
    ],
)
def test_a_broken_csv_file_is_one_error(tmp_path, text, message):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        read_table(tmp_path / "t.csv")
    assert "\n" not in str(caught.value)


def test_a_column_of_a_csv_file_is_text_as_soon_as_one_value_is_none(tmp_path):
    (tmp_path / "t.csv").write_text("\ufeffa,b,c\n1,x, 2\n,2,null\n", encoding="utf-8")
    table = read_table(tmp_path / "t.csv")
    np.testing.assert_array_equal(table["a"], [1.0, np.nan])
    assert table["b"].tolist() == ["x", "2"]
    np.testing.assert_array_equal(numbers_of(table, "c", "t"), [2.0, np.nan])
    with pytest.raises(InputError, match="t: row 1: b is 'x'; allowed: a number"):
        numbers_of(table, "b", "t")


def test_what_is_not_there_is_named(tmp_path):
    with pytest.raises(MissingInputError, match="no table"):
        read_table(tmp_path / "none.csv")
    (tmp_path / "t.xls").touch()
    with pytest.raises(InputError, match=r"allowed: \.csv, \.ecsv, \.parquet, \.fits"):
        read_table(tmp_path / "t.xls")
    with pytest.raises(InputError, match="t: column 'c' is missing; there: a, b"):
        require_columns(pd.DataFrame({"a": [1], "b": [2]}), ["a", "c"], "t")


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ending=st.sampled_from(ENDINGS[:4]), data=st.data())
def test_any_bytes_give_a_table_or_one_of_our_errors(tmp_path, ending, data):
    content = bytearray(write(tmp_path / f"t{ending}").read_bytes())
    for _ in range(data.draw(st.integers(0, 3))):
        start = data.draw(st.integers(0, len(content) - 1))
        content[start : start + 8] = data.draw(st.binary(max_size=12))
    broken = tmp_path / f"broken{ending}"
    broken.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    try:
        assert isinstance(read_table(broken, texts={"id"}), pd.DataFrame)
    except InputError as error:
        assert "\n" not in str(error)
        assert "broken" in str(error)


def test_times_of_an_ecsv_file_are_moments_in_utc(tmp_path):
    times = Time([61045.9, 61046.0], format="mjd", scale="tai")
    Table({"time": times, "id": ["a", "b"]}).write(tmp_path / "t.ecsv", format="ascii.ecsv")
    found = column_mjd(read_table(tmp_path / "t.ecsv", texts=("id",))["time"], "time")
    np.testing.assert_allclose(found, times.utc.mjd, atol=1e-10)
