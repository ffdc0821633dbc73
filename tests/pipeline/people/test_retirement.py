import numpy as np
import pytest

from pipeline.errors import SettingsError
from pipeline.people.retirement import OPEN, RETIRED, UNDECIDED, Retirement


def states(*counts, **settings):
    return Retirement(**settings).states(np.array(counts)).tolist()


def test_two_who_agree_retire_an_item_and_two_who_do_not_ask_for_a_third():
    assert states([0, 2], [1, 1], [2, 1], [0, 1]) == [RETIRED, OPEN, RETIRED, OPEN]


def test_two_against_two_ask_for_a_fifth_and_then_nobody_is_asked_again():
    assert states([2, 2], [3, 2]) == [OPEN, RETIRED]
    assert states([2, 2, 1], [1, 1, 3]) == [UNDECIDED, RETIRED]


def test_the_numbers_are_settings():
    assert states([0, 2], [0, 3], [2, 2], agreeing=3, most=4) == [OPEN, RETIRED, UNDECIDED]
    with pytest.raises(SettingsError, match="agreeing is 3 and most is 2"):
        Retirement(agreeing=3, most=2)


def test_no_items_have_no_states():
    assert Retirement().states(np.empty((0, 2), int)).tolist() == []
