"""An aligned template lies on the science image, and its noise is what the interpolation left of it."""

from functools import cache

import numpy as np
import pytest
from astropy.wcs import WCS

from pipeline.errors import InputError
from pipeline.imaging.frame import Frame
from pipeline.injection import inject_sources
from pipeline.metrics.differences import robust_sigma
from pipeline.psf import Moffat
from pipeline.subtraction.alignment import align, move_whole_pixels

SIZE = 260


def projection(shift=(0.0, 0.0), angle_deg=0.0, scale=1.0):
    """A projection whose pixels are shifted, turned and scaled."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval, wcs.wcs.crpix = [150.0, 2.0], [SIZE / 2 + shift[0], SIZE / 2 + shift[1]]
    cosine, sine = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    wcs.wcs.cd = 2.8e-4 / scale * np.array([[-cosine, sine], [sine, cosine]])
    return wcs


@cache
def frame(shift=(0.0, 0.0), angle_deg=0.0, scale=1.0, seed=0, stars=60, level=400.0):
    """The same stars through another projection."""
    sky = np.random.default_rng(5)
    reference, own = projection(), projection(shift, angle_deg, scale)
    ra, dec = reference.pixel_to_world_values(*sky.uniform(-60, SIZE + 60, (2, stars)))
    x, y = own.world_to_pixel_values(ra, dec)
    light = inject_sources(
        np.full((SIZE, SIZE), level, np.float32),
        psf=Moffat(fwhm_pixel=3.2 * scale),
        x_pixel=x,
        y_pixel=y,
        flux=10 ** sky.uniform(3.3, 4.8, stars),
        gain=1.0,
        rng=None,
    )
    electrons = np.random.default_rng(seed).poisson(np.maximum(light, 0).astype(float) * 2.0)
    pixels = (electrons / 2.0).astype(np.float32)
    return Frame(pixels=pixels, gain=2.0, read_noise=0.0, saturation=6e4, fwhm_pixel=3.2 * scale)


def peak_offsets(first, second):
    """Where the stars of one image lie from those of another, x and y in pixels."""
    from scipy.spatial import KDTree

    from pipeline.imaging.sources import remove_sky
    from pipeline.subtraction.registration import star_positions

    a = star_positions(first, remove_sky(first.pixels))
    b = star_positions(second, remove_sky(second.pixels))
    distance, row = KDTree(a).query(b)
    return (b - a[row])[distance < 1.0]


CASES = [((7.3, -4.6), 0.0), ((3.0, 2.0), 12.0), ((0.0, 0.0), 178.5)]


@pytest.mark.parametrize(("shift", "angle_deg"), CASES)
@pytest.mark.parametrize("by_projection", [True, False])
def test_stars_of_an_aligned_template_lie_on_those_of_the_science_image(shift, angle_deg, by_projection):
    science, template = frame(), frame(shift, angle_deg, seed=1)
    projections = {"science_wcs": projection(), "template_wcs": projection(shift, angle_deg)} if by_projection else {}
    aligned = align(science, template, **projections)
    assert aligned.pixels.shape == science.pixels.shape
    offsets = peak_offsets(science, aligned)
    assert len(offsets) > 10
    np.testing.assert_allclose(np.median(offsets, axis=0), 0.0, atol=0.06)
    assert np.abs(offsets).mean() < 0.15


@pytest.mark.parametrize(("shift", "angle_deg"), CASES)
def test_the_noise_of_an_aligned_template_is_predicted(shift, angle_deg):
    template = frame(shift, angle_deg, seed=1, stars=0)
    aligned = align(frame(), template, science_wcs=projection(), template_wcs=projection(shift, angle_deg))
    normalised = (aligned.pixels - 400.0) / np.sqrt(aligned.variance_map)
    assert robust_sigma(normalised) == pytest.approx(1.0, abs=0.05)
    neighbours = normalised[:, 1:] * normalised[:, :-1]
    kernel = aligned.noise_kernel.astype(float)
    assert np.nanmean(neighbours) == pytest.approx((kernel[:, 1:] * kernel[:, :-1]).sum(), abs=0.04)


def test_another_pixel_scale_is_taken_along_in_width_and_noise():
    template = frame(scale=1.6, seed=1, stars=0)
    aligned = align(frame(), template, science_wcs=projection(), template_wcs=projection(scale=1.6))
    assert aligned.fwhm_pixel == pytest.approx(3.2, rel=0.01)
    normalised = (aligned.pixels - 400.0) / np.sqrt(aligned.variance_map)
    assert robust_sigma(normalised) == pytest.approx(1.0, abs=0.05)


def test_missing_and_saturated_pixels_stay_what_they_are():
    template = frame((7.3, -4.6), seed=1)
    pixels = template.pixels.copy()
    pixels[100:110, 100:110], pixels[150:153, 150:153] = np.nan, 7e4
    hurt = Frame(pixels=pixels, gain=2.0, read_noise=0.0, saturation=6e4, fwhm_pixel=3.2)
    aligned = align(frame(), hurt, science_wcs=projection(), template_wcs=projection((7.3, -4.6)))
    assert np.isnan(aligned.pixels[106:113, 94:101]).all()
    assert np.isnan(aligned.pixels[:, -5:]).all()
    assert not np.isnan(aligned.pixels[125:140, 125:140]).any()
    assert aligned.saturated()[156, 144]


def test_whole_pixels_are_moved_and_nothing_is_interpolated():
    moved = move_whole_pixels(frame(), frame((7.3, -4.6), seed=1))
    np.testing.assert_array_equal(moved[20:200, 20:200], frame((7.3, -4.6), seed=1).pixels[15:195, 27:207])
    assert np.isnan(moved[:, -5:]).all()


def test_images_that_cannot_be_aligned_say_why():
    science, template = frame(), frame(seed=1)
    with pytest.raises(InputError, match="of both images, or of none"):
        align(science, template, science_wcs=projection())
    with pytest.raises(InputError, match="do not overlap"):
        align(science, template, science_wcs=projection(), template_wcs=projection((9000.0, 0.0)))
    with pytest.raises(InputError, match="0 stars in the science image"):
        align(frame(stars=0), template)
    blank = Frame(
        pixels=np.full((SIZE, SIZE), np.nan, np.float32), gain=1.0, read_noise=0.0, saturation=1e4, fwhm_pixel=3.0
    )
    with pytest.raises(InputError, match="finite"):
        align(science, blank, science_wcs=projection(), template_wcs=projection())
    with pytest.raises(InputError, match=r"common to|agree on"):
        other = np.random.default_rng(3)
        light = inject_sources(
            np.full((SIZE, SIZE), 400.0, np.float32),
            psf=Moffat(fwhm_pixel=3.2),
            x_pixel=other.uniform(10, 250, 12),
            y_pixel=other.uniform(10, 250, 12),
            flux=np.full(12, 2e4),
            gain=1.0,
            rng=None,
        )
        noisy = light + other.normal(0, 14, light.shape).astype(np.float32)
        align(science, Frame(pixels=noisy, gain=2.0, read_noise=0.0, saturation=6e4, fwhm_pixel=3.2))
