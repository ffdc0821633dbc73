"""The setting ``edges`` holds for cutouts that came without an image, and for those whose image is known."""

import numpy as np
import pandas as pd
import pytest

from pipeline.cutouts.missing import Flag
from pipeline.settings import parse
from pipeline.surveys.candidate_columns import describe_pixels
from pipeline.surveys.edge_policy import Outside, apply_edge_policy, missing_border, outside_of_cutouts
from pipeline.surveys.settings import SurveySettings


def settings(**changes):
    common = {"source": "alert_table", "telescope": "T1", "longitude_deg": 0.0, "pixel_scale_arcsec": 1.0, "input": {}}
    common |= {"closed": {"after_hours": 0}, "defaults": {"dataset": "d", "classifier": "c"}}
    return parse(SurveySettings, common | {"channels": ["science"], "cutout_size_pixel": 4, **changes}, "toy.yaml")


@pytest.fixture
def cutouts():
    """Three cutouts: one whole, one with a missing border, one with a hole."""
    pixels = np.arange(48, dtype=np.float32).reshape(3, 4, 4, 1)
    pixels[1, :, 0] = np.nan
    pixels[2, 2, 2] = np.nan
    return pixels


def settle(pixels, outside=None, unplaced=None, **changes):
    """Return the batch of cutouts called whole, border and hole, or as many of them as there are."""
    outside = outside_of_cutouts(pixels) if outside is None else outside
    rows = pd.DataFrame({"candidate_id": ["whole", "border", "hole"][: len(pixels)]})
    describe_pixels(rows, pixels, outside.edge_fraction, ("science",))
    return apply_edge_policy(pixels, rows, outside, settings(**changes), unplaced)


@pytest.mark.parametrize(("edges", "left"), [("reflect", 18.0), ("constant", 5.0), ("median", 24.0)])
def test_a_missing_border_is_filled_and_a_hole_is_not(cutouts, edges, left):
    before = cutouts.copy()
    found = settle(cutouts, edges=edges, edge_value=5.0)
    assert found.cutouts[1, 0, 0, 0] == left
    assert np.isnan(found.cutouts[2, 2, 2, 0])
    np.testing.assert_array_equal(found.cutouts[[0, 2]], before[[0, 2]])
    np.testing.assert_array_equal(cutouts, before)
    assert found.candidates["nan_fraction"].tolist() == [0.0, 0.0, 0.0625]
    assert found.candidates["flags"][1] & Flag.EDGE


def test_missing_leaves_the_pixels_as_they_are(cutouts):
    found = settle(cutouts)
    assert found.cutouts is cutouts
    assert found.candidates["nan_fraction"].tolist() == [0.0, 0.25, 0.0625]


def test_drop_leaves_out_and_lists_who_reaches_beyond(cutouts):
    found = settle(cutouts, edges="drop")
    assert found.candidates["candidate_id"].tolist() == ["whole", "hole"]
    assert len(found.cutouts) == 2
    assert found.dropped.to_numpy().tolist() == [["border", "cut", "outside the image"]]


def test_a_border_that_is_missing_on_the_image_is_not_filled(cutouts):
    """The image of the second reaches beyond at the top; its missing column lies on the image."""
    cutouts[1, 0] = np.nan
    box = np.array([[0, 4, 0, 4], [1, 4, 0, 4], [0, 4, 0, 4]])
    outside = Outside(edge_fraction=np.array([0, 0.25, 0], np.float32), inside={"science": box})
    found = settle(cutouts, outside, edges="constant", edge_value=5.0)
    np.testing.assert_array_equal(found.cutouts[1, 0, 1:, 0], 5.0)
    assert np.isnan(found.cutouts[1, 1:, 0, 0]).all()
    assert found.candidates["nan_fraction"].tolist() == pytest.approx([0.0, 3 / 16, 1 / 16])


def test_who_lies_too_far_outside_is_dropped_and_all_outside_even_when_that_is_allowed():
    pixels = np.zeros((3, 4, 4, 1), np.float32)
    outside = Outside(edge_fraction=np.array([0.5, 0.99, 1.0], np.float32))
    assert settle(pixels, outside, max_edge_fraction=0.5).candidates["candidate_id"].tolist() == ["whole"]
    found = settle(pixels, outside, max_edge_fraction=1.0)
    assert found.candidates["candidate_id"].tolist() == ["whole", "border"]
    assert found.dropped.to_dict("list") == {"candidate_id": ["hole"], "step": ["cut"], "reason": ["outside the image"]}


def test_a_candidate_without_a_place_says_which_number_kept_it_from_one():
    lost = pd.DataFrame({"candidate_id": ["a", "b"], "ra_deg": [10.0, np.nan], "dec_deg": [500.0, 2.0]})
    found = settle(np.zeros((1, 4, 4, 1), np.float32), unplaced=lost)
    assert found.dropped["candidate_id"].tolist() == ["a", "b"]
    assert found.dropped["reason"].tolist() == ["dec_deg is outside -90 to 90", "position is not finite"]


@pytest.mark.parametrize("edges", ["missing", "drop", "reflect"])
def test_no_cutouts_are_an_empty_batch(edges):
    found = settle(np.zeros((0, 4, 4, 1), np.float32), edges=edges)
    assert (len(found.cutouts), len(found.candidates), len(found.dropped)) == (0, 0, 0)


def test_the_edge_of_a_stamp_is_its_missing_border_in_every_channel():
    stamps = np.zeros((4, 10, 10, 2), np.float32)
    stamps[0, :2] = np.nan
    stamps[1, 5] = np.nan
    stamps[2, :2, :, 0] = np.nan
    stamps[3, :1] = stamps[3, :, :1] = np.nan
    np.testing.assert_allclose(missing_border(np.isnan(stamps)), [0.2, 0, 0, 0.19])
    assert missing_border(np.isnan(stamps[:0])).shape == (0,)


@pytest.mark.parametrize("known", [True, False])
def test_what_lies_outside_is_as_all_pixels_say(known):
    pixels = np.random.default_rng(0).normal(size=(5, 10, 10, 3)).astype(np.float32)
    pixels[1, :2] = pixels[2, 5, 5, 0] = pixels[3, ..., 1] = pixels[4] = np.nan
    missing = np.isnan(pixels)
    outside = outside_of_cutouts(pixels, missing if known else None)
    np.testing.assert_array_equal(outside.edge_fraction, missing_border(missing))
    np.testing.assert_array_equal(outside.missing, missing.sum(axis=(1, 2)))
    assert outside.edge_fraction.tolist() == pytest.approx([0, 0.2, 0, 0, 0])
