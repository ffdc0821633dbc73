import numpy as np
import pandas as pd
import pytest
from small_datasets import NEVER, rows_of, small_dataset

from pipeline.classes import LEARNED_PARTS, LEFT_OUT, TEST, TRAIN, VALIDATION
from pipeline.datasets.held_folds import HeldFoldDataSet, held_parts
from pipeline.datasets.overlaps import Footprints
from pipeline.errors import DataSetError
from pipeline.recipes.learned_fold import LearnedFold

FOLDS = 4


@pytest.fixture
def whole():
    return small_dataset()


def views(whole, by="object"):
    return [HeldFoldDataSet(whole, LearnedFold(number=number, count=FOLDS), by) for number in range(1, FOLDS + 1)]


def learned(view):
    return pd.concat([view.candidates(part) for part in LEARNED_PARTS])


@pytest.mark.parametrize("by", ["object", "night"])
def test_every_row_that_teaches_is_held_out_once_also_those_that_never_judge(whole, by):
    held = pd.concat([view.candidates("test") for view in views(whole, by)])
    rows = pd.concat([whole.candidates(part) for part in LEARNED_PARTS])
    assert NEVER in set(held["label_source"])
    assert sorted(held["candidate_id"]) == sorted(rows["candidate_id"])


@pytest.mark.parametrize("by", ["object", "night"])
def test_nothing_is_learned_from_the_groups_of_the_fold(whole, by):
    for view in views(whole, by):
        held, train, validation = (view.candidates(part) for part in ("test", "train", "validation"))
        assert not set(held["group_id"]) & {*train["group_id"], *validation["group_id"]}
        assert not set(train["group_id"]) & set(validation["group_id"])
        assert NEVER not in set(validation["label_source"])
        assert set(validation["label"]) == set(train["label"]) == {0, 1}


def test_by_night_no_night_of_the_fold_is_learned_from(whole):
    for view in views(whole, "night"):
        assert not set(view.candidates("test")["night"]) & set(learned(view)["night"])


def test_pixels_go_with_their_rows(whole):
    view = views(whole)[1]
    for part in ("train", "validation", "test"):
        numbers = [int(name[1:]) for name in view.candidates(part)["candidate_id"]]
        blocks = list(view.batches(part, 7))
        assert np.concatenate([pixels for _, pixels in blocks])[:, 0, 0, 0].astype(int).tolist() == numbers
        assert [rows.start for rows, _ in blocks] == list(range(0, len(numbers), 7))
        assert view.cutouts(part)[:, 0, 0, 0].astype(int).tolist() == numbers


def test_no_row_that_is_learned_from_shares_a_pixel_with_the_fold():
    rng = np.random.default_rng(1)
    rows = rows_of(300, 0, rng)
    x, y = (rng.integers(0, 120, 300).astype(np.float64) for _ in range(2))
    nowhere = np.full(300, np.nan)
    places = Footprints(exposure=np.zeros(300), x_pixel=x, y_pixel=y, ra_deg=nowhere, dec_deg=nowhere, size_pixel=3,
                        pixel_scale_arcsec=1.0)  # fmt: skip
    for number in (1, 2):
        fold = LearnedFold(number=number, count=2)
        parts = held_parts(rows, np.zeros(300, bool), places, fold, "object")
        assert (parts == TEST).sum() > 100
        assert (parts == TRAIN).sum() > 30
        for one, others in ((TRAIN, TEST), (TRAIN, VALIDATION), (VALIDATION, TEST)):
            near = [abs(x[a] - x[b]) < 3 and abs(y[a] - y[b]) < 3
                    for a in np.flatnonzero(parts == one) for b in np.flatnonzero(parts == others)]  # fmt: skip
            assert not any(near), (one, others)
        assert (parts == LEFT_OUT).any()


def test_more_folds_than_a_class_has_groups_or_there_are_nights_are_refused(whole):
    whole.candidates("train")["label"] = np.int8(0)
    validation = whole.candidates("validation")
    most = validation["group_id"][validation["label"] == 1].nunique()
    with pytest.raises(
        DataSetError, match=rf"row_folds is {most + 1}, but class real has {most} groups; allowed: 2 to"
    ):
        HeldFoldDataSet(whole, LearnedFold(number=1, count=most + 1))
    with pytest.raises(DataSetError, match="the rows that teach are of 8 nights"):
        HeldFoldDataSet(whole, LearnedFold(number=1, count=9), "night")


def test_another_fold_or_way_is_another_identity(whole):
    assert len({view.fingerprint for by in ("object", "night") for view in views(whole, by)}) == 2 * FOLDS
