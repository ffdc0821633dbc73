import numpy as np
import pytest

from pipeline.cutouts.planes import PLANES
from pipeline.features import feature_names, physical_features
from pipeline.features.known_psf import fit_psf, psf_features

IMAGES = ("science", "template", "difference")
CHANNELS = (*IMAGES, *PLANES)
SIZE, SIGMAS = 31, (2.4, 2.0)
FLUX = 2000.0


def star(y=0.0, x=0.0, widening=0.0):
    """Return a Gaussian of unit flux whose width squared is the PSF's times ``1 + widening``."""
    step = np.arange(SIZE) - SIZE // 2
    along_y, along_x = (np.sqrt(sigma**2 + widening * np.prod(SIGMAS)) for sigma in SIGMAS)
    square = ((step[:, None] - y) / along_y) ** 2 + ((step[None] - x) / along_x) ** 2
    return np.exp(-0.5 * square) / (2 * np.pi * along_y * along_x)


def alerts(light, rows=60, seed=0):
    """Return cutouts of a source in noise whose standard deviation is 4 on the left and 8 on the right."""
    sigma = np.where(np.arange(SIZE) < SIZE // 2, 4.0, 8.0) * np.ones((SIZE, 1))
    noise = sigma * np.random.default_rng(seed).normal(size=(rows, SIZE, SIZE))
    cutouts = np.zeros((rows, SIZE, SIZE, len(CHANNELS)), np.float32)
    cutouts[..., 0] = cutouts[..., 2] = light + noise + 5.0
    cutouts[..., 3] = cutouts[..., 5] = sigma**2
    cutouts[..., 4] = 1.0
    cutouts[..., 6:] = star()[..., None]
    return cutouts


def measured(cutouts, channels=CHANNELS, half=15):
    return {name: values.astype(float) for name, values in psf_features(cutouts, channels, half).items()}


def fisher_snr(flux):
    """Return flux over its error where offset and sky are free, from numerical derivatives of the model."""
    weight = 1 / np.where(np.arange(SIZE) < SIZE // 2, 16.0, 64.0) * np.ones((SIZE, 1))
    steps = [(star(0.01, 0) - star(-0.01, 0)) / 0.02, (star(0, 0.01) - star(0, -0.01)) / 0.02]
    columns = np.stack([star(), *(flux * step for step in steps), np.ones((SIZE, SIZE))]).reshape(4, -1)
    return flux / np.sqrt(np.linalg.inv(columns * weight.ravel() @ columns.T)[0, 0])


def test_the_signal_to_noise_ratio_is_that_of_a_weighted_fit():
    found = 10 ** measured(alerts(FLUX * star()))["difference_psf_snr"] - 1
    assert fisher_snr(FLUX) > 20
    assert found.mean() == pytest.approx(fisher_snr(FLUX), abs=4 / np.sqrt(60))
    assert found.std() == pytest.approx(1.0, abs=0.3)


def test_what_is_left_of_a_star_is_its_noise_and_of_a_cosmic_ray_is_not():
    rays = np.zeros((SIZE, SIZE))
    rays[15, 15] = 300.0
    chi = [10 ** measured(alerts(light))["difference_psf_chi"] - 1 for light in (FLUX * star(), rays)]
    assert chi[0].mean() == pytest.approx(1.0, abs=0.01)
    assert chi[1].min() > 1.4
    share = measured(alerts(20 * FLUX * star()))["difference_psf_explained"]
    assert share.min() > 0.99


@pytest.mark.parametrize("place", [(0.0, 0.0), (0.4, -0.3), (-0.5, 0.5)])
def test_the_offset_within_the_pixel_is_found(place):
    found = measured(alerts(20 * FLUX * star(*place)))["difference_psf_offset"]
    assert np.median(found) == pytest.approx(np.hypot(*place), abs=0.06)


@pytest.mark.parametrize("widening", [-0.1, 0.0, 0.2])
def test_a_wider_source_is_told_from_the_psf(widening):
    found = measured(alerts(20 * FLUX * star(widening=widening)))["difference_psf_widening"]
    assert np.median(found) == pytest.approx(widening, abs=0.05)


def test_without_a_variance_the_scatter_of_the_pixels_is_the_noise():
    cutouts = alerts(FLUX * star())
    bare = cutouts.copy()
    bare[..., 5] = np.nan
    without = [measured(bare), measured(cutouts[..., [2, 8]], ("difference", "difference_psf"))]
    for found in without:
        np.testing.assert_allclose(10 ** found["difference_psf_chi"] - 1, 1.0, atol=0.3)
        snr, expected = (np.mean(10 ** part["difference_psf_snr"]) for part in (found, measured(cutouts)))
        assert snr == pytest.approx(expected, rel=0.2)


def test_a_row_without_psf_says_nothing_and_one_without_pixels_stays_finite():
    cutouts = alerts(FLUX * star(), rows=3)
    cutouts[0, ..., 8] = np.nan
    cutouts[1, ..., 2] = np.nan
    cutouts[2, :20, :, 2] = np.nan
    found = np.stack(list(measured(cutouts).values()))
    assert (found[:, 0] == 0).all()
    assert np.isfinite(found).all()
    assert measured(cutouts[..., :3], IMAGES) == {}


@pytest.mark.parametrize("turn", [lambda c: np.rot90(c, axes=(1, 2)), lambda c: c[:, ::-1], lambda c: c[:, :, ::-1]])
def test_turned_cutouts_and_other_units_give_the_same(turn):
    cutouts = alerts(FLUX * star(0.3, 0.1), rows=4)
    expected = measured(cutouts)
    scaled = cutouts.copy()
    scaled[..., :3] *= -1e-3
    scaled[..., 3:6] *= 1e-6
    scaled[..., 6:] *= 5.0
    for changed in (turn(cutouts), scaled):
        for name, values in measured(changed).items():
            np.testing.assert_allclose(values, expected[name], rtol=1e-3, atol=1e-4, err_msg=name)


def test_planes_that_are_missing_change_no_other_feature():
    cutouts = alerts(FLUX * star(0.3, 0.1), rows=4)
    cutouts[..., 3:] = np.nan
    names = feature_names(CHANNELS)
    found = physical_features(cutouts, CHANNELS, 5.2)
    assert names[: len(feature_names())] == feature_names()
    assert [name for name in names if "psf" in name] == list(names[len(feature_names()) :])
    np.testing.assert_array_equal(found[:, : len(feature_names())], physical_features(cutouts[..., :3], fwhm_pixel=5.2))


@pytest.mark.parametrize("fwhm", [None, 5.2])
def test_the_noise_of_an_image_is_what_its_variance_states(fwhm):
    cutouts = alerts(FLUX * star(), rows=20)
    cutouts[..., 5] = 36.0
    twice = cutouts.copy()
    twice[..., 5] *= 4
    snr = [
        10
        ** dict(zip(feature_names(CHANNELS), physical_features(c, CHANNELS, fwhm).T, strict=True))["difference_fit_snr"]
        - 1
        for c in (cutouts, twice)
    ]
    np.testing.assert_allclose(snr[0], 2 * snr[1], rtol=1e-3)


@pytest.mark.parametrize("size", [1, 2, 15, 30])
@pytest.mark.parametrize("fill", [np.nan, 0.0, -1.0, 1e29])
def test_features_of_constant_planes_are_finite(size, fill):
    cutouts = np.full((2, size, size, len(CHANNELS)), fill, np.float32)
    cutouts[1, ..., :3] = np.random.default_rng(0).normal(size=(size, size, 3))
    assert np.isfinite(physical_features(cutouts, CHANNELS)).all()


@pytest.mark.parametrize(("flux", "place"), [(40 * FLUX, (0.3, -0.4)), (-40 * FLUX, (0.0, 0.5)), (0.0, (0.0, 0.0))])
def test_flux_and_place_of_a_fitted_source(flux, place):
    cutouts = alerts(flux * star(*place), rows=1)
    cutouts[0, 20:22, 20:22, 2] = np.nan
    found = fit_psf(cutouts[0, ..., 2], cutouts[0, ..., 5], cutouts[0, ..., 8])
    assert found.flux == pytest.approx(flux, rel=0.005, abs=300)
    assert max(abs(found.y), abs(found.x)) <= 1
    if flux:
        np.testing.assert_allclose([found.y, found.x], place, atol=0.05)
