"""Science and template in, difference, noise and score out, on real frames as on made ones."""

import warnings
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from pipeline.detection.detect import DetectionSettings, detect
from pipeline.errors import InputError
from pipeline.imaging.frame import Frame
from pipeline.imaging.noise import fixed_pattern, noise_from_pairs, source_mask, with_sky_noise
from pipeline.injection import inject_sources
from pipeline.metrics.differences import difference_quality, robust_sigma
from pipeline.psf import Moffat, measure_fwhm
from pipeline.sky import SkySettings
from pipeline.sky.exposure import render_exposure, render_template
from pipeline.sky.field import draw_field
from pipeline.sky.visits import plan_visits
from pipeline.subtraction.alignment import move_whole_pixels
from pipeline.subtraction.difference import difference_of
from pipeline.subtraction.subtract import SubtractionSettings
from pipeline.surveys.synthetic.survey import frames

FEW = SubtractionSettings(min_stars=3)


def expect_unit_spread(result, science):
    """Away from bright stars the difference over its noise, and the score, have unit width."""
    away = ~source_mask(science.pixels, sigma=15.0, grow_pixel=int(2 * science.fwhm_pixel) + 1)
    normalised = (result.difference / result.noise)[away]
    assert 0.9 < robust_sigma(normalised) < 1.15
    assert abs(np.nanmedian(normalised)) < 0.1
    assert 0.8 < robust_sigma(result.score[away]) < 1.3
    assert np.isfinite(normalised).mean() > 0.6


@pytest.fixture(scope="module")
def synthetic_frames():
    settings = SkySettings(size_pixel=320, stars=260, galaxies=40, transients=0, variables=0, movers=0)
    visits = plan_visits(settings, 1)
    objects = draw_field(settings, 0, visits, 1)
    exposure = render_exposure(settings, visits[0], objects, render_template(settings, 0, objects, 1), 1)
    return frames(exposure, settings)


def test_the_synthetic_sky_subtracts_to_noise_of_unit_width(synthetic_frames):
    science, template = synthetic_frames
    expect_unit_spread(difference_of(science, template, is_aligned=True), science)


@pytest.mark.replaces("gmadet", "O16")
def test_an_unaligned_template_is_aligned_by_its_stars_and_a_new_source_found(synthetic_frames):
    science, template = synthetic_frames
    turned = replace(template, pixels=np.ascontiguousarray(np.rot90(template.pixels, 2)))
    with_source = inject_sources(
        science.pixels,
        psf=Moffat(fwhm_pixel=science.fwhm_pixel),
        x_pixel=np.array([60.3]),
        y_pixel=np.array([80.1]),
        flux=np.array([2e4]),
        gain=science.gain,
        rng=None,
    )
    result = difference_of(replace(science, pixels=with_source), turned)
    expect_unit_spread(result, science)
    found = detect(
        result.difference,
        result.noise,
        fwhm_pixel=result.subtraction.fwhm_pixel,
        zeropoint=25.0,
        correlation=result.subtraction.correlation,
    )
    near = found[np.hypot(found["x_pixel"] - 60.3, found["y_pixel"] - 80.1) < 1.0]
    assert len(near) == 1
    assert near["flux"].iloc[0] == pytest.approx(2e4, rel=0.08)
    assert result.score[80, 60] == pytest.approx(near["snr"].iloc[0], rel=0.25)


def test_missing_pixels_are_missing_in_all_that_comes_out(synthetic_frames):
    science, template = (replace(one, pixels=one.pixels.copy()) for one in synthetic_frames)
    science.pixels[:, 100:110] = np.nan
    result = difference_of(science, template, is_aligned=True)
    for image in (result.difference, result.noise, result.score):
        assert np.isnan(image[:, 100:110]).all()
    np.testing.assert_array_equal(np.isnan(result.difference), np.isnan(result.score))


def test_images_without_overlap_are_an_error(synthetic_frames):
    science, template = synthetic_frames
    nothing = replace(template, pixels=np.full_like(template.pixels, np.nan))
    with pytest.raises(InputError, match="finite"):
        difference_of(science, nothing, is_aligned=True)
    with pytest.raises(InputError, match=r"finite|stars"):
        difference_of(science, nothing)


def read(path, hdu=0):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with fits.open(path) as file:
            header = file[hdu].header
            return file[hdu].data.astype(np.float32), header, WCS(header)


@pytest.mark.parametrize("letter", ["a", "e"])
def test_resampled_decam_epochs_subtract_to_noise_of_unit_width(real_data, letter):
    frames = []
    for epoch in ("18", "04"):
        pixels, header, _ = read(real_data / "frames" / "sfft_decam" / f"DEC-OBS{epoch}{letter}.mini.fits")
        frame = Frame(
            pixels=pixels,
            gain=header["GAIN"],
            read_noise=header["RDNOISE"],
            pedestal=-header["AVSKY"],
            saturation=header["ESATUR"],
            fwhm_pixel=measure_fwhm(pixels, saturation=header["ESATUR"]),
        )
        frames.append(with_sky_noise(frame))
    expect_unit_spread(difference_of(*frames, is_aligned=True, settings=FEW), frames[0])


@pytest.mark.parametrize("noise", ["gain and read noise", "weights"])
def test_epochs_of_other_detectors_are_aligned_by_their_projections(real_data, noise):
    folder = real_data / "frames" / "legacypipe_decam" / "testcase4"
    frames, projections = [], []
    for name in ("c4d_180212_083009_ooi_z_ls9.N3.fits", "c4d_150411_035242_ooi_z_ls9.N3.fits"):
        path = next(folder.rglob(name))
        pixels, header, wcs = read(path, 1)
        weights, *_ = read(path.with_name(name.replace("_ooi_", "_oow_")), 1)
        frame = Frame(
            pixels=pixels,
            gain=header["GAINA"],
            read_noise=header["RDNOISEA"],
            saturation=0.9 * header["SATURATE"],
            fwhm_pixel=header["FWHM"],
            variance_map=1 / np.where(weights > 0, weights, np.nan) if noise == "weights" else None,
        )
        frames.append(frame)
        projections.append(wcs)
    difference = difference_of(*frames, science_wcs=projections[0], template_wcs=projections[1], settings=FEW)
    expect_unit_spread(difference, frames[0])


def test_raw_frames_without_projection_take_their_noise_from_pairs(real_data):
    paths = sorted((real_data / "frames" / "hatp32").glob("*.FITS"))
    raw = [fits.getdata(path).astype(np.float32)[12:] for path in paths]
    raw = [one[:300, :400] for one in raw[::4]]
    pattern = fixed_pattern(raw)
    clean = [one - pattern for one in raw]
    bare = [Frame(pixels=one, gain=1.0, read_noise=0.0, saturation=3500.0, fwhm_pixel=2.0) for one in clean]
    noise = noise_from_pairs([(one.pixels, move_whole_pixels(one, other)) for one, other in pairwise(bare)])
    assert 20 < noise.gain < 80
    known = {"gain": noise.gain, "read_noise": noise.read_noise, "pedestal": noise.pedestal, "saturation": 3500.0}
    science, template = (
        Frame(pixels=one, fwhm_pixel=measure_fwhm(one, saturation=3500.0), **known) for one in (clean[4], clean[6])
    )
    result = difference_of(science, template)
    assert result.subtraction.n_stars > 15
    expect_unit_spread(result, science)


def test_the_quality_of_a_perfect_difference_is_that_of_gaussian_noise():
    noise = np.full((600, 600), 3.0, np.float32)
    difference = np.random.default_rng(0).normal(0.0, 3.0, noise.shape).astype(np.float32)
    found = detect(difference, noise, fwhm_pixel=3.0, zeropoint=25.0)
    masked = np.zeros(noise.shape, bool)
    masked[:100] = True
    quality = difference_quality(difference, noise, difference / 3.0, masked, found, fwhm_pixel=3.0)
    assert quality.spread == pytest.approx(1.0, abs=0.01)
    assert quality.pixels == 600 * 500
    assert quality.false_per_million <= 10.0
    with pytest.raises(InputError, match="missing or masked"):
        difference_quality(difference, noise, difference, ~masked | masked, found, fwhm_pixel=3.0)


def test_gaussian_noise_has_as_many_peaks_as_expected():
    expected = counted = 0.0
    for seed in range(3):
        noise = np.ones((700, 700), np.float32)
        difference = np.random.default_rng(seed).normal(size=noise.shape).astype(np.float32)
        found = detect(
            difference, noise, fwhm_pixel=3.0, zeropoint=25.0, settings=DetectionSettings(threshold_sigma=4.0)
        )
        quality = difference_quality(
            difference, noise, difference, np.zeros(noise.shape, bool), found, fwhm_pixel=3.0, threshold_sigma=4.0
        )
        expected, counted = expected + quality.expected_per_million, counted + quality.false_per_million
    # whole pixels miss the tops between them, so that the formula is an upper bound
    assert 0.5 < counted / expected < 1.1
