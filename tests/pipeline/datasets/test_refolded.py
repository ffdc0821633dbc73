import numpy as np
import pandas as pd
import pytest

from models.training.in_memory import MemoryDataSet
from pipeline.classes import LEARNED_PARTS, LEFT_OUT, TRAIN, VALIDATION
from pipeline.datasets.overlaps import Footprints, overlapping
from pipeline.datasets.refolded import RefoldedDataSet, refolded_parts
from pipeline.errors import DataSetError, SettingsError
from pipeline.recipes.learned_fold import LearnedFold

FOLDS = 4
NEVER = "injected"


def frame(count, start, rng):
    """Return rows of groups of one to five, a tenth of them real, and a fifth of a source that only trains."""
    label = (rng.random(count) < 0.1).astype(np.int8)
    nowhere = np.full(count, np.nan)
    return pd.DataFrame(
        {
            "candidate_id": [f"c{start + row}" for row in range(count)],
            "group_id": [f"g{start}-{group}" for group in np.sort(rng.integers(0, count // 2, count))],
            "exposure_id": "",
            "detector": "",
            "label": label,
            "label_source": np.where(rng.random(count) < 0.2, NEVER, "eye") if start == 0 else "eye",
            "kind": "",
            **dict.fromkeys(("x_pixel", "y_pixel", "ra_deg", "dec_deg"), nowhere),
        }
    )


@pytest.fixture
def whole():
    """Return a data set of 400, 150 and 100 rows, the first pixel of which is the number of the row."""
    rng, parts = np.random.default_rng(5), {}
    for part, start, count in (("train", 0, 400), ("validation", 1000, 150), ("test", 2000, 100)):
        cutouts = np.zeros((count, 3, 3, 1), np.float32)
        cutouts[:, 0, 0, 0] = start + np.arange(count)
        parts[part] = frame(count, start, rng), cutouts
    return MemoryDataSet(parts=parts, channels=("difference",))


def views(whole):
    return [RefoldedDataSet(whole, LearnedFold(number=number, count=FOLDS)) for number in range(1, FOLDS + 1)]


def learning(whole):
    return pd.concat([whole.candidates(part) for part in LEARNED_PARTS])


def test_every_row_that_may_validate_does_so_in_one_fold_and_no_other_row_in_any(whole):
    held = pd.concat([view.candidates("validation") for view in views(whole)])
    rows = learning(whole)
    assert sorted(held["candidate_id"]) == sorted(rows["candidate_id"][rows["label_source"] != NEVER])


def test_no_group_of_a_fold_that_validates_is_learned_from(whole):
    for view in views(whole):
        train, held = view.candidates("train"), view.candidates("validation")
        assert not set(train["group_id"]) & set(held["group_id"])
        assert not set(train["candidate_id"]) & set(held["candidate_id"])
        assert NEVER in set(train["label_source"])


def test_only_rows_that_never_validate_are_left_out_and_only_of_the_groups_of_the_fold(whole):
    rows = learning(whole)
    for view in views(whole):
        train, held = view.candidates("train"), view.candidates("validation")
        gone = rows[~rows["candidate_id"].isin([*train["candidate_id"], *held["candidate_id"]])]
        assert set(gone["label_source"]) <= {NEVER}
        assert set(gone["group_id"]) <= set(held["group_id"])


def test_each_fold_has_about_its_share_of_each_class(whole):
    counts = np.array([view.candidates("validation")["label"].value_counts().sort_index() for view in views(whole)])
    assert (np.abs(counts - counts.mean(axis=0)) <= 3).all(), counts


def test_the_test_part_is_untouched(whole):
    for view in views(whole):
        assert view.candidates("test") is whole.candidates("test")
        assert view.cutouts("test") is whole.cutouts("test")
        assert [rows for rows, _ in view.batches("test", 64)] == [rows for rows, _ in whole.batches("test", 64)]


@pytest.mark.parametrize("part", LEARNED_PARTS)
@pytest.mark.parametrize("size", [7, 1000])
def test_blocks_are_the_rows_in_their_order(whole, part, size):
    view = views(whole)[1]
    numbers = view.candidates(part)["candidate_id"].str[1:].astype(float).to_numpy()
    np.testing.assert_array_equal(view.cutouts(part)[:, 0, 0, 0], numbers)
    read = np.full(len(numbers), np.nan)
    for rows, cutouts in view.batches(part, size):
        assert 0 < rows.stop - rows.start <= size
        assert np.isnan(read[rows]).all()
        read[rows] = cutouts[:, 0, 0, 0]
    np.testing.assert_array_equal(read, numbers)


def test_each_fold_is_a_data_set_of_its_own_and_the_same_when_made_again(whole):
    prints = [view.fingerprint for view in views(whole)]
    assert len({*prints, whole.fingerprint}) == FOLDS + 1
    assert prints == [view.fingerprint for view in views(whole)]
    other = RefoldedDataSet(whole, LearnedFold(number=1, count=FOLDS + 1))
    assert other.fingerprint not in prints


def sky(count, side_arcsec, seed=2):
    """Return rows at random places of a square, each a group of its own, and where they are."""
    rng = np.random.default_rng(seed)
    ra, dec = rng.uniform(0.0, side_arcsec / 3600.0, (2, count))
    nowhere = np.full(count, np.nan)
    rows = pd.DataFrame(
        {"candidate_id": [f"c{row}" for row in range(count)], "group_id": "", "label": rng.integers(0, 2, count)}
    )
    places = Footprints(
        exposure=nowhere, x_pixel=nowhere, y_pixel=nowhere, ra_deg=ra, dec_deg=dec, size_pixel=20,
        pixel_scale_arcsec=1.0,
    )  # fmt: skip
    return rows, places


@pytest.mark.parametrize(("side_arcsec", "most_lost"), [(20_000, 0.05), (1_600, 0.1)], ids=["sparse", "crowded"])
def test_no_row_that_trains_shares_a_pixel_with_one_that_validates(side_arcsec, most_lost):
    rows, places = sky(2000, side_arcsec)
    validated = np.zeros(len(rows), int)
    for number in range(1, 4):
        parts = refolded_parts(rows, np.zeros(len(rows), bool), places, LearnedFold(number=number, count=3))
        train, held = (np.flatnonzero(parts == part) for part in (TRAIN, VALIDATION))
        assert not overlapping(places, train, held).any()
        assert (parts == LEFT_OUT).mean() < most_lost
        validated[held] += 1
    assert (validated == 1).all()


@pytest.mark.parametrize("text", ["2/5", "1/2", "100/100"])
def test_a_learned_fold_is_read_as_it_is_written(text):
    assert str(LearnedFold.parse(text)) == text


@pytest.mark.parametrize("text", ["0/5", "6/5", "1/1", "1/101", "2", "a/b", "-1/5", "2/5/1"])
def test_another_text_is_refused_with_what_is_allowed(text):
    with pytest.raises(SettingsError, match=rf"learned fold '{text}'; allowed: which of how many, such as 2/5"):
        LearnedFold.parse(text)


def test_more_folds_than_a_class_has_groups_are_refused_before_any_is_trained(whole):
    rows = learning(whole)
    reals = rows[(rows["label"] == 1) & (rows["label_source"] != NEVER)]
    most = reals["group_id"].nunique()
    assert 2 < most < 100
    RefoldedDataSet(whole, LearnedFold(number=1, count=most))
    message = (
        rf"'folds' is {most + 1}, but class real has {most} groups of rows that may validate; allowed: 2 to {most}"
    )
    with pytest.raises(DataSetError, match=message):
        RefoldedDataSet(whole, LearnedFold(number=1, count=most + 1))
