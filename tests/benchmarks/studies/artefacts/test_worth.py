"""The rows and measures that the worth of the artefacts is judged by."""

import numpy as np
import pytest

from benchmarks.studies.artefacts.rows import Alerts, divided
from benchmarks.studies.artefacts.without import mean_of_folds
from benchmarks.studies.artefacts.worth import Judged
from pipeline.classes import TEST, TRAIN
from pipeline.datasets.divided_rows import Nearness
from pipeline.metrics import METRICS
from pipeline.recipes.dataset import DatasetRecipe, SplitSettings
from pipeline.recipes.simulation import SimulationRecipe
from pipeline.recipes.stamps import StampSimulation


@pytest.fixture
def alerts(make_rows):
    names = [f"c{number:02d}" for number in range(60)]
    nights = [f"2026-01-0{1 + number % 6}" for number in range(60)]
    split = SplitSettings(by="night", folds=3, minimum_groups=0)
    return Alerts(
        rows=make_rows(
            names, night=nights, label=np.arange(60) // 6 % 2, label_source=["eye"] * 60, group_id=[""] * 60
        ),
        pixels=np.arange(60, dtype=np.float32)[:, None, None, None] * np.ones((1, 3, 3, 3), dtype=np.float32),
        features=np.zeros((60, 2), dtype=np.float32),
        recipe=DatasetRecipe(
            survey="toy", nights=("2026-01-01",), split=split, training_only=("self_made", "injected")
        ),
        simulation=SimulationRecipe(stamps=StampSimulation()),
        near=Nearness(linked_arcsec=3.0, size_pixel=3, pixel_scale_arcsec=1.0),
    )


def test_a_made_row_never_trains_where_its_parent_or_the_parents_night_judges(alerts):
    parents = np.repeat(np.flatnonzero(alerts.rows["label"] == 1), 2)
    origin = np.concatenate([np.arange(60), parents, parents])
    judged = []
    for fold in range(3):
        rows = divided(alerts, parents, parents, fold)
        nights = alerts.rows["night"].to_numpy()[origin[rows["row"]]]
        held = rows["split"] == TEST
        assert not set(nights[held]) & set(nights[~held])
        assert set(rows["label_source"][held]) <= {"eye"}
        assert set(rows["row"][rows["split"] == TRAIN]) & set(range(60, 60 + 2 * len(parents)))
        assert (rows["group_id"].to_numpy() == alerts.rows["object_id"].to_numpy()[origin[rows["row"]]]).all()
        judged += rows["row"][held].tolist()
    assert sorted(judged) == list(range(60))


def test_folds_whose_scores_have_another_zero_are_not_compared():
    labels, folds = np.tile([0, 1], 20), np.repeat([0, 1], 20)
    scores = labels + 2.0 * folds
    judged = Judged(labels=labels, groups=np.arange(40).astype(str), folds=folds, scores=scores[:, None])
    assert METRICS["auc"](labels, scores) == 0.75
    assert mean_of_folds(judged)(np.ones((1, 40))).tolist() == [1.0]
