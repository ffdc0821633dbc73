"""Sources put into cutouts whose variances and PSFs are known: flux, width, and the noise that comes with them."""

import numpy as np
import pytest

from pipeline.recipes.stamps import StampInjection
from pipeline.triplets.artefacts import ARTEFACTS
from pipeline.triplets.reals import inject_into_cutouts

SIZE = 31
SIGMAS = {0: (2.6, 2.2), 1: (1.7, 1.7), 2: (2.6, 2.2)}
"""Width of the PSF of science image, template and difference along y and x."""

SKY, SLOPE = {0: 100.0, 1: 4.0, 2: 104.0}, {0: 0.5, 1: 0.02}
"""Variance of the sky of each image, and what each unit of light adds to it."""


def psf(image, y=0.0, x=0.0):
    step, (along_y, along_x) = np.arange(SIZE) - SIZE // 2, SIGMAS[image]
    square = ((step[:, None] - y) / along_y) ** 2 + ((step[None] - x) / along_x) ** 2
    return np.exp(-0.5 * square) / (2 * np.pi * along_y * along_x)


@pytest.fixture
def skies():
    """Cutouts of sky alone with all planes; the variances follow the pixels, as those of LSST do."""
    rng = np.random.default_rng(1)
    science, template = (np.sqrt(SKY[image]) * rng.normal(size=(120, SIZE, SIZE)) for image in (0, 1))
    variances = SKY[0] + SLOPE[0] * science, SKY[1] + SLOPE[1] * template, SKY[2] + SLOPE[0] * science
    psfs = [np.broadcast_to(psf(image), science.shape) for image in range(3)]
    return np.stack([science, template, science - template, *variances, *psfs], axis=-1).astype(np.float32)


def inject(cutouts, sign, *, turned=False, **own):
    settings = {"host_share": 0.0, "crowded_share": 0.0, "cloudy_share": 0.0, "in_place_share": 1.0}
    settings |= {"negative_share": float(sign < 0), "snr": (200.0, 300.0)}
    chosen = StampInjection(**settings | own)
    return inject_into_cutouts(cutouts, np.random.default_rng(2), chosen, difference_turned=turned)


def fitted(images, variances, truth, image):
    """Return the flux of each source by a fit of the PSF at its place, its error, and residuals over their noise."""
    shapes = np.stack([psf(image, *place) for place in truth[["y_offset", "x_offset"]].to_numpy()])
    weight = (shapes**2 / variances).sum(axis=(1, 2))
    flux = (shapes * images / variances).sum(axis=(1, 2)) / weight
    return flux, weight**-0.5, (images - truth["flux"].abs().to_numpy()[:, None, None] * shapes) / np.sqrt(variances)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("plane", ["image", "difference"])
def test_the_source_has_its_flux_the_psf_and_the_noise_that_the_variance_says(skies, sign, plane):
    cutouts, truth = inject(skies, sign)
    of = 2 if plane == "difference" else 0 if sign > 0 else 1
    images = cutouts[..., of] * (sign if of == 2 else 1)
    flux, error, residuals = fitted(images, cutouts[..., 3 + of], truth, of)
    wanted = truth["flux"].abs().to_numpy()
    assert abs((flux / wanted - 1).mean()) < 0.002 + 4 * (error / wanted).mean() / np.sqrt(len(wanted))
    pull = (flux - wanted) / error
    assert pull.std() == pytest.approx(1.0, abs=0.25)
    near = np.hypot(*(np.indices((SIZE, SIZE)) - SIZE // 2)) < 4
    assert residuals[:, near].std() == pytest.approx(1.0, abs=0.05)
    assert residuals[:, near].mean() == pytest.approx(0.0, abs=0.1)
    np.testing.assert_array_equal(cutouts[..., 6:], skies[..., 6:])


def test_most_of_that_noise_is_of_photons_and_the_variance_grew_by_it(skies):
    cutouts, truth = inject(skies, 1)
    light = truth["flux"].to_numpy()[:, None] * psf(0)[SIZE // 2, SIZE // 2]
    grown = cutouts[:, 15, 15, 3] / SKY[0]
    assert np.median(grown) > 3
    np.testing.assert_allclose(np.median(grown), 1 + SLOPE[0] * np.median(light) / SKY[0], rtol=0.1)
    far = np.s_[:, :4, :4]
    np.testing.assert_allclose(cutouts[far][..., 3:6], skies[far][..., 3:6], atol=0.05)


def test_the_signal_to_noise_ratio_is_that_over_the_sky_of_the_difference(skies):
    _, truth = inject(skies, 1, jitter_pixel=0.0)
    error = np.sqrt(SKY[2] / (psf(2) ** 2).sum())
    np.testing.assert_allclose(truth["flux"] / error / truth["snr"], 1.0, atol=0.02)


def test_a_survey_that_turns_its_differences_has_a_positive_one(skies):
    cutouts, truth = inject(skies, -1, turned=True)
    assert (truth["flux"] < 0).all()
    assert (cutouts[:, 15, 15, 2] > 100).all()
    assert (cutouts[:, 15, 15, 1] > 100).all()


@pytest.mark.parametrize("lacking", [np.s_[..., 6:], np.s_[..., 8]])
def test_without_the_psf_a_source_has_the_width_that_the_cutout_shows(skies, lacking):
    skies[lacking] = np.nan
    cutouts, _ = inject(skies, 1, stretch=(0.0, 0.0), jitter_pixel=0.0)
    light = cutouts[..., 2].mean(axis=0)
    assert (light > light.max() / 2).sum() < 12  # a FWHM of 2.4 pixel, the default, and not of 5.6
    assert (cutouts[:, 15, 15, 3] > 2 * SKY[0]).all()


def test_planes_that_are_all_missing_change_nothing(skies):
    unknown = skies.copy()
    unknown[..., 3:] = np.nan
    found, truth = inject(unknown, 1, cloudy_share=0.5, crowded_share=0.5)
    plain, plain_truth = inject(skies[..., :3], 1, cloudy_share=0.5, crowded_share=0.5)
    np.testing.assert_array_equal(found[..., :3], plain)
    assert np.isnan(found[..., 3:]).all()
    assert truth.equals(plain_truth)


def test_a_gap_at_the_centre_that_is_filled_has_the_variance_of_the_sky(skies):
    skies[:, 14:17, 14:17, :6] = np.nan
    cutouts, _ = inject(skies, 1, snr=(6.0, 6.1))
    assert np.isfinite(cutouts[:, 14:17, 14:17, :6]).all()
    np.testing.assert_allclose(np.median(cutouts[:, 14:17, 14:17, 5]), SKY[2], rtol=0.15)


@pytest.mark.parametrize("name", list(ARTEFACTS))
def test_every_artefact_keeps_a_variance_above_0_and_the_psf(skies, name):
    made = ARTEFACTS[name](skies[:3], np.random.default_rng(4))
    assert made.shape == (3, SIZE, SIZE, 9)
    assert (made[..., 3:6] > 0).all()
    np.testing.assert_array_equal(made[..., 6:], skies[:3, ..., 6:])
