import numpy as np
import pytest

from pipeline.errors import InputError
from pipeline.psf import Moffat, measure_fwhm

SIDE, SKY = 300, 200.0


def starry(fwhm, flux=2e4, places=25, seed=1):
    """An image of stars on a square grid, each at a sub-pixel place of its own, in noise of 3."""
    rng = np.random.default_rng(seed)
    image = rng.normal(SKY, 3.0, (SIDE, SIDE))
    psf = Moffat(fwhm_pixel=fwhm, size_pixel=31)
    side = round(places**0.5)
    for row in range(side):
        for column in range(side):
            y, x = 40 + 50 * row, 40 + 50 * column
            dx, dy = rng.uniform(-0.5, 0.5, 2)
            image[y - 15 : y + 16, x - 15 : x + 16] += flux * psf(dx, dy)
    return image.astype(np.float32)


@pytest.mark.parametrize("fwhm", [2.5, 4.0, 6.0])
def test_the_width_of_the_stars_is_found(fwhm):
    assert measure_fwhm(starry(fwhm)) == pytest.approx(fwhm, rel=0.05)


def test_missing_pixels_do_not_change_the_width():
    image = starry(4.0)
    image[:, 100:104] = np.nan
    image[260:] = np.nan
    assert measure_fwhm(image) == pytest.approx(4.0, rel=0.05)


def test_a_blank_image_has_no_width():
    with pytest.raises(InputError, match="is it blank"):
        measure_fwhm(starry(4.0, flux=0.0))


def test_saturated_stars_do_not_count():
    with pytest.raises(InputError, match="0 of 25 sources are usable stars"):
        measure_fwhm(starry(4.0), saturation=SKY + 100.0)


def test_one_star_is_too_few():
    with pytest.raises(InputError, match="a FWHM takes at least 3"):
        measure_fwhm(starry(4.0, places=1))
