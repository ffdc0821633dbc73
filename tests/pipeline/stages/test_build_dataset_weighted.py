"""Weights of rows from a list: which rows a data set loses by them, and what the others weigh."""

import numpy as np
import pytest

from models.recipes.classifier import load
from models.training.rows import select_rows
from pipeline.errors import DataSetError, InputError, SettingsError
from pipeline.io.results.content import content_sha256
from pipeline.io.results.dataset_file import open_dataset
from pipeline.recipes.dataset import DatasetRecipe, SplitSettings
from pipeline.recipes.row_weights import RowWeights
from pipeline.settings import parse
from pipeline.stages.build_dataset import build_dataset


@pytest.fixture
def build(make_rows, make_cutouts, tmp_path):
    """Return a function that builds the data set of 60 rows, and gives its rows by id."""
    names = [f"{row:03d}" for row in range(60)]
    rows = make_rows(
        names, object_id=[f"o{row // 2}" for row in range(60)], label=np.arange(60) // 2 % 2, label_source=["list"] * 60
    )
    source = make_cutouts(tmp_path / "in.h5", rows)

    def make(text="", **settings):
        (tmp_path / "weights.csv").write_text(text)
        weights = RowWeights(file=str(tmp_path / "weights.csv"), **settings) if text else None
        recipe = DatasetRecipe(
            survey="toy", nights=("2026-01-01",), split=SplitSettings(minimum_groups=1), weights=weights
        )
        path = tmp_path / "d.h5"
        path.unlink(missing_ok=True)
        build_dataset(
            path, sources=[source], recipe=recipe, linked_within_arcsec=3.0, fold=0, fingerprint="f", provenance={}
        )
        with open_dataset(path) as data:
            return data.file.candidates().assign(split=data.split).set_index("candidate_id").sort_index()

    make.path = tmp_path / "d.h5"
    return make


def some_of(rows, part, count=2):
    return rows.index[rows["split"] == part][:count].tolist()


def listed(ids, weights=()):
    head = "candidate_id,weight\n" if len(weights) else "rank,candidate_id\n"
    pairs = zip(ids, weights, strict=True) if len(weights) else enumerate(ids, 1)
    return head + "".join(f"{one},{other}\n" for one, other in pairs)


def test_stated_weights_are_those_of_the_rows_and_rows_of_weight_0_are_in_no_part(build):
    before = build()
    ids = [some_of(before, part) for part in (0, 1, 2)]
    chosen = [name for pair in ids for name in pair]
    after = build(listed(chosen, [0, 0.25, 0, 0.5, 0, 2]))
    gone = [pair[0] for pair in ids]
    assert set(before.index) - set(after.index) == set(gone)
    assert after["weight"][[pair[1] for pair in ids]].tolist() == [0.25, 0.5, 2.0]
    assert (after["weight"].drop([pair[1] for pair in ids]) == 1).all()
    assert (after["split"] == before["split"].drop(gone)).all()


def test_a_list_of_suspicious_labels_drops_what_teaches_and_leaves_the_test_rows(build):
    before = build()
    ids = [name for part in (0, 1, 2) for name in some_of(before, part)]
    after = build(listed(ids), rule="drop")
    assert set(before.index) - set(after.index) == set(ids[:4])
    assert "weight" not in after
    first = build(listed(ids), rule="drop", first=1)
    assert set(before.index) - set(first.index) == set(ids[:1])


def test_or_weighs_them_less(build):
    before = build()
    ids = some_of(before, 0)
    after = build(listed(ids), rule="down_weight", factor=0.3)
    assert after.index.equals(before.index)
    assert after["weight"][ids].tolist() == pytest.approx([0.3, 0.3])
    with open_dataset(build.path) as data:
        recipe = load({"classifier": "boosting", "class_weight": "none"}, "test")
        train, validation = select_rows(data, recipe)
        names = data.candidates("train")["candidate_id"]
        np.testing.assert_allclose(train.weights, np.where(names.isin(ids), 0.3, 1.0), rtol=1e-6)
        assert (validation.weights == 1).all()


def test_what_the_list_does_not_name_stays_as_it_was(build):
    build()
    before = content_sha256(build.path)
    assert "weight" not in build(listed(["000"], [1.0]))
    assert content_sha256(build.path) == before


def test_the_dropped_rows_say_why(build):
    before = build()
    (name,) = some_of(before, 0, 1)
    build(listed([name]), rule="drop")
    with open_dataset(build.path) as data:
        dropped = data.file.table("dropped")
    assert dropped.loc[dropped["candidate_id"] == name, "reason"].tolist() == ["weight 0"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("candidate_id,weight\n000,1\n001,nan\n", "row 3: weight is 'nan'; allowed: finite, 0 and above"),
        ("candidate_id,weight\n000,-1\n", "row 2: weight is '-1'; allowed"),
        ("candidate_id,weight\n000,inf\n", "row 2: weight is 'inf'; allowed"),
        ("candidate_id,weight\n000,\n", "row 2: weight is ''; allowed"),
        ("candidate_id,weight\n000,1\n000,1\n", "row 3: candidate_id '000' already appears in row 2"),
        ("candidate_id,weight\nz,1\n", "candidate_id 'z' belongs to no row of the data set"),
        ("rank,candidate_id\n1,000\n", "column 'weight' is missing; there: rank, candidate_id; a list of suspicious"),
    ],
)
def test_weights_that_cannot_be_are_errors_that_name_the_row(build, text, words):
    with pytest.raises(InputError, match=words):
        build(text)


def test_a_class_without_any_weight_is_refused(build):
    before = build()
    reals = before.index[(before["label"] == 1) & (before["split"] == 0)]
    with pytest.raises(DataSetError, match="the train part holds"):
        build(listed(reals), rule="drop")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"file": ""}, "weights.file is empty"),
        ({"file": "a", "factor": -0.1}, "weights.factor is -0.1; allowed: 0 to 1"),
        ({"file": "a", "first": -1}, "weights.first is -1"),
        ({"file": "a", "rule": "forget"}, "forget"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings, words):
    with pytest.raises(SettingsError, match=words):
        parse(RowWeights, settings, "recipe")
