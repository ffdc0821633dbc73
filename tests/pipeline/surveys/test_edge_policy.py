"""The setting ``edges`` holds for stamps that came without an image, and leaves filled ones alone."""

import numpy as np
import pandas as pd
import pytest

from pipeline.cutouts.missing import Flag
from pipeline.settings import parse
from pipeline.surveys.base import Batch
from pipeline.surveys.candidate_columns import describe_stamps
from pipeline.surveys.edge_policy import apply_edge_policy
from pipeline.surveys.settings import SurveySettings


def settings(**given):
    common = {"source": "alert_table", "telescope": "T1", "longitude_deg": 0.0, "pixel_scale_arcsec": 1.0, "input": {}}
    common |= {"closed": {"after_hours": 0}, "defaults": {"dataset": "d", "classifier": "c"}}
    return parse(SurveySettings, common | {"channels": ["science"], "cutout_size_pixel": 4, **given}, "toy.yaml")


@pytest.fixture
def batch():
    """Three stamps: one whole, one with a missing border, one with a hole."""
    pixels = np.arange(48, dtype=np.float32).reshape(3, 4, 4, 1)
    pixels[1, :, 0] = np.nan
    pixels[2, 2, 2] = np.nan
    rows = pd.DataFrame({"candidate_id": ["whole", "border", "hole"]})
    describe_stamps(rows, pixels, ("science",))
    return Batch(cutouts=pixels, candidates=rows)


@pytest.mark.parametrize(("edges", "left"), [("reflect", 18.0), ("constant", 5.0), ("median", 24.0)])
def test_a_missing_border_is_filled_and_a_hole_is_not(batch, edges, left):
    before = batch.cutouts.copy()
    found = apply_edge_policy(batch, settings(edges=edges, edge_value=5.0))
    assert found.cutouts[1, 0, 0, 0] == left
    assert np.isnan(found.cutouts[2, 2, 2, 0])
    np.testing.assert_array_equal(found.cutouts[[0, 2]], before[[0, 2]])
    np.testing.assert_array_equal(batch.cutouts, before)
    assert found.candidates["nan_fraction"].tolist() == [0.0, 0.0, 0.0625]
    assert found.candidates["flags"][1] & Flag.EDGE
    again = apply_edge_policy(found, settings(edges=edges, edge_value=9.0))
    np.testing.assert_array_equal(again.cutouts, found.cutouts)


def test_missing_changes_nothing_at_all(batch):
    assert apply_edge_policy(batch, settings()) is batch


def test_drop_leaves_out_and_lists_who_reaches_beyond(batch):
    found = apply_edge_policy(batch, settings(edges="drop"))
    assert found.candidates["candidate_id"].tolist() == ["whole", "hole"]
    assert len(found.cutouts) == 2
    assert found.dropped.to_numpy().tolist() == [["border", "cut", "outside the image"]]


def test_a_batch_without_candidates_is_left_alone():
    empty = Batch(cutouts=np.zeros((0, 4, 4, 1), np.float32), candidates=pd.DataFrame(), lost=1)
    assert apply_edge_policy(empty, settings(edges="drop")) is empty
