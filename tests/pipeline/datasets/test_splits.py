import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.classes import LEFT_OUT, TEST, TRAIN, VALIDATION
from pipeline.datasets.groups import Groups
from pipeline.datasets.sky_cells import NO_CELL, Cells
from pipeline.datasets.splits import assign_parts, in_shares, require_classes
from pipeline.errors import DataSetError
from pipeline.ids.text_blocks import HeldTexts
from pipeline.recipes.dataset import SplitSettings


def grouped(texts):
    """Return groups of rows of equal texts."""
    _, first, inverse = np.unique(texts, return_index=True, return_inverse=True)
    return Groups(row=first[inverse.reshape(-1)], names=HeldTexts(texts))


names = st.sampled_from([f"n{i}" for i in range(12)])
rows = st.lists(
    st.tuples(names, st.sampled_from([f"2026-01-{day:02d}" for day in range(1, 9)])), min_size=1, max_size=40
)
split_settings = st.builds(
    SplitSettings, by=st.sampled_from(["object", "night"]), folds=st.sampled_from([0, 2, 5]), seed=st.integers(0, 99)
)


def columns(pairs):
    return tuple(np.array(column) for column in zip(*pairs, strict=True))


@settings(max_examples=60, deadline=None)
@given(pairs=rows, split=split_settings)
def test_no_group_stands_in_two_parts(pairs, split):
    groups, nights = columns(pairs)
    parts = assign_parts(grouped(groups), nights, split)
    for group in set(groups):
        assert len(set(parts[groups == group]) - {LEFT_OUT}) == 1 or set(parts[groups == group]) == {LEFT_OUT}


@settings(max_examples=60, deadline=None)
@given(pairs=rows, more=rows, split=split_settings)
def test_rows_of_other_groups_and_nights_never_move_a_row(pairs, more, split):
    groups, nights = columns(pairs)
    alone = assign_parts(grouped(groups), nights, split)
    others, later = columns(more)
    others, later = np.char.add("other ", others), np.char.replace(later, "2026", "2027")
    both = assign_parts(grouped(np.concatenate([others, groups])), np.concatenate([later, nights]), split)
    np.testing.assert_array_equal(both[len(others) :], alone)


@settings(max_examples=60, deadline=None)
@given(pairs=rows, folds=st.sampled_from([0, 2, 5]), seed=st.integers(0, 99))
def test_the_night_block_keeps_rows_that_share_either_out_of_training(pairs, folds, seed):
    groups, nights = columns(pairs)
    parts = assign_parts(grouped(groups), nights, SplitSettings(by="night", folds=folds, seed=seed))
    held = parts == TEST
    used = (parts == TRAIN) | (parts == VALIDATION)
    assert not set(nights[held]) & set(nights[~held])
    assert not set(groups[held]) & set(groups[used])
    shares_a_group = np.isin(groups, groups[held]) & ~held
    np.testing.assert_array_equal(parts == LEFT_OUT, shares_a_group)


def test_each_group_is_in_the_test_part_of_exactly_one_fold():
    groups = np.array([f"g{i}" for i in range(60)])
    split = SplitSettings(folds=5)
    held = np.array([assign_parts(grouped(groups), groups, split, fold) == TEST for fold in range(5)])
    assert (held.sum(axis=0) == 1).all()


def test_the_shares_are_met():
    groups = np.array([f"g{i}" for i in range(4000)])
    parts = assign_parts(grouped(groups), groups, SplitSettings(test=0.2, validation=0.3))
    assert [round((parts == part).mean(), 1) for part in (TRAIN, VALIDATION, TEST)] == [0.5, 0.3, 0.2]


def test_another_seed_gives_another_division():
    groups = np.array([f"g{i}" for i in range(50)])
    one, two = (assign_parts(grouped(groups), groups, SplitSettings(seed=seed)) for seed in (1, 2))
    assert (one != two).any()


def test_no_row_is_divided_into_no_parts():
    assert assign_parts(grouped(np.array([], dtype=str)), np.array([], dtype=str), SplitSettings()).tolist() == []


def test_a_part_without_a_class_is_named_with_its_counts():
    parts, labels = np.array([0, 0, 1, 1, 2, 2], np.int8), np.array([0, 1, 0, 1, 1, 1], np.int8)
    groups = pd.Series(list("abcdef"))
    with pytest.raises(DataSetError, match="the test part holds 0 groups of bogus and 2 of real; at least 1 of each"):
        require_classes(parts, labels, groups, SplitSettings(minimum_groups=1))


@pytest.mark.replaces("4most", "M3")
def test_every_class_of_the_survey_is_needed_in_each_part():
    parts, labels = np.repeat(np.array([0, 1, 2], np.int8), 3), np.tile(np.array([0, 1, 2], np.int8), 3)
    labels[5] = 1
    names, groups = ("star", "galaxy", "quasar"), np.arange(9)
    wanted = "the validation part holds 1 groups of star, 2 of galaxy and 0 of quasar; at least 1 of each"
    with pytest.raises(DataSetError, match=wanted):
        require_classes(parts, labels, groups, SplitSettings(minimum_groups=1), class_names=names)
    require_classes(parts, labels, groups, SplitSettings(minimum_groups=0), class_names=names)


def test_groups_count_not_rows():
    parts, labels = np.tile(np.array([0, 1, 2], np.int8), 4), np.repeat(np.array([0, 1], np.int8), 6)
    with pytest.raises(DataSetError, match="the train part holds 1 groups of bogus and 1 of real; at least 2"):
        require_classes(parts, labels, pd.Series(["g"] * 12), SplitSettings(minimum_groups=2))


def test_a_single_folds_test_part_may_lack_a_class():
    parts, labels = np.array([0, 0, 1, 1, 2], np.int8), np.array([0, 1, 0, 1, 1], np.int8)
    require_classes(parts, labels, pd.Series(list("abcde")), SplitSettings(minimum_groups=1, folds=2))


def test_one_object_alone_is_too_few():
    parts = assign_parts(grouped(np.array(["a", "a"])), np.array(["n1", "n2"]), SplitSettings())
    with pytest.raises(DataSetError, match="add nights, labels, or lower minimum_groups"):
        require_classes(parts, np.array([0, 1], np.int8), np.array(["a", "a"]), SplitSettings(minimum_groups=1))


def test_no_row_at_all_is_too_few():
    nothing = np.array([], dtype=np.int8)
    with pytest.raises(DataSetError, match="the train part holds 0 groups of bogus and 0 of real"):
        require_classes(nothing, nothing, np.array([], dtype=str), SplitSettings())


@settings(max_examples=60, deadline=None)
@given(
    pairs=st.lists(st.tuples(st.integers(0, 12), st.integers(0, 5)), min_size=1, max_size=60),
    share=st.floats(0.1, 0.9),
    turn=st.randoms(use_true_random=False),
)
def test_cells_are_divided_whole_whatever_the_order_of_rows(pairs, share, turn):
    cells, weights = np.array(pairs, np.int64).T
    found = in_shares(cells, weights.astype(float), (share, 1 - share), "1")
    assert all(len(set(found[cells == cell])) == 1 for cell in set(cells.tolist()))
    order = np.arange(len(cells))
    turn.shuffle(order)
    np.testing.assert_array_equal(
        in_shares(cells[order], weights[order].astype(float), (share, 1 - share), "1"), found[order]
    )


def test_each_share_of_cells_gets_its_weight_within_one_cell():
    cells, rng = np.arange(60), np.random.default_rng(1)
    weights = rng.integers(1, 100, 60).astype(float)
    shares = (0.2, 0.3, 0.5)
    found = in_shares(cells, weights, shares, "1")
    for number, share in enumerate(shares):
        assert abs(weights[found == number].sum() - share * weights.sum()) <= weights.max()


def test_cells_hold_rows_together_where_groups_would_part_them():
    names = np.array([f"g{row}" for row in range(400)])
    cells = Cells(number=np.arange(400) // 10, weight=np.ones(400), side_arcsec=100.0)
    split = SplitSettings(test=0.25, validation=0.25)
    parts = assign_parts(grouped(names), names, split, cells=cells)
    assert (parts.reshape(40, 10) == parts[::10, None]).all()
    assert [(parts == part).mean() for part in (TRAIN, VALIDATION, TEST)] == pytest.approx([0.5, 0.25, 0.25], abs=0.03)


def test_a_row_without_a_cell_goes_where_its_group_goes():
    names = np.array([f"g{row}" for row in range(50)])
    cells = Cells(number=np.full(50, NO_CELL), weight=np.ones(50), side_arcsec=100.0)
    alone = assign_parts(grouped(names), names, SplitSettings())
    np.testing.assert_array_equal(assign_parts(grouped(names), names, SplitSettings(), cells=cells), alone)


def stated(groups, parts, **values):
    nights = np.full(len(groups), "all")
    return assign_parts(grouped(np.array(groups)), nights, SplitSettings(by="part", **values), given=np.array(parts))


def test_stated_parts_stay_and_no_group_of_a_later_part_teaches():
    groups = ["a", "a", "b", "c", "c", "d", "e"]
    parts = stated(groups, [0.0, 2.0, 0.0, 1.0, 0.0, 2.0, np.nan])
    assert parts.tolist() == [LEFT_OUT, TEST, TRAIN, VALIDATION, LEFT_OUT, TEST, LEFT_OUT]


def test_training_rows_are_drawn_to_validate_where_none_are_stated():
    groups = [f"g{row // 2}" for row in range(400)]
    parts = stated(groups, [0.0] * 300 + [2.0] * 100, validation=0.25)
    assert (parts[300:] == TEST).all()
    assert 0.15 < (parts[:300] == VALIDATION).mean() < 0.35
    assert (parts[:300:2] == parts[1:300:2]).all(), "rows of a group stay together"


@pytest.mark.parametrize(
    ("parts", "said"),
    [([0.0, 2.0, 3.0], "a row is of part 3; allowed: 0 train, 1 validation, 2 test"), ([0.0, 0.0, 1.0], "part test")],
)
def test_stated_parts_that_are_none_or_lack_one_are_refused(parts, said):
    with pytest.raises(DataSetError, match=said):
        stated(["a", "b", "c"], parts)
