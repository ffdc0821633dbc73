"""gmadet's list of simulated objects is written with unique ids and read back, its own form as well."""

import contextlib

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import InputError, MissingInputError, NightsiftError
from pipeline.io.legacy.simulated_objects import COLUMNS, read_simulated_objects, write_simulated_objects


def truth(**changes):
    rows = {
        "injection_id": ["e1~injected~00000", "e1~injected~00001", "e2~injected~00000"],
        "exposure_id": ["e1", "e1", "e2"],
        "x_pixel": [0.0, 10.25, 99.5],
        "y_pixel": [5.0, 7.75, 3.0],
        "ra_deg": [10.00000001, 359.9, 0.25],
        "dec_deg": [-5.5, 5.0, 89.0],
        "magnitude": [18.25, 20.125, 17.0],
        "band": ["r", "", "g"],
    }
    return pd.DataFrame(rows | changes)


@pytest.mark.replaces("gmadet", "O3")
def test_the_list_has_gmadets_columns_and_an_id_that_is_unique_over_images(tmp_path):
    path = tmp_path / "simulated_objects.list"
    write_simulated_objects(path, truth())
    assert path.read_text().splitlines()[0] == "# idx filename Xpos Ypos RA Dec mag filter sim_id"
    back = read_simulated_objects(path)
    assert tuple(back) == COLUMNS
    assert back["idx"].tolist() == ["0", "1", "2"]
    assert back["sim_id"].is_unique
    assert back["Xpos"].tolist() == [1.0, 11.25, 100.5]
    assert back["RA"].tolist() == [10.00000001, 359.9, 0.25]
    assert back["mag"].tolist() == [18.25, 20.125, 17.0]
    assert back["filter"].tolist() == ["r", "-", "g"]


def test_a_list_of_gmadets_own_is_read(tmp_path):
    path = tmp_path / "simulated_objects.list"
    path.write_text("# idx filename Xpos Ypos RA Dec mag filter\n0 a.fits 1.5 2.5 10.0 20.0 19.5 r\n")
    assert read_simulated_objects(path)["Ypos"].tolist() == [2.5]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"injection_id": ["a", "a", "b"]}, "injection_id 'a' appears twice"),
        ({"exposure_id": ["e1", "e 1", "e2"]}, "row 2: 'e 1' is empty or holds a space"),
    ],
)
def test_names_that_the_list_cannot_hold_are_refused(tmp_path, changes, message):
    with pytest.raises(InputError, match=message):
        write_simulated_objects(tmp_path / "x.list", truth(**changes))
    with pytest.raises(InputError, match="lacks column 'ra_deg'"):
        write_simulated_objects(tmp_path / "x.list", truth().drop(columns="ra_deg"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "column 'idx' is missing; there: no heading"),
        ("# idx filename Xpos\n", "column 'Ypos' is missing"),
        ("# idx filename Xpos Ypos RA Dec mag filter\n0 a 1 2\n", "line 2 has 4 values; allowed: 8"),
        ("# idx filename Xpos Ypos RA Dec mag filter\n0 a 1 2 3 4 faint r\n", "row 1: mag is 'faint'"),
    ],
)
def test_a_broken_list_is_named_with_its_line(tmp_path, text, message):
    path = tmp_path / "x.list"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_simulated_objects(path)
    with pytest.raises(MissingInputError):
        read_simulated_objects(tmp_path / "none.list")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200), st.booleans())
def test_whatever_bytes_there_are_only_our_own_errors_come(tmp_path, data, headed):
    path = tmp_path / "x.list"
    path.write_bytes((b"# idx filename Xpos Ypos RA Dec mag filter\n" if headed else b"") + data)
    with contextlib.suppress(NightsiftError):
        read_simulated_objects(path)
