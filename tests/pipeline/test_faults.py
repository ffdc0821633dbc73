import pytest

from pipeline.errors import InputError, MissingInputError
from pipeline.faults import faults_of


def failing(error):
    def look():
        raise error

    return look


def test_a_look_that_fails_does_not_hide_what_the_next_one_finds():
    looks = [failing(MissingInputError("no a")), lambda: None, lambda: ["no b", "no c"], failing(InputError("no d"))]
    assert faults_of(looks) == ["no a", "no b", "no c", "no d"]


def test_a_fault_is_said_once():
    assert faults_of([failing(InputError("no a")), lambda: ["no b", "no a"], lambda: ["no b"]]) == ["no a", "no b"]


def test_where_nothing_is_wrong_there_is_no_fault():
    assert faults_of([lambda: "a text", list, lambda: 3]) == []
    assert faults_of([]) == []


def test_a_mistake_in_the_code_is_not_taken_for_a_fault_of_the_input():
    with pytest.raises(ZeroDivisionError):
        faults_of([lambda: 1 / 0])
