"""A subtraction leaves what changed and noise of the size that it predicts."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from timing import cpu_seconds

from pipeline.errors import InputError
from pipeline.injection import inject_sources
from pipeline.photometry.measurement import psf_flux
from pipeline.psf import Moffat
from pipeline.subtraction.subtract import Frame, SubtractionSettings, subtract

SIZE = 300
GAIN, READ_NOISE, SATURATION = 1.5, 8.0, 50000.0


@cache
def frame(fwhm, x_shift=0.0, y_shift=0.0, *, scale=1.0, coadded=1, seed=0, new=(), stars=70):
    """An image of the same 70 stars, shifted, through some seeing."""
    sky = np.random.default_rng(99)
    x, y = sky.uniform(0, SIZE, (2, stars))
    flux = scale * 10.0 ** sky.uniform(3.0, 5.2, stars)
    rng = np.random.default_rng(seed)
    light = np.full((SIZE, SIZE), 300.0, np.float32)
    x, y, flux = (
        np.append(x, [n[0] for n in new]),
        np.append(y, [n[1] for n in new]),
        np.append(flux, [n[2] for n in new]),
    )
    light = inject_sources(
        light,
        psf=Moffat(fwhm_pixel=fwhm, size_pixel=41),
        x_pixel=x + x_shift,
        y_pixel=y + y_shift,
        flux=flux,
        gain=1.0,
        rng=None,
    )
    electrons = rng.poisson(light.astype(float) * GAIN * coadded) + rng.normal(
        0, READ_NOISE * coadded**0.5, light.shape
    )
    return Frame(
        pixels=(electrons / GAIN / coadded).astype(np.float32),
        gain=GAIN * coadded,
        read_noise=READ_NOISE * coadded**0.5,
        saturation=SATURATION,
        fwhm_pixel=fwhm,
    )


def robust_sigma(values):
    low, high = np.nanpercentile(values, [15.87, 84.13])
    return (high - low) / 2.0


@pytest.mark.parametrize(
    ("science_fwhm", "template_fwhm", "convolved"),
    [(3.2, 2.4, "template"), (2.4, 3.2, "science"), (2.6, 2.6, "template")],
)
def test_the_difference_is_noise_of_the_predicted_size(science_fwhm, template_fwhm, convolved):
    subtraction = subtract(frame(science_fwhm), frame(template_fwhm, 0.4, -1.7, scale=1.2, coadded=8, seed=1))
    assert subtraction.convolved == convolved
    assert 0.9 < robust_sigma(subtraction.difference / subtraction.noise) < 1.15
    assert abs(np.nanmedian(subtraction.difference / subtraction.noise)) < 0.1
    assert subtraction.x_offset == pytest.approx(0.4, abs=0.05)
    assert subtraction.y_offset == pytest.approx(-1.7, abs=0.05)
    assert subtraction.scale == pytest.approx(1 / 1.2, rel=0.01)
    assert subtraction.fwhm_pixel == max(science_fwhm, template_fwhm)


@pytest.mark.parametrize("fwhms", [(3.2, 2.4), (2.4, 3.2)])
def test_a_new_source_keeps_its_flux_and_a_lost_one_is_negative(fwhms):
    new = ((150.3, 100.6, 2e4),)
    science = frame(fwhms[0], new=new)
    template = frame(fwhms[1], 0.3, 0.2, coadded=8, seed=1, scale=1.0)
    subtraction = subtract(science, template)
    assert psf_flux_at(subtraction, 150.3, 100.6) == pytest.approx(2e4, rel=0.05)
    gone = subtract(template, science)
    assert psf_flux_at(gone, 150.6, 100.8) == pytest.approx(-2e4, rel=0.05)


def psf_flux_at(subtraction, x, y):
    flux, _ = psf_flux(
        subtraction.difference,
        subtraction.noise,
        np.array([x]),
        np.array([y]),
        Moffat(fwhm_pixel=subtraction.fwhm_pixel),
    )
    return flux[0]


@pytest.mark.parametrize("fwhms", [(3.2, 2.4), (2.4, 3.2)])
def test_the_correlation_is_that_of_a_psf_weighted_flux(fwhms):
    fluxes = []
    for seed in range(2):
        subtraction = subtract(frame(fwhms[0], seed=seed), frame(fwhms[1], seed=10 + seed))
        psf = Moffat(fwhm_pixel=subtraction.fwhm_pixel, size_pixel=13)(0.0, 0.0)
        weighted = np.nan_to_num(subtraction.difference / subtraction.noise)
        for row in range(20, SIZE - 20, 14):
            fluxes += [(weighted[row : row + 13, c : c + 13] * psf).sum() for c in range(20, SIZE - 20, 14)]
    assert robust_sigma(fluxes) / np.sqrt((psf**2).sum()) == pytest.approx(subtraction.correlation, rel=0.15)


def test_missing_pixels_stay_missing_and_do_not_spread_far():
    science, template = (replace(one, pixels=one.pixels.copy()) for one in (frame(3.2), frame(2.4, coadded=8, seed=1)))
    science.pixels[:6], science.pixels[:, 200] = np.nan, np.nan
    template.pixels[100:110, 100:110] = np.nan
    subtraction = subtract(science, template)
    missing = np.isnan(subtraction.difference)
    assert missing[:6].all()
    assert missing[:, 200].all()
    assert missing[102:108, 102:108].all()
    assert not missing[120:180, 120:180].any()
    np.testing.assert_array_equal(missing, np.isnan(subtraction.noise))
    assert missing.mean() < 0.1


def test_the_images_are_not_touched():
    science, template = frame(3.2), frame(2.4, seed=1)
    before = science.pixels.copy(), template.pixels.copy()
    subtract(science, template, SubtractionSettings(spatial_order=0))
    np.testing.assert_array_equal(science.pixels, before[0])
    np.testing.assert_array_equal(template.pixels, before[1])


def test_a_constant_kernel_can_be_asked_for_and_few_stars_get_one():
    subtraction = subtract(frame(3.2), frame(2.4, coadded=8, seed=1), SubtractionSettings(spatial_order=0, max_stars=8))
    assert subtraction.n_stars <= 8
    assert 0.9 < robust_sigma(subtraction.difference / subtraction.noise) < 1.15


def test_what_cannot_be_subtracted_says_why():
    science, template = frame(3.2), frame(2.4, seed=1)
    blank = np.full((SIZE, SIZE), np.nan, np.float32)
    left, right = blank.copy(), blank.copy()
    left[:, :150], right[:, 150:] = science.pixels[:, :150], template.pixels[:, 150:]
    cases = [
        (replace(science, pixels=blank), template, "science image has no finite pixel"),
        (science, replace(template, pixels=blank), "template has no finite pixel"),
        (replace(science, pixels=left), replace(template, pixels=right), "no pixel in common"),
        (replace(science, pixels=science.pixels[:200]), template, "must share one shape"),
        (frame(3.2, stars=0), template, "0 stars in the science image"),
        (frame(3.2, 120.0, 70.0), template, "common to|agree on"),
        (replace(science, gain=0.0), template, "has gain 0.0"),
        (replace(science, fwhm_pixel=float("nan")), template, "FWHM nan"),
    ]
    for first, second, message in cases:
        with pytest.raises(InputError, match=message):
            subtract(first, second)


def test_an_image_of_one_value_is_an_error_and_no_crash():
    flat = replace(frame(3.2), pixels=np.full((SIZE, SIZE), 100.0, np.float32))
    with pytest.raises(InputError):
        subtract(flat, frame(2.4, seed=1))


def test_a_subtraction_takes_less_than_a_second():
    science, template = frame(3.2), frame(2.4, seed=1)
    (seconds,) = cpu_seconds(lambda: subtract(science, template), rounds=3)
    assert seconds < 1.0
