"""Rendered exposures show what the sky holds, with the noise and the faults of a detector."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline.exposure import render_exposure, render_template
from pipeline.psf import measure_fwhm
from pipeline.sky import SkySettings
from pipeline.sky_field import draw_field
from pipeline.visits import plan_visits

SETTINGS = SkySettings(size_pixel=256, stars=120, galaxies=20, transients=10, variables=8, movers=3, cosmic_rays=15)


def render(settings=SETTINGS, seed=1, number=0):
    visits = plan_visits(settings, seed)
    visit = visits[number]
    objects = draw_field(settings, visit.field, visits, seed)
    template = render_template(settings, visit.field, objects, seed)
    return render_exposure(settings, visit, objects, template, seed)


@pytest.fixture(scope="module")
def exposure():
    return render()


def test_equal_settings_and_seed_give_equal_pixels(exposure):
    again = render()
    np.testing.assert_array_equal(again.science, exposure.science)
    np.testing.assert_array_equal(again.template, exposure.template)
    assert not np.array_equal(render(seed=2).science, exposure.science, equal_nan=True)


def test_the_masked_border_is_missing_and_little_else(exposure):
    missing = np.isnan(exposure.science)
    edge = SETTINGS.masked_edge_pixel
    assert missing[:edge].all()
    assert missing[:, -edge:].all()
    assert missing[edge:-edge, edge:-edge].mean() < 0.02
    assert np.isfinite(exposure.template).all()


def test_both_images_agree_with_their_projections(exposure):
    sources = exposure.sources
    bright = (sources["kind"] == "star") & (sources["flux_unit"] < 10**-5.6) & (sources["flux_unit"] > 10**-7.2)
    inside = sources[["x_pixel", "y_pixel"]].min(axis=1).gt(20) & sources[["x_pixel", "y_pixel"]].max(axis=1).lt(235)
    checked = 0
    for star in sources[bright & inside].itertuples():
        for image, wcs in ((exposure.science, exposure.wcs), (exposure.template, exposure.template_wcs)):
            x, y = (float(value) for value in wcs.world_to_pixel_values(star.ra_deg, star.dec_deg))
            cut = image[round(y) - 3 : round(y) + 4, round(x) - 3 : round(x) + 4] - np.nanmedian(image)
            if not np.isfinite(cut).all() or cut.max() > 30000:
                continue
            rows, columns = np.mgrid[-3:4, -3:4]
            weight = np.clip(cut, 0, None) * np.exp(-(rows**2 + columns**2) / 8.0)
            assert (weight * columns).sum() / weight.sum() == pytest.approx(x - round(x), abs=0.5)
            assert (weight * rows).sum() / weight.sum() == pytest.approx(y - round(y), abs=0.5)
            checked += 1
    assert checked > 10


def test_science_and_template_never_share_a_grid(exposure):
    ra, dec = exposure.wcs.pixel_to_world_values(100.0, 100.0)
    x, y = exposure.template_wcs.world_to_pixel_values(ra, dec)
    assert abs(x - 100.0) < 1.5
    assert abs(y - 100.0) < 1.5
    assert np.hypot(x - 100.0, y - 100.0) > 0.01


def test_the_seeing_is_that_of_the_visit_and_the_template_is_sharper():
    exposure = render(replace(SETTINGS, galaxies=0))
    assert measure_fwhm(exposure.science, saturation=45000) == pytest.approx(exposure.visit.fwhm_pixel, rel=0.1)
    assert measure_fwhm(exposure.template, saturation=45000) == pytest.approx(2.4, rel=0.1)


def test_an_empty_sky_has_the_noise_of_its_photons_and_electrons():
    empty = replace(
        SETTINGS,
        stars=0,
        galaxies=0,
        transients=0,
        variables=0,
        movers=0,
        cosmic_rays=0,
        hot_pixels=0,
        sky_gradient=0.0,
    )
    science = render(replace(empty, flat_error=0.0)).science
    expected = np.sqrt(300.0 / 1.5 + (8.0 / 1.5) ** 2)
    assert np.nanstd(science) == pytest.approx(expected, rel=0.02)
    assert np.nanmean(science) == pytest.approx(300.0, abs=0.5)


def test_saturated_stars_are_flat_and_bleed_along_their_column():
    exposure = render(replace(SETTINGS, star_bright_magnitude=8.0, star_faint_magnitude=9.0, stars=4, star_slope=0.1))
    full = exposure.science > 0.98 * SETTINGS.saturation
    assert full.any()
    assert np.nanmax(exposure.science) < SETTINGS.saturation + 6 * SETTINGS.read_noise
    rows, columns = np.nonzero(full)
    assert np.ptp(rows) > 0
    assert max(full.sum(axis=0)) > 2 * max(full.sum(axis=1))
    assert len(columns)


def test_cosmic_rays_and_hot_pixels_are_where_they_are_said_to_be(exposure):
    clean = render(replace(SETTINGS, cosmic_rays=0, hot_pixels=0))
    sky = np.nanmedian(exposure.science)
    assert np.nanmedian(exposure.science[exposure.cosmic_ray]) > sky + 50
    assert np.nanmedian(exposure.science[exposure.hot]) > sky + 100
    assert not clean.cosmic_ray.any()
    assert not clean.hot.any()


def test_hot_pixels_stay_at_their_places():
    first, second = render(number=0), render(number=1)
    places = set(map(tuple, np.argwhere(first.hot))) & set(map(tuple, np.argwhere(second.hot)))
    assert len(places) > 5
