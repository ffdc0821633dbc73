import numpy as np
import pytest

from pipeline.datasets.groups import Groups
from pipeline.datasets.new_rows import crowding_out, returns, with_new_rows
from pipeline.datasets.overlaps import Footprints
from pipeline.ids.text_blocks import HeldTexts


def taken(before, alone, group, by="object"):
    """Return parts and links of rows, the last of which are new."""
    n, old = len(alone), len(before)
    groups = Groups(row=np.array(group), names=HeldTexts([str(row) for row in range(n)]))
    given = np.array(before, np.int8), np.array(alone, np.int8), np.arange(n) >= old
    parts, links = with_new_rows(*given, groups, by)
    return parts.tolist(), np.flatnonzero(links).tolist()


def test_a_new_row_takes_the_part_of_its_group_and_alone_goes_where_its_name_puts_it():
    assert taken([2, 0], [0, 1, 0, 1], [0, 1, 0, 3]) == ([2, 0, 2, 1], [])


def test_new_rows_that_join_rows_of_two_parts_are_found():
    assert taken([2, 0], [0, 0, 0, 1], [0, 0, 0, 3])[1] == [2]


def test_rows_that_the_night_block_left_out_are_of_no_part():
    assert taken([2, -1], [2, -1, -1], [0, 0, 0], "night") == ([2, -1, -1], [])
    assert taken([2, -1], [2, -1, 2], [0, 0, 0], "night") == ([2, -1, 2], [])


@pytest.mark.parametrize(("by", "expected"), [("object", 0), ("night", -1), ("part", -1)])
def test_a_new_row_whose_night_or_stated_part_contradicts_its_group_is_left_out(by, expected):
    assert taken([0], [0, 2], [0, 0], by)[0] == [0, expected]


def test_new_rows_make_way_for_rows_of_another_part_that_were_there():
    places = Footprints(
        exposure=np.zeros(4), x_pixel=np.array([0.0, 1.0, 1.0, 9.0]), y_pixel=np.zeros(4), ra_deg=np.full(4, np.nan),
        dec_deg=np.full(4, np.nan), size_pixel=3, pixel_scale_arcsec=1.0,
    )  # fmt: skip
    new = np.array([False, True, True, True])
    assert crowding_out(places, np.array([0, 2, 0, 2], np.int8), new).tolist() == [False, True, False, False]


def test_rows_return_that_could_only_train_and_were_in_another_part():
    was, now = np.array([True, True, True, False]), np.array([False, False, True, False])
    assert returns(np.array([2, 0, 2, 2], np.int8), was, now).tolist() == [True, False, False, False]
