import numpy as np
import pandas as pd
import pytest
from astropy.table import Table
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import InputError, MissingInputError, NightsiftError
from pipeline.io.tables.catalogue_file import catalogue_path, read_columns

ROWS = pd.DataFrame({"RAJ2000": [10.5, 350.25], "DEJ2000": [-3.0, 88.0], "n": ["007", "8"]})
WANTED = {"ra_deg": "RAJ2000", "dec_deg": "DEJ2000", "exposure_id": "n"}


def written(folder, ending, rows=ROWS):
    path = folder / f"stars{ending}"
    if ending == ".parquet":
        rows.to_parquet(path)
    elif ending == ".csv":
        rows.to_csv(path, index=False)
    else:
        Table.from_pandas(rows).write(path, format="ascii.ecsv" if ending == ".ecsv" else "fits")
    return path


@pytest.mark.parametrize("ending", [".parquet", ".csv", ".ecsv", ".fits"])
def test_columns_get_their_names_whatever_the_format(tmp_path, ending):
    found = read_columns(written(tmp_path, ending), WANTED, text=("exposure_id",))
    assert list(found) == ["ra_deg", "dec_deg", "exposure_id"]
    assert found["ra_deg"].tolist() == [10.5, 350.25]
    assert found["exposure_id"].tolist() == ["007", "8"]


@pytest.mark.parametrize("ending", [".parquet", ".csv", ".ecsv", ".fits"])
def test_a_column_that_is_not_there_is_named_with_those_that_are(tmp_path, ending):
    with pytest.raises(InputError, match=r"column 'ra' is missing; there: RAJ2000, DEJ2000, n"):
        read_columns(written(tmp_path, ending), {"ra_deg": "ra"})


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".ecsv"])
def test_a_value_that_is_no_number_is_named_with_its_row(tmp_path, ending):
    path = written(tmp_path, ending, ROWS.assign(RAJ2000=["10", "ten"]))
    with pytest.raises(InputError, match=r"row 2: RAJ2000 is 'ten'; allowed: a number"):
        read_columns(path, {"ra_deg": "RAJ2000"})


def test_what_is_empty_is_nan(tmp_path):
    (tmp_path / "a.csv").write_text('x\n1\n""\nnan\n')
    assert np.isnan(read_columns(tmp_path / "a.csv", {"v": "x"})["v"]).tolist() == [False, True, True]


def test_another_format_and_no_file_are_errors(tmp_path):
    (tmp_path / "a.txt").touch()
    with pytest.raises(InputError, match=r"a.txt: the ending is not that of a known format; allowed: .csv"):
        read_columns(tmp_path / "a.txt", WANTED)
    with pytest.raises(MissingInputError, match=r"no table .*b.csv"):
        read_columns(tmp_path / "b.csv", WANTED)


def test_a_relative_path_starts_above_the_settings(tmp_path, monkeypatch):
    monkeypatch.setenv("NIGHTSIFT_CONFIG", str(tmp_path / "config"))
    assert catalogue_path("stars.parquet") == tmp_path / "stars.parquet"


@settings(max_examples=40, deadline=None)
@given(data=st.binary(max_size=300), ending=st.sampled_from([".parquet", ".csv", ".ecsv", ".fits", ".fits.gz"]))
def test_any_bytes_are_a_table_or_our_own_error(tmp_path_factory, data, ending):
    path = tmp_path_factory.mktemp("fuzz") / f"a{ending}"
    path.write_bytes(data)
    try:
        read_columns(path, {"ra_deg": "RAJ2000"})
    except NightsiftError as error:
        assert "\n" not in str(error)
