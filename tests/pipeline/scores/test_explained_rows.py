"""Rows to explain: the surest mistakes, those nearest the threshold, and others at random, none twice."""

import numpy as np

from pipeline.scores.explained_rows import chosen_rows


def two(p):
    p = np.asarray(p, float)
    return np.column_stack([1 - p, p])


def test_mistakes_come_surest_first_then_the_uncertain_then_others():
    p = two([0.99, 0.01, 0.6, 0.49, 0.52, 0.95, 0.05, np.nan])
    labels = [0, 1, 0, 0, 1, 1, 0, 1]
    predicted = [1, 0, 1, 0, 1, 1, 0, -1]
    rows, groups = chosen_rows(p, labels, predicted, 0.5, 2, np.random.default_rng(1))
    assert rows[:2].tolist() == [0, 1]  # 0.6 is a mistake, too, but the network is less sure of it
    assert rows[2:4].tolist() == [3, 4]
    assert groups.tolist() == ["mistake"] * 2 + ["uncertain"] * 2 + ["random"] * 2
    assert len(set(rows.tolist())) == 6
    assert 7 not in rows  # it has no score


def test_uncertain_is_near_the_threshold_and_not_near_a_half():
    p = two([0.5, 0.91, 0.2])
    rows, groups = chosen_rows(p, [0, 1, 0], [0, 1, 0], 0.9, 1, np.random.default_rng(1))
    assert (rows[0], groups[0]) == (1, "uncertain")


def test_of_more_classes_the_two_likeliest_count():
    p = np.array([[0.4, 0.39, 0.21], [0.9, 0.05, 0.05], [0.1, 0.1, 0.8]])
    rows, groups = chosen_rows(p, [0, 1, 2], [0, 0, 2], np.nan, 1, np.random.default_rng(1))
    assert list(zip(rows.tolist(), groups.tolist(), strict=True)) == [(1, "mistake"), (0, "uncertain"), (2, "random")]


def test_nothing_to_choose_gives_nothing():
    rows, groups = chosen_rows(np.empty((0, 2)), [], [], 0.5, 3, np.random.default_rng(1))
    assert len(rows) == len(groups) == 0
