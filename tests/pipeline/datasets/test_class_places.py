"""Parts of equal class shares: the groups of each class are divided for themselves."""

import numpy as np
import pytest

from pipeline.classes import PARTS, TEST, TRAIN, VALIDATION
from pipeline.datasets.class_places import NO_CLASS, class_places
from pipeline.datasets.groups import Groups, join_groups
from pipeline.datasets.splits import assign_parts
from pipeline.errors import SettingsError
from pipeline.ids.text_blocks import HeldTexts
from pipeline.recipes.dataset import SplitSettings


def alone(n):
    return Groups(row=np.arange(n), names=HeldTexts([f"s{row:05d}" for row in range(n)]))


def shares(parts, classes, n_classes):
    counts = np.array(
        [[((parts == part) & (classes == label)).sum() for label in range(n_classes)] for part in (0, 1, 2)]
    )
    return counts / counts.sum(axis=0)


@pytest.mark.replaces("4most", "M3")
def test_each_part_has_its_share_of_every_class_to_within_a_row():
    counts = [5000, 600, 90, 40]
    classes = np.random.default_rng(1).permutation(np.repeat(np.arange(4), counts))
    split = SplitSettings(test=0.2, validation=0.1, stratify=True)
    parts = assign_parts(alone(len(classes)), classes, split, classes=classes)
    wanted = np.array([0.7, 0.1, 0.2])[:, None]
    assert (abs(shares(parts, classes, 4) - wanted) * counts <= 1.0).all()
    drawn = assign_parts(alone(len(classes)), classes, SplitSettings(test=0.2, validation=0.1), classes=classes)
    assert (abs(shares(drawn, classes, 4) - wanted) * counts).max() > 3


def test_the_order_of_the_rows_moves_none_and_another_seed_does():
    classes = np.arange(300) % 3
    names = np.array([f"s{row:03d}" for row in range(300)])
    order = np.random.default_rng(0).permutation(300)
    split = SplitSettings(stratify=True)
    parts = assign_parts(Groups(row=np.arange(300), names=HeldTexts(names)), names, split, classes=classes)
    moved = Groups(row=np.arange(300), names=HeldTexts(names[order]))
    np.testing.assert_array_equal(assign_parts(moved, names, split, classes=classes[order]), parts[order])
    other = assign_parts(alone(300), names, SplitSettings(stratify=True, seed=2), classes=classes)
    assert (other != parts).any()


def test_a_group_stays_together_with_its_rarest_class():
    classes = np.array([0] * 80 + [1] * 20)
    pair = np.arange(100) % 80
    groups = join_groups([pair], HeldTexts([f"g{number:02d}" for number in pair]))
    split = SplitSettings(test=0.25, validation=0.25, stratify=True)
    parts = assign_parts(groups, pair, split, classes=classes)
    assert (parts[:20] == parts[80:]).all()
    assert [int((parts[80:] == part).sum()) for part in (TRAIN, VALIDATION, TEST)] == [10, 5, 5]


def test_each_row_is_tested_in_one_fold_and_each_fold_has_every_class():
    classes = np.array([0] * 45 + [1] * 10 + [NO_CLASS] * 5)
    split = SplitSettings(folds=5, stratify=True)
    parts = np.array([assign_parts(alone(60), classes, split, fold, classes=classes) for fold in range(5)])
    held = parts == TEST
    assert (held.sum(axis=0) == 1).all()
    assert held[:, :45].sum(axis=1).tolist() == [9] * 5
    assert held[:, 45:55].sum(axis=1).tolist() == [2] * 5
    assert ((parts == VALIDATION)[:, 45:55].sum(axis=1) >= 1).all()


def test_rows_that_are_divided_already_take_no_room():
    classes = np.zeros(10, int)
    place = class_places(alone(10), classes, np.arange(10) < 4, "x")
    assert sorted(place[:4]) == [0.125, 0.375, 0.625, 0.875]
    assert class_places(alone(0), np.zeros(0, int), np.zeros(0, bool), "x").tolist() == []


def test_held_nights_are_not_stratified():
    with pytest.raises(SettingsError, match="stratify is true and by is 'night'; allowed with stratify: object"):
        SplitSettings(by="night", stratify=True)
    assert set(PARTS.values()) >= {TRAIN, VALIDATION, TEST}
