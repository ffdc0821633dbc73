import logging
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipeline.classes import LEFT_OUT, TEST, TRAIN, VALIDATION
from pipeline.datasets.choice import choose_rows as choose_places
from pipeline.datasets.divided_rows import Nearness, RowIds
from pipeline.errors import DataSetError
from pipeline.ids.text_blocks import HeldTexts
from pipeline.recipes.dataset import DatasetRecipe, SplitSettings


def recipe(**values):
    settings = {"minimum_groups": 0, **values.pop("split", {})}
    return DatasetRecipe(survey="toy", nights=("2026-01-01",), split=SplitSettings(**settings), **values)


def table(make_rows, count=60, **columns):
    """Return rows of two alternating classes over six nights, each an object of its own, and their digests."""
    columns = {
        "label": np.arange(count) % 2,
        "label_source": ["eye"] * count,
        "night": [f"2026-01-0{1 + i % 6}" for i in range(count)],
        **columns,
    }
    rows = make_rows([f"c{i:03d}" for i in range(count)], **columns)
    rows["source"], rows["row"] = np.arange(count) % 3, np.arange(count) // 3
    return rows, np.arange(count, dtype=np.uint64)


def choose_rows(rows, digests, settings, linked, fold=0, size=3, classes=("bogus", "real")):
    """Return the choice with each row's ``source`` and ``row``, and the ids of the dropped."""
    ids = {name: HeldTexts(rows[f"{name}_id"]) for name in ("candidate", "object", "group")}
    ids["image"] = HeldTexts(rows["exposure_id"])
    near = Nearness(linked_arcsec=linked, size_pixel=size, pixel_scale_arcsec=1.0)
    known = rows.assign(digest=digests, first_label=rows["label"])
    choice = choose_places(known, RowIds(**ids), settings, near, fold, classes)
    chosen = choice.chosen.assign(**{name: rows[name].to_numpy()[choice.chosen["place"]] for name in ("source", "row")})
    names = rows["candidate_id"].to_numpy()[choice.dropped["place"]]
    return replace(choice, chosen=chosen, dropped=choice.dropped.assign(candidate_id=names).sort_values("candidate_id"))


def ids_of(choice, rows):
    """Return the ids of the chosen rows in their order."""
    place = rows.set_index(["source", "row"])["candidate_id"]
    return place.loc[list(zip(choice.chosen["source"], choice.chosen["row"], strict=True))].tolist()


def parts_of(choice, rows):
    return dict(zip(ids_of(choice, rows), choice.chosen["split"], strict=True))


def test_every_row_is_chosen_once_or_dropped_with_a_reason(make_rows):
    rows, digests = table(make_rows, label=np.arange(60) % 3 - 1)
    choice = choose_rows(rows, digests, recipe(), 3.0)
    assert sorted(ids_of(choice, rows) + choice.dropped["candidate_id"].tolist()) == rows["candidate_id"].tolist()
    assert set(choice.dropped["reason"]) == {"no label"}
    assert len(choice.dropped) == 20


def test_parts_stand_in_order_and_within_them_rows_are_shuffled(make_rows):
    rows, digests = table(make_rows)
    choice = choose_rows(rows, digests, recipe(), 3.0)
    assert choice.chosen["split"].is_monotonic_increasing
    train = [name for name, part in parts_of(choice, rows).items() if part == TRAIN]
    assert train != sorted(train)


def test_neither_the_order_of_rows_nor_of_files_counts(make_rows):
    rows, digests = table(make_rows)
    choice = choose_rows(rows, digests, recipe(max_ratio=1.0), 3.0)
    turned = rows.iloc[::-1].reset_index(drop=True)
    turned["source"] = 2 - turned["source"]
    other = choose_rows(turned, digests[::-1], recipe(max_ratio=1.0), 3.0)
    assert ids_of(other, turned) == ids_of(choice, rows)
    assert other.dropped["candidate_id"].tolist() == choice.dropped["candidate_id"].tolist()


@pytest.mark.parametrize("by", ["object", "night"])
def test_adding_nights_before_and_after_never_moves_old_rows(make_rows, by):
    nights = [f"2026-02-{1 + i % 20:02d}" for i in range(80)]
    objects = [f"o{i % 30}" for i in range(80)]
    rows, digests = table(make_rows, 80, night=nights, object_id=objects, group_id=objects)
    settings = recipe(split={"by": by, "test": 0.3})
    some = rows[rows["night"].between("2026-02-05", "2026-02-12")].reset_index(drop=True)
    before = parts_of(choose_rows(some, digests[some.index], settings, 0.0), some)
    after = parts_of(choose_rows(rows, digests, settings, 0.0), rows)
    if by == "object":
        assert all(after[name] == part for name, part in before.items())
    else:  # a row may be left out when a held night joins, but never change its part
        assert all(after.get(name, part) == part for name, part in before.items())


def test_equal_pixels_neighbours_objects_and_movers_are_never_in_two_parts(make_rows):
    count = 120
    pairs = np.arange(count) // 2
    kind = pairs % 4
    objects = [f"o{pair}" if k == 0 else f"o{i}x" for i, (pair, k) in enumerate(zip(pairs, kind, strict=True))]
    groups = [f"mover {pair}" if k == 1 else name for name, pair, k in zip(objects, pairs, kind, strict=True)]
    degrees = np.where(kind == 2, pairs * 1.0, np.arange(count) + 100.0)
    rows, digests = table(
        make_rows,
        count,
        object_id=objects,
        group_id=groups,
        ra_deg=degrees,
        dec_deg=np.where(np.arange(count) % 2, 1e-4, 0),
    )
    digests = np.where(kind == 3, pairs, np.arange(count) + 1000).astype(np.uint64)
    parts = parts_of(choose_rows(rows, digests, recipe(split={"test": 0.4}), 3.0), rows)
    together = [(parts[f"c{2 * pair:03d}"], parts[f"c{2 * pair + 1:03d}"]) for pair in range(count // 2)]
    assert all(one == two for one, two in together)
    assert len(set(together)) == 3


def test_rows_that_only_train_are_never_validated_on_or_judged(make_rows):
    sources = ["injected" if i % 3 == 0 else "eye" for i in range(90)]
    rows, digests = table(make_rows, 90, label_source=sources)
    choice = choose_rows(rows, digests, recipe(training_only=("injected",)), 3.0)
    chosen = choice.chosen
    assert set(chosen["split"][chosen["label_source"] == "injected"]) == {TRAIN}
    assert set(choice.dropped["reason"]) == {"training only, outside training"}


@pytest.mark.parametrize("training_only", [(), ("teacher",)])
def test_guessed_bogus_train_only_whatever_the_recipe_says(make_rows, caplog, training_only):
    rows, digests = table(make_rows, 90, label=np.arange(90) % 3 - 1)
    rows.loc[rows["label"] < 0, "label_source"] = ""
    with caplog.at_level(logging.WARNING):
        choice = choose_rows(rows, digests, recipe(unlabelled="bogus", training_only=training_only), 3.0)
    guessed = choice.chosen[choice.chosen["label_source"] == "unlabelled"]
    assert len(guessed)
    assert set(guessed["split"]) == {TRAIN}
    assert set(guessed["label"]) == {0}
    assert "30 unlabelled rows count as bogus in training; 50.0 % of the labelled rows are real" in caplog.text


def test_the_ratio_thins_the_larger_class_of_train_and_validation_alone(make_rows):
    label = (np.arange(300) % 6 == 0).astype(int)
    rows, digests = table(make_rows, 300, label=label)
    choice = choose_rows(rows, digests, recipe(max_ratio=2.0), 3.0)
    counts = choice.chosen.groupby(["split", "label"]).size().unstack()
    assert counts.loc[TRAIN, 0] == 2 * counts.loc[TRAIN, 1]
    assert counts.loc[VALIDATION, 0] == 2 * counts.loc[VALIDATION, 1]
    whole = choose_rows(rows, digests, recipe(), 3.0).chosen
    assert (choice.chosen["split"] == TEST).sum() == (whole["split"] == TEST).sum()
    assert set(choice.dropped["reason"]) == {"class ratio"}


@pytest.mark.replaces("gmadet", "O6")
@pytest.mark.parametrize("frac_true", [0.3, 0.5, 0.8])
def test_a_share_of_reals_is_drawn_by_ids_in_train_and_validation_alone(make_rows, frac_true):
    label = (np.arange(300) % 6 == 0).astype(int)
    rows, digests = table(make_rows, 300, label=label)
    whole = choose_rows(rows, digests, recipe(), 3.0)
    choice = choose_rows(rows, digests, recipe(frac_true=frac_true), 3.0)
    for part in (TRAIN, VALIDATION):
        there, stay = ((found.chosen["split"] == part) & (found.chosen["label"] == 1) for found in (whole, choice))
        bogus = (choice.chosen["split"] == part) & (choice.chosen["label"] == 0)
        assert stay.sum() == min(there.sum(), int(2 * there.sum() * frac_true))
        assert bogus.sum() == int(2 * there.sum() * (1 - frac_true))
    assert (choice.chosen["split"] == TEST).sum() == (whole.chosen["split"] == TEST).sum()
    assert set(choice.dropped["reason"]) == {"class ratio"}
    turned = choose_rows(rows[::-1].reset_index(drop=True), digests[::-1], recipe(frac_true=frac_true), 3.0)
    assert turned.dropped["candidate_id"].tolist() == choice.dropped["candidate_id"].tolist()
    other = choose_rows(rows, digests, recipe(frac_true=frac_true, split={"seed": 2}), 3.0)
    assert other.dropped["candidate_id"].tolist() != choice.dropped["candidate_id"].tolist()


def test_the_night_block_is_listed(make_rows):
    objects = [f"o{i % 12}" for i in range(60)]
    nights = [f"2026-01-{1 + i % 25:02d}" for i in range(60)]
    rows, digests = table(make_rows, object_id=objects, group_id=objects, night=nights)
    choice = choose_rows(rows, digests, recipe(split={"by": "night", "test": 0.1}), 3.0)
    assert "night block" in set(choice.dropped["reason"])
    assert LEFT_OUT not in set(choice.chosen["split"])


def test_of_a_candidate_in_two_files_the_labelled_row_stays(make_rows):
    rows, digests = table(make_rows, 20)
    again = rows[:4].assign(source=9, label=-1, label_source="")
    both = pd.concat([again, rows], ignore_index=True)
    choice = choose_rows(both, np.concatenate([digests[:4], digests]), recipe(), 3.0)
    assert choice.dropped["candidate_id"].tolist() == ["c000", "c001", "c002", "c003"]
    assert set(choice.dropped["reason"]) == {"candidate_id twice"}
    assert 9 not in set(choice.chosen["source"])


def test_a_candidate_that_is_real_here_and_bogus_there_is_an_error(make_rows):
    rows, digests = table(make_rows, 4)
    both = pd.concat([rows, rows[2:3].assign(label=1 - rows["label"][2], source=9)], ignore_index=True)
    with pytest.raises(DataSetError, match="candidate_id 'c002' is real in one cutout file and bogus in another"):
        choose_rows(both, np.append(digests, np.uint64(99)), recipe(), 3.0)


def test_each_row_is_judged_by_one_fold(make_rows):
    rows, digests = table(make_rows)
    held = []
    for fold in range(3):
        parts = parts_of(choose_rows(rows, digests, recipe(split={"folds": 3}), 3.0, fold), rows)
        held += [name for name, part in parts.items() if part == TEST]
    assert sorted(held) == rows["candidate_id"].tolist()


def test_one_class_one_object_and_no_row_are_too_few(make_rows):
    settings = recipe(split={"minimum_groups": 1})
    rows, digests = table(make_rows)
    for case in (rows.assign(label=1), rows.assign(object_id="o", group_id="o"), rows[:0]):
        with pytest.raises(DataSetError, match="part holds"):
            choose_rows(case.copy(), digests[: len(case)], settings, 3.0)


def test_four_classes_are_divided_thinned_and_named(make_rows):
    classes = ("Others", "ELG", "LRG", "QSO")
    rows, digests = table(make_rows, 400, label=np.minimum(np.arange(400) % 8, 3))
    choice = choose_rows(rows, digests, recipe(max_ratio=1.5), 0.0, classes=classes)
    counts = choice.chosen.groupby(["split", "label"]).size().unstack()
    for part in (0, 1):
        assert counts.loc[part].max() <= 1.5 * counts.loc[part].min()
        assert set(counts.columns) == {0, 1, 2, 3}
    rows["label"] = np.minimum(rows["label"], 2)
    with pytest.raises(DataSetError, match=r"of ELG, \d+ of LRG and 0 of QSO"):
        choose_rows(rows, digests, recipe(split={"minimum_groups": 1}), 0.0, classes=classes)
    with pytest.raises(
        DataSetError, match="unlabelled is 'bogus', which knows real and bogus; the survey has 4 classes"
    ):
        choose_rows(rows, digests, recipe(unlabelled="bogus"), 0.0, classes=classes)
    twice = pd.concat([rows, rows[:1].assign(label=2, source=9)], ignore_index=True)
    with pytest.raises(DataSetError, match="'c000' is LRG in one cutout file and Others in another"):
        choose_rows(twice, np.arange(401, dtype=np.uint64), recipe(), 0.0, classes=classes)


@pytest.mark.replaces("galaxy10", "Z2")
def test_a_share_of_the_groups_leaves_every_row_in_the_part_that_it_has_in_the_whole(make_rows):
    rows, digests = table(make_rows, count=400)
    split = {"validation": 0.3, "test": 0.1, "seed": 42}
    whole = parts_of(choose_rows(rows, digests, recipe(split=split), 3.0), rows)
    some = choose_rows(rows, digests, recipe(split=split, share=0.25), 3.0)
    chosen = parts_of(some, rows)
    assert 0.17 < len(chosen) / len(whole) < 0.33
    assert chosen.items() <= whole.items()
    assert set(some.dropped["reason"]) == {"share of the groups"}
    smaller = parts_of(choose_rows(rows, digests, recipe(split=split, share=0.1), 3.0), rows)
    assert smaller.items() <= chosen.items()
    counts = np.bincount(list(whole.values()), minlength=3) / 400
    np.testing.assert_allclose(counts, [0.6, 0.3, 0.1], atol=0.06)


def test_stated_parts_divide_rows_and_what_they_leave_out_is_listed(make_rows):
    rows, digests = table(make_rows)
    part = np.repeat([0.0, 1.0, 2.0], 20)
    part[5] = np.nan
    choice = choose_rows(rows.assign(part=part), digests, recipe(split={"by": "part"}), 3.0)
    wanted = dict(zip(rows["candidate_id"], part, strict=True))
    assert parts_of(choice, rows) == {name: part for name, part in wanted.items() if name != "c005"}
    assert choice.dropped[["candidate_id", "reason"]].values.tolist() == [
        ["c005", "no part, or a group of another part"]
    ]
