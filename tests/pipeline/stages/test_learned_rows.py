import pandas as pd
import pytest
from small_packages import write_small_package

from pipeline.errors import InputError
from pipeline.stages.learned_rows import DATASET_PART, learned_parts, left_out_rows, unknown_rows


@pytest.fixture
def one(tmp_path):
    """A package that learned from two rows."""
    return write_small_package(tmp_path / "one", name="one-1", learned={"train": ["t"], "validation": ["v"]})


@pytest.fixture
def other(tmp_path):
    """A package of another name that learned otherwise."""
    return write_small_package(tmp_path / "other", name="other-2", learned={"train": ["v", "e"]})


@pytest.fixture
def old(tmp_path):
    """A package that does not say what it learned from."""
    return write_small_package(tmp_path / "old", name="old-0")


def table(names="tve", **columns):
    return pd.DataFrame({"candidate_id": list(names), **columns})


def parts(rows, **packages):
    return learned_parts({"s": rows}, **packages)["s"].tolist()


def test_each_row_is_asked_of_the_package_that_scored_it(one, other):
    rows = table("tvetve", model=["one-1"] * 3 + ["other-2"] * 3)
    assert parts(rows, found=[one, other]) == [0, 1, -1, -1, 0, 0]
    assert parts(rows, named=[one, other]) == [0, 1, -1, -1, 0, 0]
    assert parts(rows, found=[other]) == [-2, -2, -2, -1, 0, 0]


@pytest.mark.parametrize("columns", [{}, {"model": ["", None, ""]}])
def test_rows_without_a_model_are_asked_of_every_named_package_and_of_no_other(one, other, columns):
    assert parts(table(**columns), named=[one]) == [0, 1, -1]
    assert parts(table(**columns), named=[one, other]) == [0, 0, 0]
    assert parts(table(**columns), found=[one]) == [-2, -2, -2]


def test_what_one_of_two_packages_learned_is_left_out_and_the_rest_not_known(one, old):
    assert parts(table(), named=[one, old]) == [0, 1, -2]
    assert parts(table(), named=[old]) == [-2, -2, -2]


def test_a_package_holds_over_the_data_set_which_tells_where_there_is_none(one):
    rows = table("tvex", **{DATASET_PART: [2, 0, 1, -1]})
    assert parts(rows) == [-1, 0, 1, -1]
    assert parts(rows, named=[one]) == [0, 1, -1, -1]


def test_a_named_package_that_made_no_scores_is_refused(one):
    with pytest.raises(InputError, match=r"package one-1, which made none of the scores; they were made by x-3"):
        parts(table(model="x-3"), named=[one])


def test_rows_that_the_scores_call_training_stay_and_test_rows_that_were_learned_go(one):
    rows = table("tvtvtv", split=[-1, -1, 2, 2, 0, 1], model="one-1")
    left_out = left_out_rows(rows, learned_parts({"s": rows}, found=[one])["s"])
    assert left_out["train"].tolist() == [True, False, True, False, False, False]
    assert left_out["validation"].tolist() == [False, True, False, True, False, False]


def test_of_rows_whose_part_the_scores_state_nobody_has_to_ask(old):
    rows = table(split=[-1, 2, 0], model="old-0")
    told = learned_parts({"s": rows}, found=[old])["s"]
    assert unknown_rows(rows, told).tolist() == [True, False, False]
    assert unknown_rows(rows.drop(columns="split"), told).tolist() == [True, True, True]
