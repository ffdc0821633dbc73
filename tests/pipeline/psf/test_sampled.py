"""Sampled PSFs, grids and polynomials: what they refuse, how they vary, what lies beyond their square."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import InputError
from pipeline.psf import Moffat, PolynomialPsf, PsfGrid, SampledPsf, moffat


def gaussian(sigma, number=31, x=0.0, y=0.0):
    grid = np.arange(number) - number // 2
    return np.exp(-0.5 * ((grid[None, :] - x) ** 2 + (grid[:, None] - y) ** 2) / sigma**2)


@settings(max_examples=30, deadline=None)
@given(st.floats(0.2, 2.5), st.floats(-0.5, 0.5), st.floats(-0.5, 0.5), st.integers(15, 50))
def test_images_are_square_and_odd_with_unit_sum(sampling, x, y, number):
    star = SampledPsf(samples=gaussian(2.5, number), sampling=sampling)(x, y)
    assert star.shape[0] == star.shape[1]
    assert star.shape[0] % 2 == 1
    assert star.sum() == pytest.approx(1.0)


def test_a_resampled_psf_keeps_its_width():
    for sampling in (0.3, 0.5, 1.0, 1.5):
        psf = SampledPsf(samples=gaussian(3.0 / sampling, 2 * int(15 / sampling) + 1), sampling=sampling)
        assert psf.fwhm_pixel == pytest.approx(3.0 * 2.3548, rel=0.02)


@pytest.mark.parametrize(
    ("samples", "sampling", "message"),
    [
        (np.zeros((5, 5)), 1.0, "positive sum"),
        (np.full((5, 5), np.nan), 1.0, "finite"),
        (np.ones(9), 1.0, "allowed: \\(y, x\\)"),
        (np.ones((5, 5)), 0.0, "sampling is 0.0"),
        (np.ones((5, 5)), np.nan, "sampling is nan"),
    ],
)
def test_what_is_no_psf_is_refused(samples, sampling, message):
    with pytest.raises(InputError, match=message):
        SampledPsf(samples=samples, sampling=sampling)


@pytest.mark.parametrize(("fwhm", "size"), [(3.0, 21), (4.0, 21), (3.0, 31)])
def test_the_wing_beyond_the_square_is_stated(fwhm, size):
    whole = moffat(fwhm, 801)
    middle = slice(400 - size // 2, 401 + size // 2)
    beyond = 1.0 - whole[middle, middle].sum()
    assert Moffat(fwhm_pixel=fwhm, size_pixel=size).wing_fraction == pytest.approx(beyond, rel=0.05)
    estimate = SampledPsf(samples=moffat(fwhm, size)).wing_fraction
    assert estimate == pytest.approx(beyond, rel=1.0, abs=2e-4)
    assert estimate > 0.5 * beyond


def test_a_grid_has_its_cells_in_their_middles_and_blends_between():
    planes = np.array([[gaussian(1.5), gaussian(3.0)], [gaussian(2.0), gaussian(4.0)]]) * 7.0
    grid = PsfGrid(planes=planes, sampling=1.0, shape=(100, 200))
    for x, y, sigma in ((49.5, 24.5, 1.5), (149.5, 24.5, 3.0), (49.5, 74.5, 2.0), (199.0, 99.0, 4.0)):
        expected = gaussian(sigma) / gaussian(sigma).sum()
        np.testing.assert_allclose(grid.at(x, y).samples, expected, atol=1e-12)
    between = grid.at(99.5, 24.5).samples
    np.testing.assert_allclose(between, (grid.at(0, 0).samples + grid.at(199, 0).samples) / 2.0)


def test_a_cell_without_light_is_refused():
    with pytest.raises(InputError, match="cell of the PSF grid"):
        PsfGrid(planes=np.array([[gaussian(2.0), np.zeros((31, 31))]]), sampling=1.0, shape=(10, 10))
    with pytest.raises(InputError, match="allowed: \\(row, column, y, x\\)"):
        PsfGrid(planes=gaussian(2.0), sampling=1.0, shape=(10, 10))


def test_a_polynomial_takes_its_terms_in_the_order_of_psfex():
    terms = np.array([1.0, 0.1, 0.02, 0.3, 0.004, 0.05])  # 1 x x2 y xy y2
    planes = terms[:, None, None] * gaussian(2.0)
    psf = PolynomialPsf(planes=planes, sampling=1.0, degree=2, zero=(11.0, 21.0), scale=(10.0, 20.0))
    x, y = 0.5, -0.25  # scaled
    factor = 1.0 + 0.1 * x + 0.02 * x**2 + 0.3 * y + 0.004 * x * y + 0.05 * y**2
    found = psf.at(10.0 + 10.0 * x, 20.0 + 20.0 * y).samples  # the first pixel is 1 there
    np.testing.assert_allclose(found, factor * gaussian(2.0))


def test_a_model_cut_off_from_its_image_does_not_fit():
    planes = np.stack([gaussian(2.0), 0.1 * gaussian(2.0), 0.1 * gaussian(2.0)])
    psf = PolynomialPsf(planes=planes, sampling=1.0, degree=1, zero=(50.0, 50.0), scale=(100.0, 100.0))
    with pytest.raises(InputError, match="does not fit the image: it is asked for pixel \\(501, 51\\)"):
        psf.at(500.0, 50.0)
    moved = PolynomialPsf(
        planes=planes, sampling=1.0, degree=1, zero=(550.0, 50.0), scale=(100.0, 100.0), first_pixel=(500.0, 0.0)
    )
    np.testing.assert_array_equal(moved.at(20.0, 30.0).samples, psf.at(20.0, 30.0).samples)


def test_a_polynomial_with_too_few_planes_is_refused():
    with pytest.raises(InputError, match="degree 2 has 6 planes"):
        PolynomialPsf(planes=np.stack([gaussian(2.0)] * 3), sampling=1.0, degree=2)
