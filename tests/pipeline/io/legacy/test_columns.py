import gzip
import math

import numpy as np
import pandas as pd
import pytest

from pipeline.errors import InputError
from pipeline.io.legacy.columns import (
    file_names,
    labels,
    listed,
    numbered_again,
    numbers,
    object_of,
    read_csv,
    require_unique,
    text_column,
    typed,
)


def test_numbers_may_be_texts_or_bytes_and_what_says_missing_is_missing():
    values = [1, "2.5", b"-3e2", "", None, "NaN", " none ", "-99.0", -99]
    expected = [1.0, 2.5, -300.0, *[math.nan] * 6]
    assert numbers(values, "t.csv: m", (-99.0,)).tolist() == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize("value", ["1,5", b"\xff", [1], "x" * 99])
def test_what_is_no_number_names_its_row(value):
    with pytest.raises(InputError, match=r"^t.csv: m: row 1: '.{1,40}' is not a number"):
        numbers([0, value], "t.csv: m")


def test_labels_are_the_numbers_of_classes():
    assert labels(["0", 1, 2.0], "t.csv", n_classes=3).tolist() == [0, 1, 2]
    with pytest.raises(InputError, match=r"t.csv: row 2: label is 2; allowed: whole numbers 0 to 1"):
        labels([0, 1, 2], "t.csv")
    with pytest.raises(InputError, match="row 0: label is nan"):
        labels([""], "t.csv")
    with pytest.raises(InputError, match=r"label is 0\.5"):
        labels([0.5], "t.csv")


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (["a", ""], "row 1: the id is empty"),
        (["a", "b", "a"], "id 'a' appears in row 0 and again in row 2; allowed: once"),
        (["a", "3.9E+16"], "row 1: the id '3.9E.16' is in scientific notation"),
    ],
)
def test_an_id_that_is_none_names_its_row(ids, message):
    with pytest.raises(InputError, match=message):
        require_unique(ids, "t.csv")


def test_ids_that_differ_by_a_zero_in_front_are_two():
    require_unique(["17", "017", "0017"], "t.csv")


def test_a_repeated_id_is_numbered_and_the_first_is_left():
    ids = ["a", "b", "a", "a"]
    assert numbered_again(ids) == ["a", "b", "a#1", "a#2"]


def test_a_name_written_for_an_object_gives_the_object_back():
    candidates, objects = ["17", "17_58226.4", "c1", "c2"], ["17", "17", "17", ""]
    names = file_names(candidates, objects)
    assert names == ["17.fits", "17_58226.4.fits", "17_c1.fits", "c2.fits"]
    assert [object_of(f"/db/{name}") for name in names[:3]] == objects[:3]


@pytest.mark.parametrize("name", ["a/b", "..", ".hidden", "", "a\\b", "x" * 300, "a\nb"])
def test_an_id_that_leads_elsewhere_is_no_file_name(name):
    with pytest.raises(InputError, match="cannot be a file name"):
        file_names([name], [""])


def test_names_in_a_message_are_on_one_line_and_few():
    assert listed(["a\n b", 3]) == "a b, 3"
    assert listed(range(21)).endswith("18, 19 ...")
    assert listed([]) == "nothing"


def test_bytes_become_text():
    assert text_column([b"k\xc3\xa4se", "a", 7]).tolist() == ["käse", "a", "7"]


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_table_is_read_as_text_so_that_no_id_changes(tmp_path, pack):
    (tmp_path / "t.csv").write_bytes(pack("\ufeffid,note\n0017,NA\n9007199254740993,\n".encode()))
    table = read_csv(tmp_path / "t.csv")
    assert table.to_dict("list") == {"id": ["0017", "9007199254740993"], "note": ["NA", ""]}


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2,3\n4,5,6,7\n", b"\xff\xfe\x00\xd8"])
def test_what_is_no_table_is_said_in_one_line(tmp_path, content):
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(InputError, match=r"t.csv is not a readable CSV file: ") as raised:
        read_csv(tmp_path / "t.csv")
    assert "\n" not in str(raised.value)


def test_columns_of_candidates_get_their_types_and_others_are_left_out():
    table = pd.DataFrame({"candidate_id": ["0017"], "flux_sign": [""], "magnitude": ["nan"], "own": ["x"]}, dtype="str")
    found = typed(table, "t.csv")
    assert list(found) == ["candidate_id", "flux_sign", "magnitude"]
    assert found["candidate_id"].tolist() == ["0017"]
    assert found["flux_sign"].tolist() == [0]
    assert np.isnan(found["magnitude"][0])
    assert [found[name].dtype.kind for name in ("flux_sign", "magnitude")] == ["i", "f"]
