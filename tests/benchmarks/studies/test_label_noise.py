"""The studies of wrong labels and of what to label next, on features of which one tells the class."""

import numpy as np
import pytest
from small_datasets import rows_of

from benchmarks.studies import label_noise, learning_curves
from models.training.in_memory import MemoryDataSet


@pytest.fixture
def table():
    rng, parts = np.random.default_rng(1), {}
    for part, start, count in (("train", 0, 500), ("validation", 1000, 150), ("test", 2000, 100)):
        rows = rows_of(count, start, rng).assign(label_source="eye")
        features = np.stack([rows["label"] + rng.normal(0, 0.2, count), rng.normal(0, 1, count)], axis=1)
        parts[part] = rows, features.astype(np.float32)[:, None, None, :]
    return MemoryDataSet(parts=parts, channels=("tells", "noise"), pixel_scale_arcsec=float("nan"))


def test_the_line_counts_what_was_planted_and_found(table):
    truth = {part: rows["label"].to_numpy() for part, (rows, _) in table.parts.items()}
    line = label_noise.line_of(table, truth, 0.2, 1)
    wrong, total = line[1].split(" % of ")
    assert int(total) == 650
    assert 15 < float(wrong) < 25
    precision, recall = (float(cell.removesuffix(" %")) for cell in line[3:5])
    assert precision > 60
    assert recall > 35


def test_chosen_labels_begin_where_random_ones_do_and_are_judged_after_each_round(table):
    pool, test = (
        learning_curves.Rows(features=pixels[:, 0, 0].astype(np.float64), labels=rows["label"].to_numpy())
        for rows, pixels in (table.parts["train"], table.parts["test"])
    )
    curves = {name: list(learning_curves.curve(pool, test, name, 1)) for name in ("random", "margin")}
    assert curves["random"][0] == curves["margin"][0]
    assert {len(curve) for curve in curves.values()} == {learning_curves.ROUNDS + 1}
    assert min(curve[-1] for curve in curves.values()) > 0.9
