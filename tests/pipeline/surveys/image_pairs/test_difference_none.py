"""Settings of images that are searched as they are."""

import numpy as np
import pytest

from pipeline.errors import SettingsError
from pipeline.imaging.frame import Frame
from pipeline.injection import inject_sources
from pipeline.psf import Moffat
from pipeline.settings import parse
from pipeline.subtraction.difference import nothing_subtracted
from pipeline.surveys.exposures.channels import require_searched
from pipeline.surveys.image_pairs.settings import ImagePairsInput


def given(hdus, **images):
    return parse(ImagePairsInput, {"folder": "x", "files": "*.fits", "images": {"hdus": hdus} | images}, "toy")


@pytest.mark.parametrize("difference", ["none", {"method": "none"}])
def test_the_word_and_the_method_say_the_same(difference):
    how = given({"science": "path:0"}, difference=difference).images.difference
    assert not how.has_template
    assert how.detection.negative
    assert not how.sought.negative


def test_another_word_is_no_difference():
    with pytest.raises(SettingsError, match="holds 'nothing'; allowed: a mapping"):
        given({"science": "path:0"}, difference="nothing")


def test_a_template_is_named_where_one_is_subtracted_and_nowhere_else():
    with pytest.raises(SettingsError, match=r"give exactly one of .* `images\.difference: none` searches the"):
        given({"science": "path:0"})
    with pytest.raises(SettingsError, match=r"images\.difference is none, which needs no template"):
        given({"science": "path:0", "template": "t.fits:0"}, difference="none")


def test_no_channel_but_the_science_image_is_there():
    how = given({"science": "path:0"}, difference="none").images.difference
    require_searched(("science",), how)
    with pytest.raises(SettingsError, match=r"'difference' cannot be made where images\.difference is none"):
        require_searched(("science", "difference"), how)


def test_the_sky_is_taken_off_and_the_noise_is_that_of_the_image():
    rng = np.random.default_rng(1)
    empty = (200.0 + rng.normal(0.0, 10.5, (200, 200))).astype(np.float32)
    x, y = rng.uniform(10, 190, (2, 150))
    pixels = inject_sources(
        empty, psf=Moffat(fwhm_pixel=3.0), x_pixel=x, y_pixel=y, flux=np.full(150, 4000.0), gain=2.0, rng=rng
    )
    frame = Frame(pixels=pixels, gain=2.0, read_noise=6.4, saturation=5e4, fwhm_pixel=3.0)
    made = nothing_subtracted(frame, frame)
    away = np.min(np.hypot(*(np.indices((200, 200))[::-1, ..., None] - np.stack([x, y])[:, None, None])), axis=-1) > 7
    assert abs(np.median(made.difference[away])) < 1.5
    assert made.subtraction.fwhm_pixel == 3.0
    assert np.median(made.noise[away]) == pytest.approx(10.5, rel=0.05)
