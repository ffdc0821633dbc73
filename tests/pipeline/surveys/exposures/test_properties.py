"""Gain, noise and the rest of an image: from the key that the survey names, from a number, or from the row."""

import numpy as np
import pytest
from astropy.io.fits import Header

from pipeline.errors import InputError, SettingsError
from pipeline.surveys.base import ExposureImages
from pipeline.surveys.difference_settings import DifferenceSettings, FrameProperties
from pipeline.surveys.exposures.properties import exposure_frames

CARDS = {"GAIN": 2.0, "RDNOISE": 6.0, "SATURATE": 5e4, "MAGZERO": 25.0, "FWHM": 2.5}


def frames(science=None, row=None, cards=None, variance=None, **given):
    rng = np.random.default_rng(0)
    pixels = rng.normal(100.0, 8.0, (60, 60)).astype(np.float32)
    header = Header({key: value for key, value in (CARDS | (cards or {})).items() if value is not None})
    images = ExposureImages(
        exposure={"exposure_id": "e1"} | (row or {}),
        science=pixels,
        template=pixels,
        science_header=header,
        template_header=Header(CARDS),
        science_variance=None if variance is None else np.full((60, 60), variance, np.float32),
        difference=DifferenceSettings(science=FrameProperties(**(science or {}))),
    )
    return exposure_frames(images, **given)


def test_the_usual_keys_are_looked_for():
    made = frames()
    science = made.science
    assert (science.gain, science.read_noise, science.saturation, science.fwhm_pixel) == (2.0, 6.0, 5e4, 2.5)
    assert (made.zeropoint, made.template_zeropoint, science.pedestal) == (25.0, 25.0, 0.0)
    assert made.notes == []


def test_another_key_or_a_number_may_be_named():
    cards = {"EGAIN": 1.5, "AVSKY": 80.0}
    made = frames({"gain": "EGAIN", "read_noise": 9.0, "pedestal": "-AVSKY", "zeropoint": 31.0}, cards=cards)
    assert (made.science.gain, made.science.read_noise) == (1.5, 9.0)
    assert (made.science.pedestal, made.zeropoint) == (-80.0, 31.0)
    assert made.template.gain == 2.0


def test_the_row_serves_the_science_image_where_the_header_lacks_a_key_and_the_recipe_goes_first():
    made = frames(row={"gain": 3.0, "zeropoint": 26.0}, cards={"GAIN": None, "MAGZERO": None})
    assert (made.science.gain, made.zeropoint) == (3.0, 26.0)
    made = frames(gain=4.0, zeropoint=27.0)
    assert (made.science.gain, made.template.gain, made.zeropoint, made.template_zeropoint) == (4.0, 4.0, 27.0, 25.0)


def test_what_is_assumed_is_noted_and_what_cannot_be_is_an_error():
    made = frames(cards={"GAIN": None, "SATURATE": None, "MAGZERO": None})
    assert (made.science.gain, made.science.saturation) == (1.0, np.inf)
    assert np.isnan(made.zeropoint)
    assert [note.split(":")[0] for note in made.notes] == [
        "the science image has no key SATURATE",
        "the science image has no key GAIN",
    ]
    with pytest.raises(
        InputError, match=r"no FITS key RON, the read_noise .* input\.images\.difference\.science\.read_noise$"
    ):
        frames({"read_noise": "RON"})


def test_the_noise_of_the_sky_may_scale_the_variance():
    made = frames({"sky_noise": True, "gain": 1.0, "read_noise": 0.0})
    assert np.median(made.science.variance_map) == pytest.approx(64.0, rel=0.1)


def test_a_known_variance_goes_before_gain_and_read_noise_which_need_not_be_known():
    made = frames(cards={"RDNOISE": None}, variance=81.0)
    np.testing.assert_array_equal(made.science.variance(100.0), np.full((60, 60), 81.0, np.float32))
    assert made.science.gain == 2.0
    assert made.template.variance_map is None
    scaled = frames({"sky_noise": True}, variance=810.0).science
    assert np.median(scaled.variance(100.0)) == pytest.approx(64.0, rel=0.1)


@pytest.mark.parametrize(
    "wrong", [{"gain": 0.0}, {"fwhm_pixel": -1.0}, {"read_noise": -1.0}, {"zeropoint_radius_pixel": 0.0}]
)
def test_numbers_that_cannot_be_are_refused(wrong):
    with pytest.raises(SettingsError, match=f"{next(iter(wrong))} is"):
        FrameProperties(**wrong)


@pytest.mark.parametrize(
    ("cards", "message"),
    [
        ({"SATURATE": 0.0}, "saturation of the science image is 0.0; allowed: above 0, or none"),
        ({"SATURATE": -1}, "saturation of the science image is -1.0; allowed: above 0, or none"),
        ({"GAIN": True}, "GAIN of the science image is 'True'; allowed: a number"),
    ],
)
def test_placeholders_in_a_header_are_named_as_what_they_are(cards, message):
    with pytest.raises(InputError, match=message):
        frames(cards=cards)
