"""Colours of drawn spectra turn with redshift and temperature as those of real sources do."""

import numpy as np
from astropy import units as u
from astropy.modeling.models import BlackBody

from pipeline.sky.spectra import BANDS_MICRON, galaxy_magnitudes, quasar_magnitudes, star_magnitudes

BANDS = list(BANDS_MICRON)


def colour(magnitudes, blue, red):
    return magnitudes[:, BANDS.index(blue)] - magnitudes[:, BANDS.index(red)]


def test_stars_are_black_bodies():
    wavelengths = list(BANDS_MICRON.values()) * u.micron
    flux = BlackBody(temperature=5000 * u.K)(wavelengths).to_value("erg / (s cm2 Hz sr)")
    wanted = -2.5 * np.log10(flux / flux[0])
    ours = star_magnitudes([5000.0])[0]
    np.testing.assert_allclose(ours - ours[0], wanted, atol=1e-4)


def test_hot_stars_are_bluer():
    assert (np.diff(colour(star_magnitudes([3500.0, 5000.0, 7000.0]), "DES_g", "DES_i")) < 0).all()


def test_the_break_of_old_stars_passes_from_g_r_to_r_i():
    magnitudes = galaxy_magnitudes([0.25, 0.7], [True, True])
    g_r, r_i = colour(magnitudes, "DES_g", "DES_r"), colour(magnitudes, "DES_r", "DES_i")
    assert g_r[0] > 2 * r_i[0]
    assert r_i[1] > 2 * r_i[0]


def test_young_galaxies_are_bluer_than_old_ones():
    redshift = np.linspace(0.05, 1.2, 20)
    red, blue = (galaxy_magnitudes(redshift, np.full(20, is_red)) for is_red in (True, False))
    assert (colour(red, "DES_g", "DES_z") > colour(blue, "DES_g", "DES_z")).all()


def test_a_power_law_of_quasars_has_its_colour_and_dust_is_seen_only_nearby():
    magnitudes = quasar_magnitudes([1.2, 2.5])
    np.testing.assert_allclose(colour(magnitudes, "DES_r", "DES_i"), 1.25 * np.log10(0.775 / 0.635))
    without_dust = 1.25 * np.log10(3.35 / 1.25)
    assert colour(magnitudes, "VHS_j", "WISE_w1")[0] > without_dust
    np.testing.assert_allclose(colour(magnitudes, "VHS_j", "WISE_w1")[1], without_dust)


def test_light_below_lyman_alpha_is_absorbed():
    magnitudes = quasar_magnitudes([2.5, 3.4])
    assert colour(magnitudes, "DES_g", "DES_r")[1] > colour(magnitudes, "DES_g", "DES_r")[0] + 0.3
