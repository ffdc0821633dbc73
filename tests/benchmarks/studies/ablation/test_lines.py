"""Lines of the ablations, each trained for an epoch on drawn cutouts, and the record that a second run goes on from."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.studies.ablation import lines
from benchmarks.studies.ablation.__main__ import train_missing
from benchmarks.studies.ablation.lines import BASE, LINES, Study
from benchmarks.studies.ablation.rows import Pool
from benchmarks.studies.legacy_networks_table import read_lines, trainings


@pytest.fixture
def study(tmp_path):
    """A pool of bright sources and hot pixels on 15 pixels a side, so that one epoch tells something."""
    rng, n = np.random.default_rng(1), 400
    labels = (np.arange(n) % 3 == 0).astype(np.int8)
    y, x = np.indices((15, 15)) - 7
    shapes = np.stack([(x == 0) & (y == 0), np.exp(-(x**2 + y**2) / 4)])[labels]
    cutouts = rng.normal(size=(n, 15, 15, 3)) + 20 * shapes[..., None] * [1, 0, 1]
    names = [f"c{row}" for row in range(n)]
    nights = [f"2026-01-{1 + row % 4:02d}" for row in range(n)]
    rows = pd.DataFrame({"candidate_id": names, "group_id": names, "night": nights, "label": labels, "kind": "x"})
    ends = {"teach": 120, "stop": 180, "judge": 240, "bogus": 320, "unlabelled": 400}
    places = dict(zip(ends, np.split(np.arange(n), list(ends.values())[:-1]), strict=True))
    places["bogus"] = places["bogus"][labels[places["bogus"]] == 0]
    pool = Pool(
        candidates=rows.assign(label_source="eyeball"),
        cutouts=cutouts.astype(np.float32),
        places=places,
        survey="drawn",
        channels=("science", "template", "difference"),
        pixel_scale_arcsec=1.0,
        fingerprint="0" * 64,
    )
    return Study(pool=pool, epochs=1, scratch=tmp_path)


def test_what_a_line_needs_is_trained_first_and_nothing_twice(study, monkeypatch):
    train_missing(study, ["hard bogus of a larger pool"], 1)
    done = read_lines(study.scratch)
    assert [line["entry"] for line in done] == [BASE, "hard bogus of a larger pool"]
    bogus = (study.labels(study.pool.places["teach"]) == 0).sum()
    assert done[1]["hard"] == round(bogus / 2)
    assert done[1]["rows"] == done[0]["rows"] == 120
    monkeypatch.setattr(lines, "train", None)
    train_missing(study, ["hard bogus of a larger pool", "without mean over orientations"], 1)
    found = {one.line["entry"]: one for one in trainings(study.scratch)}
    assert list(found["without mean over orientations"].parts["test"]["candidate_id"]) == [
        f"c{row}" for row in study.pool.places["judge"]
    ]


def test_hidden_reals_pass_for_bogus_and_are_counted(study):
    found = LINES["histogram_boosting, unlabelled as bogus"].train(study, 1)
    labels = study.labels(study.pool.places["unlabelled"])
    known = round(0.14 * len(labels))
    assert found.facts["contamination"] == pytest.approx((labels.sum() - known) / (len(labels) - known), abs=1e-4)
    assert found.dataset.candidates("train")["label"].sum() == known
    taught = LINES["histogram_boosting, co-teaching on these"].train(study, 1)
    assert not np.array_equal(taught.logits["test"], found.logits["test"])


def test_nights_without_labels_neither_teach_nor_stop_where_few_are_labelled(study):
    few = lines.few_nights_of(study)
    assert few.candidates("train")["night"].nunique() == few.candidates("validation")["night"].nunique() == 1
    assert len(few.candidates("test")) == len(study.pool.places["judge"])
    assert len(few.candidates("train")) == 30
