import io

import numpy as np
import pytest
from PIL import Image

from pipeline.plots.cutout_pictures import SHADES, shades
from pipeline.plots.stretches import STRETCHES, limits_of, stretched, strip


@pytest.fixture
def image():
    rng = np.random.default_rng(3)
    made = rng.normal(100, 5, (21, 21)).astype(np.float32)
    made[9:12, 9:12] += 500
    made[0, 0] = np.nan
    return made


@pytest.mark.parametrize("signed", [False, True])
def test_asinh_is_that_of_the_other_pages(image, signed):
    shown = image - 100 if signed else image
    drawn = stretched(shown, "asinh", limits_of(shown, "asinh", signed=signed), signed=signed)
    expected = shades(shown, signed=signed)
    assert np.abs(drawn.astype(int) - expected).max() <= 1


@pytest.mark.parametrize("stretch", STRETCHES)
@pytest.mark.parametrize("signed", [False, True])
def test_shades_grow_with_the_pixels_and_what_is_missing_has_its_own(image, stretch, signed):
    drawn = stretched(image, stretch, limits_of(image, stretch, signed=signed), signed=signed)
    assert drawn[0, 0] == SHADES
    known = np.isfinite(image)
    order = np.argsort(image[known])
    assert (np.diff(drawn[known][order].astype(int)) >= 0).all()


@pytest.mark.parametrize("stretch", STRETCHES)
def test_zero_of_a_difference_is_in_the_middle(stretch):
    values = np.array([[-3.0, 0.0, 9.0]], np.float32)
    drawn = stretched(values, stretch, limits_of(values, stretch, signed=True), signed=True)
    assert drawn[0, 1] == SHADES // 2
    assert drawn[0, 0] < drawn[0, 1] < drawn[0, 2]


def test_log_is_the_formula_of_ds9():
    values = np.linspace(0, 1, 11, dtype=np.float32)[None]
    limits = limits_of(np.linspace(0, 1, 100_001, dtype=np.float32), "log")
    expected = np.log10(1000 * np.clip((values - 0.005) / 0.992, 0, 1) + 1) / np.log10(1001)
    assert np.abs(stretched(values, "log", limits) - expected * (SHADES - 1)).max() <= 0.6


@pytest.mark.parametrize("stretch", STRETCHES)
@pytest.mark.parametrize("values", [np.full((3, 3), np.nan), np.full((3, 3), 7.0), np.zeros((3, 3))])
def test_nothing_and_one_value_are_pictures_too(stretch, values):
    png = strip(values.astype(np.float32)[..., None], [True], stretch)
    assert Image.open(io.BytesIO(png)).size == (3, 3)
