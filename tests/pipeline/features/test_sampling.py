import numpy as np
import pytest

from pipeline.features import feature_names, physical_features
from pipeline.features.sampling import (
    LARGEST_SIDE,
    REFERENCE_FWHM,
    STEP,
    STEPS,
    resampled,
    resampled_channels,
    sampling_factor,
)

CHANNELS = ("science", "template", "difference")


def star(side=61, fwhm=4.4, x=0.0, y=0.0, flux=1000.0):
    """One channel with a Gaussian star, as an average over each pixel."""
    fine = (np.arange(5 * side) - 2) / 5 - side // 2
    sigma = fwhm / 2.3548
    profiles = [np.exp(-0.5 * ((fine - at) / sigma) ** 2).reshape(side, 5).mean(axis=1) for at in (y, x)]
    return (flux * np.outer(*profiles) / (2 * np.pi * sigma**2)).astype(np.float32)[None, ..., None]


def moments(image):
    """Flux, centre from the middle pixel, and FWHM of a Gaussian of the same second moment."""
    pixels = image[0, ..., 0].astype(np.float64)
    offset = np.arange(len(pixels)) - len(pixels) // 2
    flux = pixels.sum()
    x, y = (pixels.sum(axis=axis) @ offset / flux for axis in (0, 1))
    variance = pixels.sum(axis=0) @ (offset - x) ** 2 / flux
    return flux, x, y, 2.3548 * np.sqrt(variance)


@pytest.mark.parametrize("fwhm", [None, np.nan, 0.0, -3.0, np.inf, 1.77, 2.2, 2.74])
def test_near_the_reference_or_unknown_nothing_is_resampled(fwhm):
    cutouts = star()
    assert sampling_factor(fwhm) == 1
    assert resampled(cutouts, sampling_factor(fwhm)) is cutouts


@pytest.mark.parametrize("fwhm", [0.3, 1.4, 1.7, 2.8, 3.3, 4.4, 8.0, 15.0])
def test_factors_are_steps_that_bring_the_width_to_the_reference(fwhm):
    factor = sampling_factor(fwhm)
    pixel = 0.462 * (1 + factor**2) if factor < 1 else 0.0  # square of the FWHM that the areas of the pixels add
    assert 0.94 < np.sqrt((fwhm * factor) ** 2 + pixel) / REFERENCE_FWHM < 1.06
    steps = STEPS * np.log(factor) / np.log(STEP)
    assert steps == pytest.approx(round(steps))


@pytest.mark.parametrize("side", [60, 61])
@pytest.mark.parametrize(("fwhm", "tolerance"), [(1.4, 0.05), (4.4, 0.03), (8.0, 0.03)])
def test_a_star_keeps_place_and_flux_and_its_width_is_scaled(side, fwhm, tolerance):
    factor = sampling_factor(fwhm)
    old, new = star(side, fwhm, x=0.7, y=-1.3), resampled(star(side, fwhm, x=0.7, y=-1.3), factor)
    assert new.shape[1] == new.shape[2]
    assert new.shape[1] % 2 == 1
    was, found = moments(old), moments(new)
    assert found[0] == pytest.approx(1000, rel=0.01)
    np.testing.assert_allclose(found[1:3], (0.7 * factor, -1.3 * factor), atol=0.01)
    pixel = (1 + factor**2) / 12 if factor < 1 else 0.0  # variance that the areas of both pixels add
    expected = np.hypot(was[3] * factor, 2.3548 * np.sqrt(pixel))
    assert found[3] == pytest.approx(expected, rel=tolerance)


@pytest.mark.parametrize("side", [30, 31])
@pytest.mark.parametrize("fwhm", [1.4, 4.4])
def test_a_star_in_the_middle_stays_symmetric_about_it(side, fwhm):
    new = resampled(star(side, fwhm), sampling_factor(fwhm))[0, ..., 0]
    assert np.unravel_index(new.argmax(), new.shape) == (len(new) // 2, len(new) // 2)
    for turned in (new[::-1], new[:, ::-1], new.T):
        np.testing.assert_allclose(turned, new, atol=1e-4)


@pytest.mark.parametrize("factor", [0.512, 0.8, 1.5625])
def test_a_flat_image_stays_flat_to_its_edges(factor):
    flat = resampled(np.full((1, 31, 31, 2), 7, np.float32), factor)
    np.testing.assert_allclose(flat, 7 / factor**2, rtol=1e-5)


def test_no_more_is_made_than_features_look_at():
    assert resampled(np.zeros((1, 301, 301, 1), np.float32), 0.512).shape == (1, LARGEST_SIDE, LARGEST_SIDE, 1)
    assert resampled(np.zeros((1, 1, 1, 3), np.float32), 0.512).shape == (1, 1, 1, 3)


def test_pixels_are_missing_where_more_than_half_of_them_was():
    cutouts = np.ones((1, 42, 42, 2), np.float32)
    cutouts[0, :, :20, 0] = np.nan
    cutouts[0, 21, 21, 1] = np.inf
    found = resampled(cutouts, 0.5)
    assert found.shape == (1, 19, 19, 2)
    missing = np.isnan(found[0, ..., 0])
    assert missing[:, :9].all()
    assert not missing[:, 9:].any()
    np.testing.assert_allclose(found[0, ..., 1], 4, rtol=1e-6)  # its three neighbours stand in for a missing one
    assert np.isnan(resampled(np.full((1, 21, 21, 1), np.nan, np.float32), 1.5625)).all()


def drawn(fwhm, side, seed):
    """A source of 60 times the sky noise on a template with stars, whose sky is the same at every sampling."""
    rng = np.random.default_rng(seed)
    scale, sigma = fwhm / REFERENCE_FWHM, fwhm / 2.3548
    yy, xx = np.mgrid[:side, :side] - side // 2

    def at(x, y, flux):
        square = (xx - x * scale) ** 2 + (yy - y * scale) ** 2
        return flux * np.exp(-0.5 * square / sigma**2) / (2 * np.pi * sigma**2)

    places, fluxes = rng.uniform(-25, 25, (4, 2)), rng.uniform(3e3, 3e4, 4)
    static = sum(at(*place, flux) for place, flux in zip(places, fluxes, strict=True))
    noise = rng.normal(0, 6 / scale, (2, side, side))
    science, template = static + at(0.2, 0.1, 6000) + noise[0], static + noise[1]
    return np.stack([science, template, science - template], axis=-1).astype(np.float32)


@pytest.mark.parametrize(("fwhm", "side"), [(4.3, 125), (1.4, 41), (6.0, 171)])
def test_features_of_resampled_stars_agree_with_those_at_the_reference(fwhm, side):
    names = feature_names()
    there = np.stack([drawn(fwhm, side, seed) for seed in range(24)])
    here = np.stack([drawn(REFERENCE_FWHM, 63, seed) for seed in range(24)])
    wanted = physical_features(here)
    scatter = np.maximum(wanted.std(axis=0), 0.02)

    def off(features):
        return np.abs(np.median(features - wanted, axis=0)) / scatter

    scaled, plain = off(physical_features(there, CHANNELS, fwhm)), off(physical_features(there))
    lengths = [names.index(f"{image}_fit_fwhm") for image in ("bright", "difference")]
    np.testing.assert_allclose(physical_features(there, CHANNELS, fwhm)[:, lengths], wanted[:, lengths], rtol=0.12)
    # enlarged noise is smooth, which no interpolation can help
    assert scaled.mean() < (0.7 if fwhm < REFERENCE_FWHM else 0.35) * plain.mean()


@pytest.mark.parametrize("factor", [0.33, 0.64, 1.25, 1.95])
def test_a_variance_is_that_of_the_resampled_noise(factor):
    channels = ("science", "science_variance", "science_psf")
    noise = np.zeros((400, 30, 30, 3), np.float32)
    noise[..., 1] = 4 + np.arange(30) / 5
    noise[..., 0] = np.random.default_rng(0).normal(size=noise.shape[:3]) * np.sqrt(noise[..., 1])
    noise[..., 2] = noise[..., 1]
    noise[:, :, :3, 1] = np.nan
    found = resampled_channels(noise, channels, factor)
    known = np.isfinite(found[0, ..., 1])
    assert known[:, 0].any() == (factor < 0.5)  # where the new pixels end within the old ones
    assert known[:, 3:].all()
    measured = found[..., 0].var(axis=0)
    np.testing.assert_allclose(measured[known].mean() / found[0, known, 1].mean(), 1.0, atol=0.02)
    np.testing.assert_array_equal(found[..., :1], resampled(noise[..., :1], factor))
    assert resampled_channels(noise, channels, 1.0) is noise
