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
            split=SplitSettings(**{"minimum_groups": 1, **recipe.pop("split", {})}), **recipe,
        )  # fmt: skip
        build_dataset(
            path, sources=[source], recipe=recipe, linked_within_arcsec=3.0, fold=0, fingerprint="f", provenance={},
            people=folder if verdicts else None,
        )  # fmt: skip
        with open_dataset(path) as data:
            return data.file.candidates().assign(split=data.split).set_index("candidate_id").sort_index()

    return make


@pytest.mark.parametrize("split", [{}, {"stratify": True}, {"folds": 4}], ids=["hash", "stratify", "folds"])
def test_every_row_stays_in_its_part_whatever_people_say_of_all_of_them(build, split):
    before = build(split=split)
    flipped = [("ada", name, "bogus" if label else "real") for name, label in before["label"].items()]
    after = build(*flipped, split=split)
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
