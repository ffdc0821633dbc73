"""A data set of rows of a table: neither pixels nor nights nor, often, a place on the sky, and groups all the same."""

import logging

import numpy as np
import pytest

from pipeline.datasets.leakage import BY_TABLE, Separation
from pipeline.io.results import schema
from pipeline.io.results.cutout_file import CutoutWriter
from pipeline.io.results.cutout_header import CutoutHeader
from pipeline.io.results.dataset_file import open_dataset
from pipeline.recipes.dataset import DatasetRecipe, SplitSettings
from pipeline.report.caveats import separated
from pipeline.stages.build_dataset import build_dataset

ROWS = 60
PARTS = ("train", "validation", "test")


@pytest.fixture
def built(tmp_path, make_rows):
    """Return a function that builds a data set of rows whose objects, places and features it is told."""

    def build(objects, ra_deg, dec_deg, features, folds=0, fold=0, stratify=False):
        names = [f"s{row:03d}" for row in range(len(objects))]
        rows = make_rows(names, object_id=objects, label=np.arange(len(names)) % 2, label_source=["rule"] * len(names),
                         night=["all"] * len(names), time_mjd=np.nan, x_pixel=np.nan, y_pixel=np.nan,
                         ra_deg=ra_deg, dec_deg=dec_deg)  # fmt: skip
        path, made = tmp_path / "rows.h5", tmp_path / f"d{fold}.h5"
        if not path.exists():
            with CutoutWriter(path, CutoutHeader(survey="toy", channels=("g", "r"), kind="table")) as writer:
                writer.append(features.astype(np.float32)[:, None, None, :], rows)
        split = SplitSettings(minimum_groups=1, folds=folds, stratify=stratify)
        recipe = DatasetRecipe(survey="toy", nights=("all",), split=split)
        build_dataset(made, sources=[path], recipe=recipe, linked_within_arcsec=3.0, fold=fold, fingerprint="f",
                      provenance={})  # fmt: skip
        return open_dataset(made)

    return build


def features(rows=ROWS):
    return np.arange(2 * rows, dtype=float).reshape(rows, 2)


def parts_of(data):
    rows = {part: data.candidates(part) for part in PARTS}
    return {name: part for part, table in rows.items() for name in table["candidate_id"]}


def test_rows_without_a_place_are_joined_by_object_and_features_alone(built, caplog):
    objects = [f"o{row // 2}" for row in range(ROWS)]
    values = features()
    values[7] = values[50]
    nowhere = [np.nan] * ROWS
    with caplog.at_level(logging.INFO), built(objects, nowhere, nowhere, values) as data:
        part = parts_of(data)
        separation = Separation.from_facts(data.file.provenance[schema.SEPARATION])
    assert len(part) == ROWS, "no row was dropped"
    assert all(part[f"s{row:03d}"] == part[f"s{row + 1:03d}"] for row in range(0, ROWS, 2))
    assert part["s007"] == part["s050"]
    assert len(set(part.values())) == 3
    assert (separation.divided_by, separation.unplaced, separation.training) == (BY_TABLE, ROWS, 0)
    said = "60 rows state no place on the sky and are joined by ids and equal features alone"
    assert said in caplog.text
    assert said in separated([separation.facts()])[0]


def test_near_rows_stay_together_and_crowds_cost_nothing(built):
    pair = np.arange(ROWS) // 2
    ra, dec = 10 + pair / 360.0, np.where(np.arange(ROWS) % 2, 1.0 / 3600, 0.0)
    with built([f"o{row}" for row in range(ROWS)], ra, dec, features()) as data:
        part = parts_of(data)
        separation = Separation.from_facts(data.file.provenance[schema.SEPARATION])
    assert len(part) == ROWS
    assert all(part[f"s{row:03d}"] == part[f"s{row + 1:03d}"] for row in range(0, ROWS, 2))
    assert (separation.unplaced, separation.cells) == (0, 0)
    assert "no place" not in separation.words()


def test_each_row_is_tested_in_one_of_the_folds(built):
    nowhere = [np.nan] * ROWS
    tested = []
    for fold in range(3):
        with built([f"o{row}" for row in range(ROWS)], nowhere, nowhere, features(), folds=3, fold=fold) as data:
            tested += data.candidates("test")["candidate_id"].tolist()
    assert sorted(tested) == [f"s{row:03d}" for row in range(ROWS)]


@pytest.mark.replaces("4most", "M3")
def test_each_part_of_a_stratified_table_has_every_class_alike(built, caplog):
    nowhere = [np.nan] * ROWS
    with caplog.at_level(logging.INFO):
        data = built([f"o{row}" for row in range(ROWS)], nowhere, nowhere, features(), stratify=True)
    with data:
        counts = [np.bincount(data.candidates(part)["label"]).tolist() for part in PARTS]
    assert counts == [[18, 18], [6, 6], [6, 6]]
    assert "train 36: bogus 18 (50.0 %), real 18 (50.0 %); validation 12: bogus 6 (50.0 %)" in caplog.text
