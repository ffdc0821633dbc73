"""Parts of a data set share no pixel, counted pixel by pixel, and what that costs is said."""

import json

import numpy as np
import pandas as pd
import pytest
from crowded_fields import SIZE, field
from timing import cpu_seconds

from pipeline.classes import TEST, TRAIN, VALIDATION
from pipeline.datasets.choice import choose_rows
from pipeline.datasets.divided_rows import Nearness, RowIds
from pipeline.datasets.leakage import OVERLAPS, Separation
from pipeline.errors import DataSetError
from pipeline.ids.text_blocks import HeldTexts
from pipeline.recipes.dataset import DatasetRecipe, SplitSettings

CROWDED, SPARSE = {"count": 900, "side": 700}, {"count": 250, "side": 2500}
WAYS = ({"by": "object"}, {"by": "night", "test": 0.3}, {"folds": 2}, {"by": "night", "folds": 2})


def choose(rows, fold=0, first=None, **split):
    """Return the choice of rows, whose labels were ``first`` before the recipe's new ones."""
    settings = SplitSettings(**{"minimum_groups": 1, **split})
    settings = DatasetRecipe(survey="toy", nights=("2026-01-01",), split=settings)
    ids = {name: HeldTexts(rows[f"{name}_id"]) for name in ("candidate", "object", "group")}
    ids = RowIds(image=HeldTexts(rows["exposure_id"] + "\n" + rows["detector"]), **ids)
    near = Nearness(linked_arcsec=0.5, size_pixel=SIZE, pixel_scale_arcsec=1.0)
    table = rows.assign(
        digest=np.arange(len(rows), dtype=np.uint64), first_label=rows["label"] if first is None else first
    )
    return choose_rows(table, ids, settings, near, fold)


def rows_of(choice, part):
    return choice.chosen["place"][choice.chosen["split"] == part].to_numpy()


def dropped(choice):
    return choice.dropped["place"][choice.dropped["reason"] == OVERLAPS].to_numpy()


@pytest.mark.parametrize("where", [CROWDED, SPARSE], ids=["crowded", "sparse"])
@pytest.mark.parametrize(
    "settings", [{"by": "object"}, {"by": "night", "test": 0.3}, {"folds": 3}, {"by": "night", "folds": 3}]
)
@pytest.mark.parametrize("seed", [1, 2])
def test_no_part_shows_a_pixel_of_another(make_rows, where, settings, seed):
    sky = field(make_rows, **where, seed=seed)
    for fold in range(settings.get("folds", 1)):
        choice = choose(sky.rows, fold, seed=seed, **settings)
        shown = {part: sky.pixels(rows_of(choice, part)) for part in (TRAIN, VALIDATION, TEST)}
        assert all(shown.values())
        assert not shown[TRAIN] & (shown[VALIDATION] | shown[TEST])
        assert not shown[VALIDATION] & shown[TEST]


@pytest.mark.parametrize("where", [CROWDED, SPARSE], ids=["crowded", "sparse"])
def test_rows_are_dropped_near_other_parts_alone(make_rows, where):
    sky = field(make_rows, **where)
    choice = choose(sky.rows)
    assert len(dropped(choice))
    judged = sky.rows.iloc[np.concatenate([rows_of(choice, TEST), rows_of(choice, VALIDATION)])]
    east = sky.rows["ra_deg"].to_numpy()[dropped(choice), None] - judged["ra_deg"].to_numpy()
    north = sky.rows["dec_deg"].to_numpy()[dropped(choice), None] - judged["dec_deg"].to_numpy()
    assert (np.hypot(east, north).min(axis=1) * 3600 < 1.5 * (SIZE + 1)).all()


def test_of_two_exposures_the_shared_template_counts(make_rows):
    sky = field(make_rows, **SPARSE, exposures=60)
    alone = choose(sky.rows.assign(ra_deg=np.nan, dec_deg=np.nan))
    assert len(dropped(choose(sky.rows))) > 5 * len(dropped(alone))


def test_of_one_exposure_pixels_count_without_a_place_on_the_sky(make_rows):
    sky = field(make_rows, **SPARSE, exposures=1)
    choice = choose(sky.rows.assign(ra_deg=np.nan, dec_deg=np.nan))
    shown = {part: sky.pixels(rows_of(choice, part)) for part in (TRAIN, VALIDATION, TEST)}
    assert len(dropped(choice))
    assert not shown[TRAIN] & (shown[VALIDATION] | shown[TEST])


def test_two_detectors_of_an_exposure_are_two_images(make_rows):
    sky = field(make_rows, count=400, side=700, exposures=1)
    apart = sky.rows.assign(ra_deg=np.nan, dec_deg=np.nan, detector=[f"d{row}" for row in range(400)])
    assert not len(dropped(choose(apart)))
    assert choose(apart).separation.overlapping_share == 0


def test_few_overlaps_leave_the_groups_as_they_were(make_rows):
    sky = field(make_rows, **SPARSE)
    separation = choose(sky.rows).separation
    assert separation.divided_by == "groups"
    assert 0 < separation.lost_share == separation.overlapping_share <= 0.3
    assert separation.cells == 0


def test_crowded_fields_are_divided_by_cells_of_the_sky_with_a_band_between(make_rows):
    sky = field(make_rows, **CROWDED)
    choice = choose(sky.rows)
    separation = choice.separation
    assert separation.divided_by == "sky cells"
    assert separation.overlapping_share > 0.3 > separation.lost_share > 0
    assert separation.cell_arcsec == 8 * SIZE
    assert separation.training + separation.validation == len(dropped(choice))
    places = sky.rows[["ra_deg", "dec_deg"]].to_numpy() * 3600
    for part in (TRAIN, VALIDATION):
        mine = rows_of(choice, part)
        others = np.concatenate([rows_of(choice, other) for other in (TEST, VALIDATION) if other > part])
        apart = np.abs(places[mine, None] - places[others]).max(axis=2)
        assert apart.min() >= SIZE


def test_the_switch_is_at_three_tenths_of_the_training_rows(make_rows, monkeypatch):
    sky = field(make_rows, **SPARSE)
    share = choose(sky.rows).separation.overlapping_share
    for limit, by in ((share, "groups"), (share - 1e-6, "sky cells")):
        monkeypatch.setattr("pipeline.datasets.leakage.MOST_DROPPED", limit)
        assert choose(sky.rows).separation.divided_by == by


def test_all_folds_are_divided_alike_and_each_row_of_a_crowded_field_is_judged_once(make_rows):
    sky = field(make_rows, **CROWDED)
    choices = [choose(sky.rows, fold, folds=4) for fold in range(4)]
    assert {choice.separation.divided_by for choice in choices} == {"sky cells"}
    assert sorted(np.concatenate([rows_of(choice, TEST) for choice in choices])) == list(range(len(sky.rows)))


@pytest.mark.parametrize("by", ["object", "night"])
def test_an_object_on_the_border_of_a_cell_stays_whole(make_rows, by):
    sky = field(make_rows, **CROWDED)
    objects = [f"o{row // 2}" for row in range(len(sky.rows))]
    ra, dec = (np.repeat(sky.rows[name].to_numpy()[::2], 2) for name in ("ra_deg", "dec_deg"))
    dec = dec + np.tile([0.0, 9.0], len(dec) // 2) / 3600
    rows = sky.rows.assign(object_id=objects, group_id=objects, ra_deg=ra, dec_deg=dec, x_pixel=np.nan)
    choice = choose(rows, by=by)
    assert choice.separation.divided_by == "sky cells"
    part = pd.Series(choice.chosen["split"].to_numpy(), np.array(objects)[choice.chosen["place"]])
    assert (part.groupby(level=0).nunique() == 1).all()


def test_held_nights_are_held_in_crowded_fields_too(make_rows):
    sky = field(make_rows, **CROWDED, exposures=9)
    choice = choose(sky.rows, by="night", test=0.3)
    nights = {part: set(sky.rows["night"].iloc[rows_of(choice, part)]) for part in (TRAIN, VALIDATION, TEST)}
    assert choice.separation.divided_by == "sky cells"
    assert not nights[TEST] & (nights[TRAIN] | nights[VALIDATION])


@pytest.mark.parametrize("where", [CROWDED, SPARSE], ids=["crowded", "sparse"])
@pytest.mark.parametrize("settings", WAYS, ids=str)
def test_neither_the_order_of_rows_nor_of_files_counts(make_rows, where, settings):
    sky = field(make_rows, **where)
    objects = [f"o{row // 3}" for row in range(len(sky.rows))]
    rows = sky.rows.assign(object_id=objects, group_id=objects) if where is CROWDED else sky.rows
    one = choose(rows, **settings)
    for seed in range(3):
        turn = np.random.default_rng(seed).permutation(len(rows))
        two = choose(rows.iloc[turn].reset_index(drop=True), **settings)
        assert one.separation == two.separation
        assert one.chosen["place"].tolist() == turn[two.chosen["place"]].tolist()


def test_new_labels_move_no_row_of_a_crowded_field(make_rows):
    sky = field(make_rows, **CROWDED)
    flipped = sky.rows.assign(label=np.where(np.arange(len(sky.rows)) % 3, 1 - sky.rows["label"], sky.rows["label"]))
    before, after = choose(sky.rows), choose(flipped, first=sky.rows["label"])
    assert before.separation == after.separation
    assert (before.chosen[["place", "split"]] == after.chosen[["place", "split"]]).all(axis=None)


def test_rows_that_neither_judge_nor_validate_cost_no_training_row(make_rows):
    sky = field(make_rows, **CROWDED)
    rows = sky.rows.assign(label_source=np.where(np.arange(len(sky.rows)) % 2, "eye", "injected"))
    choice = choose(rows)
    chosen = np.concatenate([rows_of(choice, part) for part in (TRAIN, VALIDATION, TEST)])
    assert set(rows["label_source"].iloc[rows_of(choice, TEST)]) == {"eye"}
    assert "injected" in set(rows["label_source"].iloc[chosen])
    judged = sky.pixels(np.concatenate([rows_of(choice, TEST), rows_of(choice, VALIDATION)]))
    reach = 1.5 * (SIZE + 1) / 3600
    for place in dropped(choice)[:20]:
        near = (rows["ra_deg"] - rows["ra_deg"][place]).abs().lt(reach)
        near &= (rows["dec_deg"] - rows["dec_deg"][place]).abs().lt(reach)
        assert sky.pixels(np.flatnonzero(near)) & judged


def test_a_class_that_a_part_lost_is_an_error_that_says_what_went_and_what_to_do(make_rows):
    sky = field(make_rows, count=600, side=2500, fields=2)
    choice = choose(sky.rows)
    train = np.flatnonzero(choice.separation.training and np.isin(np.arange(600), dropped(choice)))
    real = np.isin(np.arange(600), train)  # reals are those that go, and nothing else in training
    real |= np.isin(np.arange(600), np.concatenate([rows_of(choice, TEST)[::2], rows_of(choice, VALIDATION)[::2]]))
    rows = sky.rows.assign(label=real.astype(int))
    with pytest.raises(DataSetError) as raised:
        choose(rows)
    words = str(raised.value)
    assert "the train part holds" in words
    assert "0 of real" in words
    assert "real rows of it were dropped because their cutouts overlap another part's" in words
    assert "other fields, another seed or other shares may leave more; " in words
    assert words.endswith("left out: 17 real by eye (cutout overlaps another part)")


def test_a_field_of_few_cells_says_so_where_a_part_lacks_a_class(make_rows):
    sky = field(make_rows, count=200, side=60)
    with pytest.raises(DataSetError, match="its rows are those of some of 4 cells of the sky: other fields"):
        choose(sky.rows)


def test_both_shares_and_all_counts_are_said(make_rows):
    sky = field(make_rows, **CROWDED)
    nowhere = pd.Series(np.arange(len(sky.rows)) % 100 == 0)
    place = {name: sky.rows[name].mask(nowhere) for name in ("ra_deg", "dec_deg", "x_pixel", "y_pixel")}
    separation = choose(sky.rows.assign(**place)).separation
    words = separation.words()
    assert separation.unplaced and words.startswith("no cutout that states its place of the training")
    assert f"{separation.training} training rows ({100 * separation.lost_share:.1f} %)" in words
    assert f"{separation.validation} validation rows that overlap another part were dropped" in words
    assert (
        f"{100 * separation.overlapping_share:.1f} % of the training rows would overlap another part if groups" in words
    )
    assert f"the sky was divided into {separation.cells} cells of 120 arcsec" in words
    assert words.endswith("9 rows state neither a sky position nor a pixel: their overlaps are not known")
    assert Separation.from_facts(json.loads(json.dumps(separation.facts()))) == separation


def test_time_grows_little_faster_than_the_rows(make_rows):
    few, many = (field(make_rows, count=count, side=8 * np.sqrt(count)) for count in (4000, 32_000))
    seconds = cpu_seconds(lambda: choose(few.rows), lambda: choose(many.rows), rounds=2)
    assert seconds[1] < 16 * seconds[0]
