"""A batch is made of rows and pixels in one order: completed, described, settled at the edges."""

import numpy as np
import pandas as pd
import pytest

from pipeline.cutouts.missing import Flag
from pipeline.io.results.schema import CANDIDATE_COLUMNS
from pipeline.settings import parse
from pipeline.surveys.batches import batch_of, places_of
from pipeline.surveys.edge_policy import Outside
from pipeline.surveys.settings import SurveySettings


def settings(**changes):
    common = {"source": "alert_table", "telescope": "T1", "longitude_deg": 0.0, "pixel_scale_arcsec": 1.0, "input": {}}
    common |= {"closed": {"after_hours": 0}, "defaults": {"dataset": "d", "classifier": "c"}}
    return parse(SurveySettings, common | {"channels": ["science"], "cutout_size_pixel": 4, **changes}, "toy.yaml")


@pytest.fixture
def rows():
    ids = pd.DataFrame({"candidate_id": ["a", "b", "c"], "object_id": ["o", "o", "p"]})
    return ids.assign(ra_deg=[1.0, 2.0, 400.0], x_pixel=[11.0, 12.0, 13.0], y_pixel=21.0)


@pytest.fixture
def pixels():
    drawn = np.arange(48, dtype=np.float32).reshape(3, 4, 4, 1)
    drawn[1, :, 0] = np.nan
    return drawn


def test_rows_are_completed_described_and_settled(rows, pixels):
    batch = batch_of(rows, pixels, settings(pixel_origin=1, edges="constant", edge_value=9.0))
    assert set(batch.candidates) == set(CANDIDATE_COLUMNS)
    assert batch.candidates["candidate_id"].tolist() == ["a", "b"]
    assert batch.candidates["x_pixel"].tolist() == [10.0, 11.0]
    assert batch.candidates["edge_fraction"].tolist() == [0.0, 0.25]
    assert batch.candidates["flags"].tolist() == [0, int(Flag.EDGE)]
    assert batch.cutouts[1, :, 0, 0].tolist() == [9.0] * 4
    assert batch.dropped.to_numpy().tolist() == [["c", "cut", "ra_deg is outside 0 to 360"]]


def test_an_exposure_says_what_its_candidates_do_not_and_when_a_pixel_is_full(rows, pixels):
    batch = batch_of(rows[:2], pixels[:2], settings(), exposure={"band": "g", "saturation": 30.0})
    assert batch.candidates["band"].tolist() == ["g", "g"]
    assert [bool(flags & Flag.SATURATED) for flags in batch.candidates["flags"]] == [False, True]


def test_what_lies_outside_may_be_known_from_the_image(rows, pixels):
    outside = Outside(edge_fraction=np.array([0.6, 0.0], np.float32))
    batch = batch_of(rows[:2], pixels[:2], settings(), outside=outside)
    assert batch.candidates["candidate_id"].tolist() == ["b"]


def test_columns_that_a_source_knows_are_not_left_blank(rows, pixels):
    plain = batch_of(rows[:2], pixels[:2], settings()).candidates
    assert (plain["label"].tolist(), plain["group_id"].tolist()) == ([-1, -1], ["o", "o"])
    stated = {"label": np.array([1, 0], np.int8), "group_id": ["g", "h"]}
    known = batch_of(rows[:2], pixels[:2], settings(), stated=stated).candidates
    assert (known["label"].tolist(), known["group_id"].tolist()) == ([1, 0], ["g", "h"])


def test_candidates_without_a_place_are_listed(rows, pixels):
    batch = batch_of(rows[:2], pixels[:2], settings(), unplaced=rows[2:].assign(ra_deg=4.0))
    assert batch.dropped.to_numpy().tolist() == [["c", "cut", "position is not finite"]]


@pytest.mark.parametrize("origin", [0, 1])
def test_places_are_counted_from_the_origin_of_the_survey(rows, origin):
    x, y = places_of(rows, settings(pixel_origin=origin))
    assert (x.tolist(), y.tolist()) == ([11.0 - origin, 12.0 - origin, 13.0 - origin], [21.0 - origin] * 3)
    assert np.isnan(places_of(rows[["candidate_id"]], settings())).all()
