"""The fitted kernel turns the sharp image into the broad one, everywhere on it."""

import numpy as np
import pytest

from pipeline.errors import InputError
from pipeline.psf import Moffat
from pipeline.subtraction.matching_kernel import fit_kernel

SIZE = 240


def stars(fwhm_left, fwhm_right, seed=0, scale=1.0):
    """An image of stars whose width grows from left to right, and their places."""
    rng = np.random.default_rng(5)
    image = np.random.default_rng(seed).normal(0.0, 5.0, (SIZE, SIZE))
    places = [(x + rng.uniform(-4, 4), y + rng.uniform(-4, 4)) for x in range(30, 220, 30) for y in range(30, 220, 30)]
    for x, y in places:
        column, row = round(x), round(y)
        fwhm = fwhm_left + (fwhm_right - fwhm_left) * x / SIZE
        star = scale * 2e4 * Moffat(fwhm_pixel=fwhm, size_pixel=31)(x - column, y - row)
        rows, columns = slice(max(row - 15, 0), row + 16), slice(max(column - 15, 0), column + 16)
        image[rows, columns] += star[max(15 - row, 0) : SIZE - row + 15, max(15 - column, 0) : SIZE - column + 15]
    return image.astype(np.float32), *np.array(places).T


def fit(sharp, broad, x, y, **changes):
    options = {"match_fwhm_pixel": 2.2, "cutout_pixel": 17, "max_stars": 60, "min_stars": 5, "spatial_order": 1}
    return fit_kernel(sharp, broad, np.full_like(sharp, 50.0), x, y, **options | changes)


def residual(kernel, sharp, broad):
    return (broad - kernel.convolve(sharp))[30:-30, 30:-30].std() / np.hypot(5.0, 2.0)


def test_stars_vanish_and_the_scale_is_the_ratio_of_fluxes():
    (sharp, x, y), (broad, _, _) = stars(2.4, 2.4), stars(3.3, 3.3, seed=1, scale=0.7)
    kernel = fit(sharp, broad, x, y)
    assert kernel.scale == pytest.approx(0.7, rel=0.01)
    assert residual(kernel, sharp, broad) < 1.3


def test_a_width_that_changes_over_the_image_needs_a_kernel_that_does():
    (sharp, x, y), (broad, _, _) = stars(2.4, 2.4), stars(2.8, 4.0, seed=1)
    varying, constant = fit(sharp, broad, x, y), fit(sharp, broad, x, y, spatial_order=0)
    assert len(varying.planes) == 3
    assert len(constant.planes) == 1
    assert residual(varying, sharp, broad) < 1.3 < residual(constant, sharp, broad)


def test_a_variable_star_does_not_spoil_the_fit():
    (sharp, x, y), (broad, _, _) = stars(2.4, 2.4), stars(3.3, 3.3, seed=1)
    row, column = round(y[20]), round(x[20])
    broad[row - 15 : row + 16, column - 15 : column + 16] += 2e4 * Moffat(fwhm_pixel=3.3, size_pixel=31)(0.0, 0.0)
    kernel = fit(sharp, broad, x, y)
    assert kernel.n_stars < len(x)
    assert kernel.scale == pytest.approx(1.0, rel=0.01)


def test_too_few_whole_stars_are_an_error():
    (sharp, x, y), (broad, _, _) = stars(2.4, 2.4), stars(3.3, 3.3, seed=1)
    sharp[:, 10:] = np.nan
    with pytest.raises(InputError, match=r"0 of 49 common stars have nearly all their pixels, needs 5"):
        fit(sharp, broad, x, y)


def test_where_few_stars_have_all_their_pixels_those_with_nearly_all_are_used():
    (sharp, x, y), (broad, _, _) = stars(2.4, 2.4), stars(3.3, 3.3, seed=1, scale=0.7)
    whole = sharp.copy()
    for column, row in zip(x.round().astype(int), y.round().astype(int), strict=True):
        sharp[row + 6, column - 7] = np.nan
    kernel = fit(sharp, broad, x, y)
    assert kernel.n_stars > 20
    assert kernel.scale == pytest.approx(0.7, rel=0.01)
    assert residual(kernel, whole, broad) < 1.3
