import numpy as np
import pytest

from pipeline.errors import InputError
from pipeline.psf import Moffat, PsfStars, choose_psf

STAR_FWHM = 3.0


def maker(fwhm):
    return lambda: Moffat(fwhm_pixel=fwhm, size_pixel=25)


def refusing():
    raise InputError("no file night.psf")


@pytest.fixture
def stars():
    """Return eight stars of one width in little noise."""
    rng = np.random.default_rng(1)
    dx, dy = rng.uniform(-0.5, 0.5, (2, 8))
    psf = Moffat(fwhm_pixel=STAR_FWHM, size_pixel=25)
    pixels = np.stack([1e4 * psf(x, y) for x, y in zip(dx, dy, strict=True)]) + rng.normal(0, 1, (8, 25, 25))
    return PsfStars(
        pixels=pixels, x_pixel=50 + dx, y_pixel=50 + dy, x_offset=dx, y_offset=dy, flux=np.full(8, 1e4),
        fwhm_pixel=STAR_FWHM, sky_rms=1.0, found=8,
    )  # fmt: skip


def test_the_first_that_fits_is_taken_and_the_others_are_not_made(stars):
    chosen = choose_psf(["moffat", "psfex"], {"moffat": maker(STAR_FWHM), "psfex": refusing}, stars=stars)
    assert (chosen.source, chosen.fallback) == ("moffat", "")
    assert chosen.quality.stars == 8


def test_where_one_cannot_be_made_the_next_is_taken_and_says_why():
    chosen = choose_psf(["psfex", "moffat"], {"psfex": refusing, "moffat": maker(STAR_FWHM)})
    assert chosen.source == "moffat"
    assert chosen.fallback == "psfex: no file night.psf"
    assert chosen.quality is None


def test_one_that_does_not_fit_the_stars_is_passed_over(stars):
    makers = {"wide": maker(6.0), "moffat": maker(STAR_FWHM)}
    chosen = choose_psf(["wide", "moffat"], makers, stars=stars)
    assert chosen.source == "moffat"
    assert chosen.fallback.startswith("wide: ")
    assert "allowed 10.0%" in chosen.fallback


def test_where_none_fits_the_best_is_taken(stars):
    makers = {"widest": maker(9.0), "wide": maker(5.0), "wider": maker(7.0)}
    chosen = choose_psf(list(makers), makers, stars=stars)
    assert chosen.source == "wide"
    assert chosen.fallback.startswith("none fits, the best is taken: widest: ")


def test_without_stars_the_first_is_taken_unseen():
    chosen = choose_psf(["wide", "moffat"], {"wide": maker(9.0), "moffat": maker(STAR_FWHM)})
    assert chosen.source == "wide"


@pytest.mark.parametrize(("sources", "why"), [(["psfex"], "psfex: no file night.psf"), ([], "no source is given")])
def test_where_none_can_be_made_the_error_says_why(sources, why):
    with pytest.raises(InputError, match=f"no PSF for e1.fits: {why}"):
        choose_psf(sources, {"psfex": refusing}, label="e1.fits")
