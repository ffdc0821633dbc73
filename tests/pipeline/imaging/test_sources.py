"""Sky and sources of an image, whatever is missing in it."""

import numpy as np
import pytest

from pipeline.errors import InputError
from pipeline.imaging.sources import extract, find_sources, remove_sky
from pipeline.psf import moffat


def image():
    x = np.arange(200)
    pixels = np.random.default_rng(1).normal(300.0, 10.0, (200, 200)) + 0.1 * x
    pixels[90:121, 50:81] += 1e4 * moffat(3.0, 31)
    return pixels.astype(np.float32)


def test_a_sloping_sky_is_removed_and_its_noise_measured():
    flat = remove_sky(image())
    assert abs(np.median(flat.pixels[:, :50])) < 2.0
    assert abs(np.median(flat.pixels[:, -50:])) < 2.0
    assert flat.sky_rms == pytest.approx(10.0, rel=0.1)
    assert flat.sky_level == pytest.approx(310.0, abs=5.0)


def test_missing_pixels_are_zero_and_no_sources():
    pixels = image()
    pixels[100:110, 60:70] = np.nan
    flat = remove_sky(pixels)
    assert flat.missing.sum() == 100
    assert not flat.pixels[flat.missing].any()
    assert np.isfinite(flat.pixels).all()
    everything = np.ones_like(flat.missing)
    assert len(find_sources(flat.pixels, flat.sky_rms, 5.0, missing=everything)) == 0


def test_a_star_is_found_where_it_is():
    flat = remove_sky(image())
    found = find_sources(flat.pixels, flat.sky_rms, 8.0, missing=flat.missing)
    assert len(found) == 1
    assert found["x"][0] == pytest.approx(65.0, abs=0.1)
    assert found["y"][0] == pytest.approx(105.0, abs=0.1)


def test_an_image_of_nan_is_refused():
    with pytest.raises(InputError, match="none of the 100 pixels"):
        remove_sky(np.full((10, 10), np.nan, np.float32))


@pytest.mark.parametrize("side", [1, 20, 200])
def test_an_image_that_is_all_above_the_threshold_has_room_and_is_one_source(side):
    found = extract(np.full((side, side), 10.0, np.float32), 1.5, err=1.0, minarea=1)
    assert found["npix"].tolist() == [side**2]


def test_sources_are_those_of_a_stack_with_much_more_room(monkeypatch):
    flat = remove_sky(image())
    ours = extract(flat.pixels, 1.0, err=flat.sky_rms, minarea=3)
    monkeypatch.setattr("pipeline.imaging.sources._STACK_ENDS", 1_000_000)
    assert len(ours) > 10
    np.testing.assert_array_equal(ours, extract(flat.pixels, 1.0, err=flat.sky_rms, minarea=3))


def test_what_sep_gives_up_on_is_one_class_of_error(monkeypatch):
    monkeypatch.setattr("pipeline.imaging.sources._STACK_ENDS", -100)
    with pytest.raises(InputError, match=r"source extraction failed above 1\.5 sigma: internal pixel buffer full"):
        extract(np.full((20, 20), 10.0, np.float32), 1.5, err=1.0)
