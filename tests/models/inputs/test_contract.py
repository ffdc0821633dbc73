import dataclasses

import numpy as np
import pytest

from models.inputs.contract import InputContract
from pipeline.errors import IncompatiblePackageError
from pipeline.scores.unlike_training import unlike_words

CONTRACT = InputContract(
    survey="demo",
    channels=("science", "difference"),
    required_channels=("difference",),
    size_pixel=5,
    crop=True,
    pixel_scale_arcsec=1.0,
    pixel_state="raw",
)


@pytest.mark.parametrize("size", range(5, 13))
def test_the_crop_keeps_the_candidate_at_the_middle(size):
    cutouts = np.zeros((1, size, size, 2), np.float32)
    cutouts[0, size // 2, size // 2, 1] = 1.0
    selected = CONTRACT.select(cutouts, CONTRACT.channels)
    assert selected.shape == (1, 5, 5, 2)
    assert selected[0, 2, 2, 1] == 1.0


def test_channels_are_found_by_name():
    cutouts = np.broadcast_to(np.arange(3, dtype=np.float32), (2, 5, 5, 3))
    selected = CONTRACT.select(cutouts, ("science", "template", "difference"))
    assert (selected[..., 0] == 0).all()
    assert (selected[..., 1] == 2).all()


def test_a_row_needs_a_pixel_in_each_required_channel():
    cutouts = np.zeros((4, 5, 5, 2), np.float32)
    cutouts[0, ..., 0] = np.nan
    cutouts[1, ..., 1] = np.nan
    cutouts[2, ..., 1] = 3.4e38
    assert CONTRACT.scorable(cutouts).tolist() == [True, False, False, True]


def test_without_required_channels_a_pixel_in_any_is_enough():
    lenient = dataclasses.replace(CONTRACT, required_channels=())
    cutouts = np.full((2, 5, 5, 2), np.nan, np.float32)
    cutouts[0, 0, 0, 0] = 1.0
    assert lenient.scorable(cutouts).tolist() == [True, False]


def test_every_difference_is_named_with_both_sides():
    with pytest.raises(IncompatiblePackageError) as fault:
        CONTRACT.check(channels=("science",), size_pixel=4, pixel_state="l2")
    message = str(fault.value)
    for part in (
        "needs channels difference, and can do without science",
        "have science",
        "5 pixels",
        "given 4",
        "raw pixels",
        "are l2",
    ):
        assert part in message


def test_a_channel_that_no_row_needs_may_be_absent_and_is_missing_then():
    cutouts = np.ones((2, 5, 5, 1), np.float32)
    CONTRACT.check(channels=("difference",), size_pixel=5)
    selected = CONTRACT.select(cutouts, ("difference",))
    assert np.isnan(selected[..., 0]).all()
    assert (selected[..., 1] == 1).all()
    assert CONTRACT.scorable(selected).all()
    all_or_none = dataclasses.replace(CONTRACT, required_channels=())
    with pytest.raises(IncompatiblePackageError, match="needs channels science, difference; the cutouts have diff"):
        all_or_none.check(channels=("difference",), size_pixel=5)


def test_larger_cutouts_are_refused_without_crop():
    strict = dataclasses.replace(CONTRACT, crop=False)
    with pytest.raises(IncompatiblePackageError, match=r"cutouts of 5 pixels a side; given 6"):
        strict.check(channels=CONTRACT.channels, size_pixel=6)


def test_cutouts_like_those_of_training_are_unlike_in_nothing():
    assert CONTRACT.unlike(survey="demo", pixel_scale_arcsec=1.009, channels=CONTRACT.channels) == {}
    assert CONTRACT.unlike(survey="demo", pixel_scale_arcsec=float("nan"), channels=CONTRACT.channels) == {}
    unknown = dataclasses.replace(CONTRACT, pixel_scale_arcsec=float("nan"))
    assert unknown.unlike(survey="demo", pixel_scale_arcsec=0.2, channels=CONTRACT.channels) == {}


def test_another_survey_and_another_pixel_scale_are_told_with_both_sides():
    assert CONTRACT.unlike(survey="other", pixel_scale_arcsec=0.2, channels=(*CONTRACT.channels, "weight")) == {
        "survey": {"trained": "demo", "scored": "other"},
        "pixel_scale_arcsec": {"trained": 1.0, "scored": 0.2},
    }
    assert set(CONTRACT.unlike(survey="demo", pixel_scale_arcsec=1.02, channels=CONTRACT.channels)) == {
        "pixel_scale_arcsec"
    }


def test_a_channel_that_is_not_there_is_told_with_those_that_are():
    first, *others = CONTRACT.channels
    found = CONTRACT.unlike(survey="demo", pixel_scale_arcsec=1.0, channels=others)
    assert found == {"channels": {"trained": ", ".join([first, *others]), "scored": ", ".join(others)}}
    assert unlike_words(found) == (
        f"a model trained on channels {', '.join([first, *others])} scores channels {', '.join(others)}"
    )


FEATURES = dataclasses.replace(CONTRACT, crop=False, size_pixel_min=3)


@pytest.mark.parametrize(("size", "side"), [(3, 3), (4, 4), (5, 5), (8, 5)])
def test_features_take_any_side_from_their_minimum_on_and_see_at_most_that_of_the_training(size, side):
    cutouts = np.zeros((1, size, size, 2), np.float32)
    cutouts[0, size // 2, size // 2] = 1.0
    selected = FEATURES.select(cutouts, CONTRACT.channels)
    assert selected.shape == (1, side, side, 2)
    assert (selected[0, side // 2, side // 2] == 1.0).all()
    with pytest.raises(IncompatiblePackageError, match="of 3 pixels a side or more; given 2"):
        FEATURES.check(channels=CONTRACT.channels, size_pixel=2)


@pytest.mark.parametrize(("extent", "side"), [(0.6, 3), (1.0, 5), (1.6, 8), (3.0, 11)])
def test_of_finer_pixels_more_are_selected_if_they_are_there(extent, side):
    cutouts = np.zeros((1, 11, 11, 2), np.float32)
    cutouts[0, 5, 5] = 1.0
    selected = FEATURES.select(cutouts, CONTRACT.channels, extent)
    assert selected.shape == (1, side, side, 2)
    assert (selected[0, side // 2, side // 2] == 1.0).all()


def test_what_a_package_states_has_no_minimum_unless_it_is_of_features():
    unknown = dataclasses.replace(CONTRACT, pixel_scale_arcsec=float("nan"))
    assert unknown.stated() == {
        "survey": "demo",
        "channels": ("science", "difference"),
        "required_channels": ("difference",),
        "size_pixel": 5,
        "crop": True,
        "pixel_scale_arcsec": None,
        "pixel_state": "raw",
    }
    assert FEATURES.stated()["size_pixel_min"] == 3
