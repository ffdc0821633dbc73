"""Samples of groups: nested, with every class in proportion, never a part of a group."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.datasets.nested_samples import nested_samples
from pipeline.errors import DataSetError

ROWS = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 2), st.booleans()), min_size=1, max_size=60).filter(
    lambda rows: any(usable for *_, usable in rows)
)


def drawn(rows, seed=1):
    """Return groups, labels, usable rows and the samples of rows ``(group, label, usable)``."""
    groups, labels, usable = (np.array(column) for column in zip(*rows, strict=True))
    return groups, labels, usable, nested_samples(groups, labels, usable, np.random.default_rng(seed))


@given(ROWS)
def test_every_sample_holds_whole_groups_and_all_smaller_samples(rows):
    groups, _, usable, samples = drawn(rows)
    smaller = np.zeros(len(rows), bool)
    for size in range(samples.smallest, samples.usable + 1):
        sample = samples.of_size(size)
        assert not set(groups[sample]) & set(groups[~sample])
        assert not (smaller & ~sample).any()
        assert (sample & usable).sum() >= size
        smaller = sample
    assert smaller.all()


@given(ROWS)
def test_every_sample_holds_every_class_and_no_shorter_beginning_does(rows):
    _, labels, usable, samples = drawn(rows)
    classes = set(labels[usable])
    for size in range(samples.smallest, samples.usable + 1):
        assert set(labels[usable & samples.of_size(size)]) == classes
    before = samples.place < samples.place[samples.of_size(samples.smallest)].max()
    assert set(labels[usable & before]) != classes


@given(ROWS)
def test_a_sample_is_as_small_as_whole_groups_allow(rows):
    _, _, usable, samples = drawn(rows)
    for size in range(samples.smallest, samples.usable + 1):
        sample = samples.of_size(size)
        last = sample & (samples.place == samples.place[sample].max())
        assert (sample & usable).sum() - (last & usable).sum() < size


def test_the_classes_keep_their_proportion():
    labels = np.repeat([0, 1], [900, 100])
    samples = nested_samples(np.arange(1000), labels, np.ones(1000, bool), np.random.default_rng(3))
    for size in (50, 200, 500):
        assert abs(labels[samples.of_size(size)].mean() - 0.1) <= 1.5 / size


def test_another_seed_draws_another_sample_and_the_same_seed_the_same():
    rows = [(group, group % 2, True) for group in range(200)]
    first, again, other = (drawn(rows, seed)[3].of_size(40) for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


def test_the_order_of_the_rows_does_not_matter():
    groups, labels = np.array(list("abcdefgh")), np.array([0, 1] * 4)
    turned = [nested_samples(names, marks, np.ones(8, bool), np.random.default_rng(1)).of_size(4)
              for names, marks in ((groups, labels), (groups[::-1], labels[::-1]))]  # fmt: skip
    assert (turned[0] == turned[1][::-1]).all()


def test_a_class_whose_rows_all_share_groups_with_a_rarer_one_is_not_lost():
    rows = [("both", 1, True), ("both", 0, True), *((f"real {n}", 1, True) for n in range(2))]
    samples = drawn(rows)[3]
    assert samples.smallest == 2
    assert samples.of_size(2).tolist() == [True, True, False, False]


def test_a_size_that_cannot_be_is_refused_with_the_range():
    samples = drawn([(0, 1, True), (0, 1, True), (1, 0, True)])[3]
    for size in (2, 4):
        with pytest.raises(DataSetError, match=f"sample of {size} rows cannot be drawn; allowed: 3, .* to 3,"):
            samples.of_size(size)


def test_no_usable_row_is_an_error():
    with pytest.raises(DataSetError, match="no training row is usable"):
        drawn([(0, 1, False)])


def test_a_group_larger_than_the_smallest_sample_stands_behind_the_others():
    groups = np.concatenate([np.full(60, "giant"), np.repeat(np.arange(20).astype(str), 2)])
    labels, usable = np.arange(100) % 2, np.ones(100, bool)
    for seed in range(10):
        samples = nested_samples(groups, labels, usable, np.random.default_rng(seed), large=10)
        for size in (10, 30, 40):
            sample = samples.of_size(size)
            assert sample.sum() == size
            assert "giant" not in groups[sample]
        assert samples.of_size(41).all()
        before = nested_samples(groups, labels, usable, np.random.default_rng(seed))
        same = nested_samples(groups, labels, usable, np.random.default_rng(seed), large=60)
        np.testing.assert_array_equal(before.place, same.place)


def test_the_only_group_of_a_class_comes_first_however_large_it_is():
    groups = np.concatenate([np.full(30, "giant"), np.arange(70).astype(str)])
    labels = np.concatenate([np.ones(30, int), np.zeros(70, int)])
    samples = nested_samples(groups, labels, np.ones(100, bool), np.random.default_rng(1), large=5)
    assert samples.smallest == 31
    assert labels[samples.of_size(31)].sum() == 30
