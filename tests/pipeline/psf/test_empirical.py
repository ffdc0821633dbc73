"""The PSF of an image's own stars, how well it fits them, and what is taken where there is none."""

import logging

import numpy as np
import pytest

from pipeline.errors import InputError, SettingsError
from pipeline.psf import (
    EmpiricalSettings,
    Moffat,
    PsfGrid,
    SampledPsf,
    build_psf,
    choose_psf,
    find_psf_stars,
    judge_psf,
)


def star_image(number=40, shape=(300, 300), seed=0, fwhm=lambda *_: 3.0, neighbours=0, **profile):
    """Noisy sky with stars on a grid, their widths a function of the place."""
    rng = np.random.default_rng(seed)
    side = int(np.ceil(np.sqrt(number)))
    nodes = np.stack(
        np.meshgrid(np.linspace(30, shape[1] - 30, side), np.linspace(30, shape[0] - 30, side)), axis=-1
    ).reshape(-1, 2)[:number]
    places = [(x, y, rng.uniform(2e4, 1e5)) for x, y in nodes + rng.uniform(-3, 3, nodes.shape)]
    places += [(x + 9.0, y + 3.0, 4e3) for x, y, _ in places[:neighbours]]
    light = np.full((shape[0] + 80, shape[1] + 80), 100.0)
    for x, y, flux in places:
        column, row = round(x), round(y)
        star = Moffat(fwhm_pixel=fwhm(x, y), size_pixel=61, **profile)(x - column, y - row)
        light[row + 10 : row + 71, column + 10 : column + 71] += flux * star
    return rng.poisson(light[40:-40, 40:-40]).astype(np.float32)


@pytest.mark.replaces("gmadet", "O16")
def test_the_psf_of_stars_needs_no_other_program_and_fits_them_better_than_a_round_profile():
    image = star_image(ellipticity=0.25, angle_deg=30.0)
    stars = find_psf_stars(image)
    own, round_one = judge_psf(build_psf(stars, image.shape), stars), judge_psf(Moffat(fwhm_pixel=3.0), stars)
    assert own.kind == "empirical"
    assert own.stars == 40
    assert own.residual_fraction < 0.02 < round_one.residual_fraction
    assert abs(own.peak_error) < 0.03
    assert own.chi2 == pytest.approx(1.0, abs=0.25)
    assert own.fwhm_pixel == pytest.approx(own.star_fwhm_pixel, rel=0.03)
    assert abs(own.x_offset) < 0.03
    assert set(own.numbers()) >= {"stars", "fwhm_pixel", "residual_fraction", "chi2", "wing_fraction"}


def test_neighbours_saturated_stars_and_missing_pixels_leave_it_as_it_is():
    plain, spoilt = star_image(), star_image(neighbours=20)
    spoilt[:, 148] = np.nan
    spoilt[spoilt > 9000.0] = 9000.0
    stars = find_psf_stars(spoilt, saturation=9000.0)
    assert 12 <= len(stars) < 40
    assert stars.pixels[np.isfinite(stars.pixels)].max() < 9000.0
    good = find_psf_stars(plain)
    assert judge_psf(build_psf(stars, spoilt.shape), good).residual_fraction < 0.03


def test_where_stars_are_many_the_psf_follows_them_over_the_image():
    def fwhm(x, y):
        return 2.7 + 1.0 * x / 600.0

    image = star_image(number=121, shape=(600, 600), fwhm=fwhm)
    stars = find_psf_stars(image)
    varying = build_psf(stars, image.shape, EmpiricalSettings(cell_stars=25))
    one = build_psf(stars, image.shape, EmpiricalSettings(cell_stars=40))
    assert isinstance(varying, PsfGrid)
    assert isinstance(one, SampledPsf)
    left, right = varying.at(100.0, 300.0).fwhm_pixel, varying.at(500.0, 300.0).fwhm_pixel
    assert right - left == pytest.approx(0.48, abs=0.15)
    assert judge_psf(varying, stars).chi2 < judge_psf(one, stars).chi2


@pytest.mark.parametrize("image", [np.full((100, 100), 100.0, np.float32), np.full((100, 100), np.nan, np.float32)])
def test_without_stars_or_pixels_there_is_no_psf(image):
    noisy = image + np.random.default_rng(0).normal(0, 3, image.shape).astype(np.float32)
    with pytest.raises(InputError, match=r"usable star|is finite"):
        find_psf_stars(noisy)


def test_a_few_stars_are_refused_with_their_number():
    image = star_image(number=5)
    with pytest.raises(InputError, match="5 of 5 sources are usable stars, a PSF takes 12"):
        build_psf(find_psf_stars(image), image.shape)
    with pytest.raises(SettingsError, match="min_stars is 2"):
        EmpiricalSettings(min_stars=2)


def refuse(message):
    def fail():
        raise InputError(message)

    return fail


def test_the_fallback_goes_down_the_list_and_says_why(caplog):
    image = star_image()
    stars = find_psf_stars(image)
    makers = {
        "stars": refuse("3 of 9 sources are usable stars, a PSF takes 12"),
        "file": lambda: Moffat(fwhm_pixel=6.0),
        "moffat": lambda: Moffat(fwhm_pixel=3.0),
    }
    with caplog.at_level(logging.DEBUG, logger="pipeline.psf.choice"):
        chosen = choose_psf(("stars", "file", "moffat"), makers, stars=stars, label="exposure e7")
    assert chosen.source == "moffat"
    assert "stars: 3 of 9 sources" in chosen.fallback
    assert "file: " in chosen.fallback
    assert "of the light of 40 stars is in other pixels, allowed 10.0%" in chosen.fallback
    assert chosen.quality.residual_fraction < 0.1
    assert "exposure e7: PSF from moffat: stars: 3 of 9" in caplog.text


def test_the_first_of_the_list_is_taken_where_it_fits_and_then_nothing_is_said():
    chosen = choose_psf(("moffat",), {"moffat": lambda: Moffat(fwhm_pixel=3.0)})
    assert (chosen.source, chosen.fallback, chosen.quality) == ("moffat", "", None)


def test_where_none_fits_the_best_is_taken_and_the_log_says_so(caplog):
    stars = find_psf_stars(star_image())
    makers = {"file": lambda: Moffat(fwhm_pixel=6.0), "moffat": lambda: Moffat(fwhm_pixel=8.0)}
    with caplog.at_level(logging.DEBUG, logger="pipeline.psf.choice"):
        chosen = choose_psf(("file", "moffat"), makers, stars=stars, label="exposure e8")
    assert chosen.source == "file"
    assert chosen.quality.residual_fraction > 0.1
    assert chosen.fallback.startswith("none fits, the best is taken: file: ")
    assert "exposure e8: PSF from file: none fits" in caplog.text


def test_without_any_psf_every_reason_is_given():
    with pytest.raises(InputError, match="no PSF for e1: stars: too few; file: no PSF file x"):
        choose_psf(("stars", "file"), {"stars": refuse("too few"), "file": refuse("no PSF file x")}, label="e1")
