import numpy as np
import pytest
from astropy.visualization import ZScaleInterval
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage, stats

from pipeline.cutouts.normalise import NORMALISATIONS, apply
from pipeline.errors import InputError, UnknownNameError

SCALED = [name for name in NORMALISATIONS if name not in ("none", "bytes")]
PIXELS = st.floats(width=32, allow_nan=True, allow_infinity=True)


def noise(size=16, rows=3, seed=0):
    return np.random.default_rng(seed).normal(100.0, 5.0, (rows, size, size, 2)).astype(np.float32)


@pytest.mark.parametrize("name", NORMALISATIONS)
@given(stack=hnp.arrays(np.float32, st.tuples(*[st.integers(1, 5)] * 4), elements=PIXELS))
@settings(max_examples=40, deadline=None)
def test_any_pixels_become_finite_float32_of_the_same_shape(name, stack):
    normalised = apply(name, stack)
    assert normalised.dtype == np.float32
    assert normalised.shape == stack.shape
    assert np.isfinite(normalised).all()


@pytest.mark.parametrize("name", SCALED)
def test_scale_of_the_flux_does_not_matter(name):
    stack = noise() - 100.0
    np.testing.assert_allclose(apply(name, stack * np.float32(1024.0)), apply(name, stack), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", NORMALISATIONS)
def test_each_image_is_normalised_by_itself(name):
    stack = noise()
    changed = stack.copy()
    changed[0, ..., 1] *= 7.0
    before, after = apply(name, stack), apply(name, changed)
    np.testing.assert_array_equal(before[1:], after[1:])
    np.testing.assert_array_equal(before[0, ..., 0], after[0, ..., 0])


@pytest.mark.parametrize("name", SCALED)
def test_a_missing_pixel_becomes_zero_and_moves_no_other_statistic(name):
    stack = noise() - 100.0
    with_gap = stack.copy()
    with_gap[:, 1, 1] = np.nan
    beyond = stack.copy()
    beyond[:, 1, 1] = 3.4e38
    assert (apply(name, with_gap)[:, 1, 1] == 0).all()
    np.testing.assert_array_equal(apply(name, with_gap), apply(name, beyond))


@pytest.mark.parametrize("name", ["asinh", "bg_sub", "minmax", "sign_log", "zscale", "zscore"])
def test_a_constant_image_becomes_zero(name):
    assert (apply(name, np.full((1, 9, 9, 1), 5.3, np.float32)) == 0).all()


def test_zscore_agrees_with_scipy():
    stack = noise()
    expected = stats.zscore(stack.astype(np.float64).reshape(3, -1, 2), axis=1).reshape(stack.shape)
    np.testing.assert_allclose(apply("zscore", stack), expected, atol=1e-6)


def test_sign_log_is_the_logarithm_of_the_ratio_to_the_standard_deviation():
    stack = noise() - 100.0
    sigma = stack.astype(np.float64).std(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(
        apply("sign_log", stack), np.sign(stack) * np.log1p(np.abs(stack) / sigma), rtol=1e-5, atol=1e-6
    )


def psat_sign_log(stack, missing=0.0):
    """Return psat-ml's ``signPreserveNorm`` of each image: missing pixels are 0 before the standard deviation."""
    pixels = np.nan_to_num(stack.astype(np.float64), nan=missing)
    sigma = pixels.std(axis=(1, 2), keepdims=True)
    return np.sign(pixels) * np.log(1.0 + np.abs(pixels) / sigma)


def opened_from_the_border(image):
    """Return the surface that fills up from the border without rising above the image, by repeated dilation."""
    surface = np.full_like(image, image.min())
    surface[[0, -1], :], surface[:, [0, -1]] = image[[0, -1], :], image[:, [0, -1]]
    while True:
        risen = np.minimum(ndimage.grey_dilation(surface, size=(3, 3)), image)
        if (risen == surface).all():
            return surface
        surface = risen


def with_gaps():
    stack = noise(20, rows=4) - 100.0
    stack[:, 9:12, 9:12] += 60.0
    stack[:, 3, 4:7] = np.nan
    return stack


@pytest.mark.replaces("psat-ml", "P3")
def test_sign_log_with_missing_pixels_is_psats_where_that_is_asked_for():
    stack = with_gaps()
    np.testing.assert_allclose(apply("sign_log", stack, missing="psat"), psat_sign_log(stack), atol=1e-6)
    known = np.isfinite(stack)
    assert np.abs(apply("sign_log", stack) - psat_sign_log(stack))[known].max() > 1e-3


@pytest.mark.replaces("psat-ml", "P3")
@pytest.mark.parametrize("missing", ["excluded", "psat"])
def test_bg_sub_is_the_smoothed_logarithm_without_what_is_no_peak(missing):
    stack = with_gaps() if missing == "psat" else np.nan_to_num(with_gaps(), nan=1.0)
    smooth = ndimage.gaussian_filter(psat_sign_log(stack), sigma=(0, 1, 1, 0))
    expected = np.empty_like(smooth)
    for row, channel in np.ndindex(4, 2):
        image = smooth[row, ..., channel]
        expected[row, ..., channel] = image - opened_from_the_border(image)
    np.testing.assert_allclose(apply("bg_sub", stack, missing=missing), expected, atol=1e-6)
    assert expected[:, 10, 10].min() > 0.5


def test_max_abs_divides_by_the_largest_pixel():
    stack = noise() - 100.0
    np.testing.assert_allclose(
        apply("max_abs", stack), stack / np.abs(stack).max(axis=(1, 2), keepdims=True), rtol=1e-6
    )


def test_zscale_cuts_at_the_limits_that_displays_use():
    stack = noise(size=63)
    stack[:, 30, 30] = 1e5
    cut = apply("zscale", stack)
    low, high = ZScaleInterval().get_limits(stack[0, ..., 0].astype(np.float64))
    expected = np.clip((stack[0, ..., 0] - low) / (high - low), 0, 1)
    np.testing.assert_allclose(cut[0, ..., 0], expected, atol=1e-5)
    assert (cut[:, 30, 30] == 1).all()


def test_l2_gives_unit_norm():
    norms = np.sqrt((apply("l2", noise()).astype(np.float64) ** 2).sum(axis=(1, 2)))
    np.testing.assert_allclose(norms, 1.0, rtol=1e-6)


def test_minmax_fills_zero_to_one():
    normalised = apply("minmax", noise())
    assert (normalised.min(axis=(1, 2)) == 0).all()
    np.testing.assert_allclose(normalised.max(axis=(1, 2)), 1.0, rtol=1e-6)


def test_asinh_is_in_units_of_the_noise_whatever_stands_in_the_image():
    stack = noise(size=63, rows=8, seed=2)
    stack[:, 30:33, 30:33] += 1e4
    normalised = apply("asinh", stack)
    background = np.delete(normalised.reshape(8, -1, 2), [31 * 63 + 31], axis=1)
    assert np.abs(np.median(background, axis=1)).max() < 0.3
    np.testing.assert_allclose(normalised[:, 31, 31], np.arcsinh(1e4 / 5.0), atol=0.3)


def test_asinh_keeps_a_source_on_an_empty_sky():
    stack = np.zeros((1, 31, 31, 1), np.float32)
    stack[0, 15, 15, 0] = 40.0
    assert apply("asinh", stack)[0, 15, 15, 0] > 0.5


def test_an_unknown_name_and_a_wrong_shape_are_refused():
    with pytest.raises(UnknownNameError, match="unknown normalisation 'l3'"):
        apply("l3", noise())
    with pytest.raises(InputError, match=r"\(n, y, x, channel\)"):
        apply("l2", noise()[0])
