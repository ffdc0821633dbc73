import numpy as np
import pytest

from pipeline.errors import InputError
from pipeline.triplets.editing import (
    add_neighbours,
    clear_centre,
    dim,
    open_cutout,
    recentre,
    source_image,
    template_peaks,
)


def triplets():
    rng = np.random.default_rng(0)
    yy, xx = np.mgrid[:63, :63] - 31
    star = 900 * np.exp(-0.5 * ((xx - 12) ** 2 + (yy + 9) ** 2) / 1.2**2)
    noise = rng.normal(0, 1, (2, 1, 63, 63))
    science, template = 200 + star + 3 * noise[0], 200 + star + noise[1]
    return np.stack([science, template, science - template], axis=-1).astype(np.float32)


def test_recentring_brings_the_pixel_to_the_middle():
    cutout = open_cutout(triplets()[0], np.random.default_rng(0))
    wanted = cutout.pixels[31 - 9, 31 + 12].copy()
    recentre(cutout, -9, 12)
    np.testing.assert_array_equal(cutout.pixels[31, 31], wanted)


def test_the_template_star_is_found():
    peaks = template_peaks(open_cutout(triplets()[0], np.random.default_rng(0)))
    assert np.abs(peaks - np.array([-9, 12])).sum(axis=1).min() <= 1


def test_gaps_are_filled_while_working_and_come_back():
    triplet = triplets()[0]
    triplet[:4, :, 1] = np.nan
    cutout = open_cutout(triplet, np.random.default_rng(0))
    assert np.isfinite(cutout.pixels).all()
    np.testing.assert_array_equal(cutout.finished(), triplet)


def test_a_dimmed_science_image_keeps_its_noise_and_loses_light():
    cutout = open_cutout(triplets()[0], np.random.default_rng(0))
    bright = cutout.pixels[31 - 9, 31 + 12, 0] - cutout.sky[0]
    noise = cutout.pixels[40:, :, 0].std()
    dim(cutout, np.random.default_rng(1), 0.25)
    assert cutout.pixels[31 - 9, 31 + 12, 0] - cutout.sky[0] == pytest.approx(0.25 * bright, abs=float(5 * noise))
    assert cutout.pixels[40:, :, 0].std() == pytest.approx(noise, rel=0.1)


def test_new_neighbours_are_constant():
    cutout = open_cutout(triplets()[0], np.random.default_rng(0))
    before = cutout.pixels.copy()
    add_neighbours(cutout, np.random.default_rng(1), 30)
    added = cutout.pixels - before
    np.testing.assert_allclose(added[..., 0], added[..., 1], atol=0.01)
    assert added[..., 1].max() > 4
    assert not added[..., 2].any()


def test_a_source_image_has_the_width_asked_for():
    cutout = open_cutout(triplets()[0], np.random.default_rng(0))
    image = source_image(cutout, 2.0 / 2.3548)
    assert image[31, 31] == pytest.approx(1)
    assert image[31, 32] == pytest.approx(0.5, abs=1e-5)


def test_a_stamp_of_two_channels_is_refused():
    with pytest.raises(InputError, match="science, template, difference"):
        open_cutout(np.zeros((9, 9, 2), dtype=np.float32), np.random.default_rng(0))


@pytest.fixture
def with_planes():
    """A triplet with a bright source in the middle of science image and difference, and planes behind it."""
    triplet = triplets()[0]
    yy, xx = np.mgrid[:63, :63] - 31
    light = 900 * np.exp(-0.5 * (xx**2 + yy**2) / 1.5**2)
    triplet[..., 0] += light
    triplet[..., 2] += light
    variance = np.stack([9 + 0.25 * light, np.full_like(light, 1.0), 10 + 0.25 * light], axis=-1)
    psf = np.broadcast_to(np.exp(-0.5 * (xx**2 + yy**2) / 1.5**2)[..., None], (63, 63, 3))
    return np.concatenate([triplet, variance, psf], axis=-1).astype(np.float32)


def test_noise_is_what_the_variance_says(with_planes):
    cutout = open_cutout(with_planes, np.random.default_rng(0))
    np.testing.assert_allclose(cutout.noise, np.sqrt([9, 1, 10]), rtol=0.01)
    np.testing.assert_array_equal(cutout.finished(), with_planes)


def test_a_variance_moves_with_its_image_and_the_psf_stays(with_planes):
    cutout = open_cutout(with_planes, np.random.default_rng(0))
    recentre(cutout, -9, 12)
    moved = cutout.finished()
    assert moved[31 + 9, 31 - 12, 3] == with_planes[31, 31, 3]
    np.testing.assert_array_equal(moved[..., 6:], with_planes[..., 6:])


def test_where_a_source_was_taken_out_its_photons_are_gone_from_the_variance(with_planes):
    cutout = open_cutout(with_planes, np.random.default_rng(0))
    clear_centre(cutout, np.random.default_rng(1))
    variance = cutout.finished()[..., 3:6]
    np.testing.assert_allclose(variance[25:38, 25:38], np.broadcast_to([9, 1, 10], (13, 13, 3)), atol=0.1)
    np.testing.assert_array_equal(variance[:20], with_planes[:20, :, 3:6])


def test_a_dimmed_image_has_its_sky_variance_and_less_of_photons(with_planes):
    cutout = open_cutout(with_planes, np.random.default_rng(0))
    dim(cutout, np.random.default_rng(1), 0.5)
    found = cutout.finished()[..., 3:6]
    np.testing.assert_allclose(found[:10], with_planes[:10, :, 3:6], rtol=1e-3)
    assert found[31, 31, 0] == pytest.approx(9 + 0.25 * 0.25 * 900, rel=0.01)
    assert found[31, 31, 1] == 1


def test_more_stars_have_the_psf_that_is_known(with_planes):
    """Those of a cutout without PSF have FWHM of at most 3.1 pixel."""
    with_planes[..., 0] = with_planes[..., 1] = 0
    step = np.arange(63) - 31
    with_planes[..., 6] = np.exp(-0.5 * (step[:, None] ** 2 + step[None] ** 2) / 4.0**2)
    cutout = open_cutout(with_planes, np.random.default_rng(0))
    add_neighbours(cutout, np.random.default_rng(1), 1)
    light = cutout.pixels[..., 0]
    assert (light > light.max() / 2).sum() == pytest.approx(np.pi * (4.0 * 2.3548 / 2) ** 2, rel=0.15)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("turned", [False, True])
def test_a_source_as_wide_as_half_of_the_cutout_goes_with_its_wings_where_the_psf_is_known(sign, turned):
    """Of a FWHM of 6 pixels: a tenth of the light lies beyond the radius that is cleared."""
    rng, step = np.random.default_rng(5), np.arange(31) - 15
    square = (step[:, None] - 0.3) ** 2 + (step[None] + 0.4) ** 2
    light = sign * 200 * (1 + square / 5.9**2) ** -2.5
    sigma, template = 2.0, rng.normal(0, 0.5, (31, 31))
    noise = rng.normal(0, sigma, (31, 31))
    triplet = np.stack([template + noise + light, template, (noise + light) * (sign if turned else 1)], axis=-1)
    psf = (1 + (step[:, None] ** 2 + step[None] ** 2) / 5.9**2) ** -2.5
    planes = np.stack([np.full_like(psf, sigma**2)] * 3 + [psf / psf.sum()] * 3, axis=-1)
    left = []
    for given in (triplet, np.concatenate([triplet, planes], axis=-1)):
        cutout = open_cutout(given.astype(np.float32), np.random.default_rng(0))
        clear_centre(cutout, np.random.default_rng(1))
        left.append(cutout.pixels[..., [0, 2]] - np.stack([template, 0 * template], axis=-1))
    wings = (np.hypot(step[:, None], step) > 8) & (np.hypot(step[:, None], step) < 11)
    assert (np.abs(left[0][wings].mean(axis=0)) > 5).all()
    assert (np.abs(left[1][wings].mean(axis=0)) < 1).all()
    np.testing.assert_allclose(left[1].std(axis=(0, 1)), sigma, rtol=0.1)
