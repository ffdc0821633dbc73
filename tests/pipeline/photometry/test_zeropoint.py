"""The zeropoint is that of the matched stars, whatever stands beside them."""

import numpy as np
import pytest

from pipeline.errors import InputError
from pipeline.photometry.zeropoint import fit_zeropoint


def stars(number=60, seed=0):
    rng = np.random.default_rng(seed)
    ra, dec = 150.0 + rng.uniform(-0.1, 0.1, number), 2.0 + rng.uniform(-0.1, 0.1, number)
    magnitude = rng.uniform(14.0, 18.0, number)
    flux = 10 ** (0.4 * (27.3 - magnitude)) * 10 ** (0.4 * rng.normal(0, 0.02, number))
    return ra, dec, flux, magnitude


def fit(ra, dec, flux, magnitude, shift=0.0, **options):
    return fit_zeropoint(
        ra,
        dec,
        flux,
        catalogue_ra_deg=ra + shift / 3600,
        catalogue_dec_deg=dec,
        catalogue_magnitude=magnitude,
        **options,
    )


def test_the_zeropoint_is_that_of_the_stars_within_its_error():
    found = fit(*stars())
    assert found.zeropoint == pytest.approx(27.3, abs=4 * found.error)
    assert found.error < 0.01
    assert found.scatter == pytest.approx(0.02, rel=0.5)


def test_variable_stars_and_faults_do_not_move_it():
    ra, dec, flux, magnitude = stars()
    flux[:12] *= 3.0
    flux[12], magnitude[13] = -5.0, np.nan
    found = fit(ra, dec, flux, magnitude)
    assert found.zeropoint == pytest.approx(27.3, abs=0.02)
    assert found.n_matched == 58
    assert found.n_stars <= 46


@pytest.mark.parametrize("sentinel", [-999.0, 99.0])
def test_catalogue_rows_whose_magnitude_is_not_known_do_not_count(sentinel):
    ra, dec, flux, magnitude = stars()
    magnitude[:40] = sentinel
    found = fit(ra, dec, flux, magnitude)
    assert found.zeropoint == pytest.approx(27.3, abs=0.02)
    assert found.n_matched == 20


def test_a_catalogue_without_matches_is_an_error_that_gives_the_numbers():
    with pytest.raises(InputError, match=r"0 of 60 stars match one of 60 catalogue rows within 2.0 arcsec"):
        fit(*stars(), shift=1800.0)
    with pytest.raises(InputError, match="needs 100"):
        fit(*stars(), min_stars=100)
