"""Verdicts of people become labels of a data set, and no row changes its part."""

import numpy as np
import pytest
from verdict_tables import verdict_table

from pipeline.io.results.dataset_file import open_dataset
from pipeline.recipes.dataset import DatasetRecipe, SplitSettings
from pipeline.recipes.people_labels import PeopleLabels
from pipeline.stages.build_dataset import build_dataset
from pipeline.stages.snapshot_labels import snapshot_labels

PEOPLE = PeopleLabels(until="2026-02-01T00:00:00")
NAMES = [f"o{row // 2:02d}{row % 2}" for row in range(180)]
"""Two detections of each of 90 objects; an object is called as its detections less the last digit."""


@pytest.fixture(scope="module")
def source(make_rows, make_cutouts, tmp_path_factory):
    """Return the cutout file of 180 rows, the last 20 of them without a label."""
    objects = [name[:-1] for name in NAMES]
    label = np.where(np.arange(180) < 160, np.arange(180) // 2 % 2, -1)
    sources = np.where(label >= 0, "list", "").tolist()
    rows = make_rows(NAMES, object_id=objects, label=label, label_source=sources, night=["2026-01-05"] * 180)
    return make_cutouts(tmp_path_factory.mktemp("people") / "in.h5", rows)


@pytest.fixture
def build(source, tmp_path):
    """Return a function that builds the data set, and gives part, label and source by id."""

    def make(*verdicts, **recipe):
        folder, path = tmp_path / "snapshot", tmp_path / "d.h5"
        folder.mkdir(exist_ok=True)
        path.unlink(missing_ok=True)
        snapshot_labels(folder, verdict_table(*verdicts), PEOPLE)
        recipe = DatasetRecipe(
            survey="toy", nights=("2026-01-05",), people=PEOPLE if verdicts else None,
            split=SplitSettings(minimum_groups=1), **recipe,
        )  # fmt: skip
        build_dataset(
            path, sources=[source], recipe=recipe, linked_within_arcsec=3.0, fold=0, fingerprint="f", provenance={},
            people=folder if verdicts else None,
        )  # fmt: skip
        with open_dataset(path) as data:
            return data.file.candidates().assign(split=data.split).set_index("candidate_id").sort_index()

    return make


def test_every_row_stays_in_its_part_whatever_people_say_of_all_of_them(build):
    before = build()
    flipped = [("ada", name, "bogus" if label else "real") for name, label in before["label"].items()]
    after = build(*flipped)
    assert (after["label"] == 1 - before["label"]).all()
    assert (after["label_source"] == "eyeball").all()
    assert (after["split"] == before["split"]).all()
    assert (after["group_id"] == before["group_id"]).all()


def test_rows_that_nobody_had_labelled_come_in_and_move_no_other(build):
    before = build()
    after = build(("ada", "o800", "real"), ("bob", "o810", "bogus", {"of": "object"}), ("ada", "o820", "unsure"))
    assert sorted(set(after.index) - set(before.index)) == ["o800", "o810", "o811"]
    assert after["label"][["o800", "o810", "o811"]].tolist() == [1, 0, 0]
    assert (after["split"][before.index] == before["split"]).all()


def test_a_bad_detection_does_not_damn_its_object_nor_its_night(build):
    before = build()
    after = build(("ada", "o030", "bogus"))
    changed = before.index[before["label"] != after["label"]].tolist()
    assert changed == ["o030"]
    assert after["label"]["o031"] == 1


def test_a_correction_in_a_relabel_file_is_preferred(build, tmp_path):
    (tmp_path / "new.csv").write_text("o030,1\n")
    after = build(("ada", "o030", "bogus"), ("ada", "o050", "bogus"), relabel=str(tmp_path / "new.csv"))
    assert after["label"][["o030", "o050"]].tolist() == [1, 0]


def test_rows_are_balanced_by_the_labels_that_people_gave_and_stay_in_their_parts(build):
    before = build(max_ratio=1.0)
    after = build(*[("ada", name, "bogus") for name in NAMES[2:20]], max_ratio=1.0)
    both = before.index.intersection(after.index)
    assert (after["split"][both] == before["split"][both]).all()
    counts = after[after["split"] < 2].groupby(["split", "label"]).size().unstack()
    assert (counts[0] == counts[1]).all()


def crowded(make_rows, make_cutouts, folder, n=240, width=90.0):
    """Write 240 candidates in a field so small that many cutouts overlap, half of them without a label, two nights."""
    rng = np.random.default_rng(5)
    label = np.where(np.arange(n) % 2, -1, rng.integers(0, 2, n))
    names = [f"c{place:03d}0" for place in range(n)]
    rows = make_rows(
        names, object_id=[f"s{place // 3}" for place in range(n)], group_id=[""] * n, label=label,
        label_source=np.where(label >= 0, np.where(rng.random(n) < 0.2, "bogus_draw", "list"), "").tolist(),
        night=[f"2026-01-0{1 + place % 6}" for place in range(n)], exposure_id=["e1"] * n,
        x_pixel=rng.uniform(0, width, n), y_pixel=rng.uniform(0, width, n),
        ra_deg=10 + rng.uniform(0, width, n) / 3600, dec_deg=rng.uniform(0, width, n) / 3600,
    )  # fmt: skip
    return make_cutouts(folder / "crowded.h5", rows), names


@pytest.mark.parametrize(
    ("split", "width"),
    [({}, 90.0), ({"stratify": True}, 2000.0), ({"folds": 3}, 90.0), ({"by": "night"}, 90.0)],
    ids=["crowded", "stratify", "crowded-folds", "crowded-night"],
)
def test_labels_for_half_of_the_rows_neither_move_nor_oust_one_that_was_there(
    split, width, make_rows, make_cutouts, tmp_path
):
    source, names = crowded(make_rows, make_cutouts, tmp_path, width=width)
    folder = tmp_path / "snapshot"
    folder.mkdir()
    rng = np.random.default_rng(6)
    said = [("ada", name, ("bogus", "real")[rng.integers(2)]) for name in names if rng.random() < 0.9]
    snapshot_labels(folder, verdict_table(*said), PEOPLE)
    parts = []
    for people in (None, folder):
        recipe = DatasetRecipe(
            survey="toy", nights=("2026-01-01",), people=PEOPLE if people else None,
            split=SplitSettings(**{"minimum_groups": 0, "test": 0.3, "validation": 0.3} | split),
        )  # fmt: skip
        path = tmp_path / f"{bool(people)}.h5"
        build_dataset(
            path, sources=[source], recipe=recipe, linked_within_arcsec=1.0, fold=0, fingerprint="f", provenance={},
            people=people,
        )  # fmt: skip
        with open_dataset(path) as data:
            rows = data.file.candidates().assign(split=data.split)
            parts.append(rows.set_index("candidate_id"))
    before, after = parts
    assert set(before.index) <= set(after.index)
    assert len(after) > len(before) + 10
    assert (after["split"][before.index] == before["split"]).all()
    assert (after.groupby("object_id")["split"].nunique() == 1).all()
    assert (after.groupby("group_id")["split"].nunique() == 1).all()


def test_a_row_that_links_objects_of_two_parts_is_left_out_and_says_so(make_rows, make_cutouts, tmp_path):
    """One row more is of the object of one and of the group of another, which are in different parts; one is not."""
    names, numbers = [f"p{place:02d}" for place in range(40)], range(40)
    folder = tmp_path / "snapshot"
    folder.mkdir()
    said = [("ada", "between", "real"), ("ada", "beside", "real")]
    snapshot_labels(folder, verdict_table(*said), PEOPLE)

    def built(name, more, label, objects, groups, people):
        rows = make_rows(
            [*names, *more], object_id=[f"o{place}" for place in numbers] + objects,
            group_id=[f"g{place}" for place in numbers] + groups, label=[place % 2 for place in numbers] + label,
            label_source=["list"] * 40 + [""] * len(more), night=["2026-01-05"] * (40 + len(more)),
        )  # fmt: skip
        source, path = make_cutouts(tmp_path / f"in-{name}.h5", rows), tmp_path / f"{name}.h5"
        recipe = DatasetRecipe(
            survey="toy",
            nights=("2026-01-05",),
            people=PEOPLE if people else None,
            split=SplitSettings(minimum_groups=1),
        )
        build_dataset(
            path, sources=[source], recipe=recipe, linked_within_arcsec=1.0, fold=0, fingerprint="f", provenance={},
            people=people,
        )  # fmt: skip
        with open_dataset(path) as data:
            split = data.file.candidates().assign(split=data.split).set_index("candidate_id")["split"].to_dict()
            return split, data.file.table("dropped").set_index("candidate_id")["reason"].to_dict()

    before, _ = built("before", [], [], [], [], None)
    one = next(place for place in numbers if before[names[place]] == 0)
    other, third = [place for place in numbers if before[names[place]] == 2][:2]
    objects, groups = [f"o{one}", f"o{third}"], [f"g{other}", ""]
    after, dropped = built("after", ["between", "beside"], [-1, -1], objects, groups, folder)
    assert after == before | {"beside": 2}
    assert dropped == {"between": "links objects of two parts"}
