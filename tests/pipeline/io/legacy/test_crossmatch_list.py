"""gmadet's cross-match list: its columns, and what is near each simulated source of each image."""

import contextlib

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import InputError, NightsiftError
from pipeline.io.legacy.crossmatch_list import COLUMNS, crossmatch_rows, read_crossmatch, write_crossmatch


def truth():
    return pd.DataFrame(
        {
            "injection_id": ["i0", "i1", "i2"],
            "exposure_id": ["e1", "e1", "e2"],
            "x_pixel": [9.0, 99.0, 9.0],
            "y_pixel": [19.0, 99.0, 19.0],
            "ra_deg": [10.0, 10.1, 10.0],
            "dec_deg": [0.0, 0.0, 0.0],
            "magnitude": [18.25, 20.0, 15.0],
            "band": ["r", "r", ""],
        }
    )


def candidates():
    return pd.DataFrame(
        {
            "candidate_id": ["007", "9007199254740993", "c3"],
            "exposure_id": ["e1", "e1", "e2"],
            "ra_deg": [10.0 + 1.5 / 3600, 10.0 - 0.5 / 3600, 10.1],
            "dec_deg": [0.0, 0.0, 0.0],
            "edge_fraction": [0.0, 0.2, 0.0],
        }
    )


def rows(**changes):
    return crossmatch_rows(truth(), candidates(), **({"radius_arcsec": 2.0} | changes))


@pytest.mark.replaces("gmadet", "O4")
def test_the_list_has_the_columns_of_crossmatch_dat():
    table = rows()
    assert tuple(table.columns) == COLUMNS
    assert table["idx"].tolist() == [0, 1, 2]
    assert table["Nmatches"].tolist() == [2, 0, 0]
    assert table["closest_candID"].tolist() == ["9007199254740993", "-", "-"]
    assert table["all_candIDs"].tolist() == ["9007199254740993,007", "-", "-"]
    assert table["filename2"].tolist() == ["e1", "-", "-"]
    assert table["edge"].tolist() == ["True", "False", "False"]
    assert table[["Xpos", "Ypos"]].iloc[0].tolist() == [10.0, 20.0]


@pytest.mark.replaces("gmadet", "O4")
def test_sources_of_one_image_are_not_matched_with_candidates_of_another():
    assert rows(radius_arcsec=3600.0)["all_candIDs"].tolist()[2] == "c3"


def test_the_list_comes_back_as_it_was_written(tmp_path):
    write_crossmatch(tmp_path / "crossmatch.dat", rows())
    text = (tmp_path / "crossmatch.dat").read_text()
    assert text.startswith("# idx filename Xpos Ypos RA Dec mag filter filename2 Nmatches closest_candID")
    back = read_crossmatch(tmp_path / "crossmatch.dat")
    assert back["closest_candID"].tolist() == ["9007199254740993", "-", "-"]
    assert back["filter"].tolist() == ["r", "r", "-"]
    np.testing.assert_allclose(back["mag"], [18.25, 20.0, 15.0])
    np.testing.assert_allclose(back["RA"], truth()["ra_deg"], atol=1e-8)


def test_an_id_with_a_blank_would_shift_the_columns_and_is_refused(tmp_path):
    bad = rows().assign(closest_candID="a b")
    with pytest.raises(InputError, match=r"row 1: closest_candID is 'a b'; allowed: no blanks"):
        write_crossmatch(tmp_path / "x.dat", bad)


def test_a_table_that_lacks_a_column_is_named():
    with pytest.raises(InputError, match="the candidates lack column 'candidate_id'"):
        crossmatch_rows(truth(), candidates().drop(columns="candidate_id"), radius_arcsec=1.0)


def test_nothing_injected_and_nothing_detected_give_lists_too():
    assert crossmatch_rows(truth().iloc[:0], candidates(), radius_arcsec=1.0).empty
    assert (crossmatch_rows(truth(), candidates().iloc[:0], radius_arcsec=1.0)["Nmatches"] == 0).all()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the heading is ''"),
        ("# idx filename\n", "the heading is 'idx filename'"),
        ("# " + " ".join(COLUMNS) + "\n1 2 3\n", "row 2 has 3 cells; allowed: 13"),
        ("# " + " ".join(COLUMNS) + "\n0 e 1 x 1 1 1 r e 0 - - False\n", "row 2: Ypos is 'x'"),
    ],
)
def test_a_damaged_list_is_one_clear_error(tmp_path, text, message):
    path = tmp_path / "crossmatch.dat"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_crossmatch(path)


@settings(max_examples=40, deadline=None)
@given(content=st.binary(max_size=200))
def test_whatever_bytes_a_list_holds_the_reader_raises_only_its_own_errors(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("fuzz") / "crossmatch.dat"
    for bytes_given in (content, b"# " + " ".join(COLUMNS).encode() + b"\n" + content):
        path.write_bytes(bytes_given)
        with contextlib.suppress(NightsiftError):
            read_crossmatch(path)
