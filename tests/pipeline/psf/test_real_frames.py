"""PSFs of real frames: crowded, deep, and with a PSFEx model of their survey."""

import numpy as np
import pytest

from pipeline.injection import inject_sources
from pipeline.io.fits.image import read_image
from pipeline.io.fits.psf import read_psf
from pipeline.psf import EmpiricalSettings, Moffat, build_psf, find_psf_stars, judge_psf, measure_fwhm

ONE = EmpiricalSettings(cell_stars=1000)


@pytest.mark.parametrize(
    ("name", "saturation", "most"),
    [("hatp32/HATP-32171220013343.FITS", 4000.0, 0.04), ("emmi_galaxies/galaxies.fits", 60000.0, 0.03)],
)
def test_the_stars_of_a_frame_give_a_psf_that_fits_them_and_a_round_profile_does_not(real_data, name, saturation, most):
    image, _ = read_image(real_data / "frames" / name, 0)
    stars = find_psf_stars(image, saturation=saturation)
    psf = build_psf(stars, image.shape, ONE)
    own = judge_psf(psf, stars)
    round_one = judge_psf(Moffat(fwhm_pixel=measure_fwhm(image, saturation=saturation)), stars)
    assert len(stars) > 40
    assert own.residual_fraction < most < 0.1 < round_one.residual_fraction
    assert own.chi2 < 0.7 * round_one.chi2
    injected = inject_sources(image, psf=psf, x_pixel=[200.4], y_pixel=[200.6], flux=[1e4], gain=1.0, rng=None)
    assert (injected - image).sum(dtype=float) == pytest.approx(1e4, rel=1e-3)


def test_the_psfex_model_of_a_survey_fits_its_image(real_data):
    folder = real_data / "frames" / "legacypipe_decam" / "testcase4"
    image, _ = read_image(next(folder.rglob("c4d_170316_062107_ooi_z_ls9.N2.fits")), 1)
    psf = read_psf(next(folder.rglob("c4d_170316_062107_ooi_z_ls9-N2-psfex.fits")), shape=image.shape)
    quality = judge_psf(psf, find_psf_stars(image, saturation=45000.0), gain=3.9)
    assert quality.residual_fraction < 0.05
    assert quality.chi2 == pytest.approx(1.0, abs=0.15)
    assert np.hypot(quality.x_offset, quality.y_offset) < 0.05
    assert quality.fwhm_pixel == pytest.approx(quality.star_fwhm_pixel, rel=0.05)
