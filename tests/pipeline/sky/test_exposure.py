"""Rendered exposures show what the sky holds, with the noise and the faults of a detector."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline.psf import measure_fwhm
from pipeline.sky import (
    CloudSettings,
    GhostSettings,
    SatelliteSettings,
    SkySettings,
    draw_field,
    plan_visits,
    render_exposure,
    render_template,
)

SETTINGS = SkySettings(
    size_pixel=256,
    stars=120,
    galaxies=20,
    transients=10,
    variables=8,
    movers=3,
    cosmic_rays=15,
    clouds=CloudSettings(share=0.0),
)


def render(settings=SETTINGS, seed=1, number=0):
    visits = plan_visits(settings, seed)
    visit = visits[number]
    objects = draw_field(settings, visit.field, visits, seed)
    template = render_template(settings, visit.field, objects, seed)
    return render_exposure(settings, visit, objects, template, seed)


@pytest.fixture(scope="module")
def rendered_exposure():
    return render()


def test_equal_settings_and_seed_give_equal_pixels(rendered_exposure):
    again = render()
    np.testing.assert_array_equal(again.science, rendered_exposure.science)
    np.testing.assert_array_equal(again.template, rendered_exposure.template)
    assert not np.array_equal(render(seed=2).science, rendered_exposure.science, equal_nan=True)


def test_the_masked_border_is_missing_and_little_else(rendered_exposure):
    missing = np.isnan(rendered_exposure.science)
    edge = SETTINGS.masked_edge_pixel
    assert missing[:edge].all()
    assert missing[:, -edge:].all()
    assert missing[edge:-edge, edge:-edge].mean() < 0.02
    assert np.isfinite(rendered_exposure.template).all()


def test_both_images_agree_with_their_projections(rendered_exposure):
    sources = rendered_exposure.sources
    bright = (sources["kind"] == "star") & (sources["flux_unit"] < 10**-5.6) & (sources["flux_unit"] > 10**-7.2)
    inside = sources[["x_pixel", "y_pixel"]].min(axis=1).gt(20) & sources[["x_pixel", "y_pixel"]].max(axis=1).lt(235)
    errors = []
    for star in sources[bright & inside].itertuples():
        for image, wcs in (
            (rendered_exposure.science, rendered_exposure.wcs),
            (rendered_exposure.template, rendered_exposure.template_wcs),
        ):
            x, y = (float(value) for value in wcs.world_to_pixel_values(star.ra_deg, star.dec_deg))
            cut = image[round(y) - 3 : round(y) + 4, round(x) - 3 : round(x) + 4] - np.nanmedian(image)
            if not np.isfinite(cut).all() or cut.max() > 30000:
                continue
            rows, columns = np.mgrid[-3:4, -3:4]
            weight = np.clip(cut, 0, None) * np.exp(-(rows**2 + columns**2) / 8.0)
            errors.append((weight * columns).sum() / weight.sum() - (x - round(x)))
            errors.append((weight * rows).sum() / weight.sum() - (y - round(y)))
    assert len(errors) > 20
    assert abs(np.median(errors)) < 0.1
    assert np.mean(np.abs(errors) < 0.5) > 0.9


def test_science_and_template_never_share_a_grid(rendered_exposure):
    ra, dec = rendered_exposure.wcs.pixel_to_world_values(100.0, 100.0)
    x, y = rendered_exposure.template_wcs.world_to_pixel_values(ra, dec)
    assert abs(x - 100.0) < 1.5
    assert abs(y - 100.0) < 1.5
    assert np.hypot(x - 100.0, y - 100.0) > 0.01


def test_the_seeing_is_that_of_the_visit_and_the_template_is_sharper():
    exposure = render(replace(SETTINGS, galaxies=0, seeing_field=0.0, seeing_tilt=0.0))
    assert measure_fwhm(exposure.science, saturation=45000) == pytest.approx(exposure.visit.fwhm_pixel, rel=0.1)
    assert measure_fwhm(exposure.template, saturation=45000) == pytest.approx(2.1, rel=0.1)


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
        dead_pixels=0,
        sky_gradient=0.0,
        satellites=SatelliteSettings(per_exposure=0.0),
    )
    science = render(replace(empty, flat_error=0.0)).science
    expected = np.sqrt(300.0 / 1.5 + (8.0 / 1.5) ** 2)
    assert np.nanstd(science) == pytest.approx(expected, rel=0.02)
    assert np.nanmean(science) == pytest.approx(300.0, abs=0.5)


BRIGHT = {"star_bright_magnitude": 8.0, "star_faint_magnitude": 9.0, "stars": 4, "star_slope": 0.1}


def test_saturated_stars_are_masked_with_what_they_bleed():
    exposure = render(replace(SETTINGS, **BRIGHT, masked_star_share=1.0))
    unmasked = render(replace(SETTINGS, **BRIGHT, masked_star_share=0.0))
    full = unmasked.science > 0.98 * SETTINGS.saturation
    assert full.sum() > 50
    assert np.isnan(exposure.science[full]).all()
    assert not np.nanmax(exposure.science) > 0.98 * SETTINGS.saturation


def test_saturated_stars_are_flat_and_bleed_along_their_column():
    exposure = render(replace(SETTINGS, **BRIGHT, masked_star_share=0.0))
    full = exposure.science > 0.98 * SETTINGS.saturation
    assert full.any()
    assert np.nanmax(exposure.science) < SETTINGS.saturation + 6 * SETTINGS.read_noise
    rows, columns = np.nonzero(full)
    assert np.ptp(rows) > 0
    assert max(full.sum(axis=0)) > 2 * max(full.sum(axis=1))
    assert len(columns)


def test_cosmic_rays_and_hot_pixels_are_where_they_are_said_to_be(rendered_exposure):
    clean = render(replace(SETTINGS, cosmic_rays=0, hot_pixels=0))
    sky = np.nanmedian(rendered_exposure.science)
    assert np.nanmedian(rendered_exposure.science[rendered_exposure.marks["cosmic_ray"]]) > sky + 50
    assert np.nanmedian(rendered_exposure.science[rendered_exposure.marks["hot_pixel"]]) > sky + 100
    assert not clean.marks["cosmic_ray"].any()
    assert not clean.marks["hot_pixel"].any()


def test_hot_pixels_stay_at_their_places():
    first, second = (set(map(tuple, np.argwhere(render(number=n).marks["hot_pixel"]))) for n in (0, 1))
    assert len(first & second) > 5


def test_traps_take_charge_at_their_places():
    first, second = (render(replace(SETTINGS, dead_pixels=60, stars=0), number=number) for number in (0, 1))
    dead = first.marks["dead_pixel"]
    assert np.nanmedian(first.science[dead]) < np.nanmedian(first.science) - 60
    assert len(set(map(tuple, np.argwhere(dead))) & set(map(tuple, np.argwhere(second.marks["dead_pixel"])))) > 20
    assert not render(replace(SETTINGS, dead_pixels=0)).marks["dead_pixel"].any()


def test_cloud_takes_light_from_the_sources_and_not_from_the_sky():
    clear = render()
    clouds = CloudSettings(share=1.0, loss_min_magnitude=1.0, loss_max_magnitude=1.0, patchiness=0.0)
    cloudy = render(replace(SETTINGS, clouds=clouds))
    assert cloudy.visit.zeropoint == pytest.approx(clear.visit.zeropoint - 1.0)
    assert np.nanmedian(cloudy.science) == pytest.approx(np.nanmedian(clear.science), abs=4.0)
    stars = clear.template > SETTINGS.sky_level + 300
    light = [np.nansum(np.where(stars, image.science - SETTINGS.sky_level, 0.0)) for image in (cloudy, clear)]
    assert light[0] / light[1] == pytest.approx(10**-0.4, rel=0.25)


def test_patches_of_cloud_leave_constant_stars_uneven():
    steady = {"size_pixel": 448, "stars": 300, "star_bright_magnitude": 15.0, "star_faint_magnitude": 17.0,
              "galaxies": 0, "variables": 0, "transients": 0, "agn": 0, "movers": 0, "cosmic_rays": 0,
              "hot_pixels": 0, "jitter_pixel": 0.0, "flat_error": 0.0}  # fmt: skip
    scatter = []
    for patchiness in (0.0, 0.3):
        clouds = CloudSettings(share=1.0, loss_min_magnitude=1.0, loss_max_magnitude=1.0, patchiness=patchiness)
        exposure = render(replace(SETTINGS, **steady, clouds=clouds))
        ratios = []
        for star in exposure.sources.itertuples():
            part = tuple(slice(round(at) - 4, round(at) + 5) for at in (star.y_pixel, star.x_pixel))
            if min(star.x_pixel, star.y_pixel) > 15 and max(star.x_pixel, star.y_pixel) < 430:
                found = np.nansum(exposure.science[part] - np.nanmedian(exposure.science))
                ratios.append(np.log10(found / star.flux_unit))
        middle = np.median(ratios)
        scatter.append(2.5 * 1.4826 * np.median(np.abs(ratios - middle)))
    assert scatter[1] > 1.5 * scatter[0]


def test_stars_are_wider_in_the_corners_than_in_the_centre():
    stars = {"stars": 500, "star_bright_magnitude": 15.0, "star_faint_magnitude": 18.0, "galaxies": 0, "transients": 0}
    optics = {"size_pixel": 448, "seeing_field": 0.5, "seeing_tilt": 0.0, "cosmic_rays": 0, "hot_pixels": 0}
    exposure = render(replace(SETTINGS, **stars, **optics))
    widths = [
        measure_fwhm(image, saturation=45000) for image in (exposure.science[150:300, 150:300], exposure.science[:120])
    ]
    assert widths[1] > 1.1 * widths[0]


def test_a_trail_crosses_the_image_where_it_is_said_to_be():
    trails = SatelliteSettings(per_exposure=4.0, level_min=150.0, level_max=300.0, flashing_share=0.0)
    exposure = render(replace(SETTINGS, satellites=trails))
    marked = exposure.marks["satellite_trail"]
    assert marked.sum() > 200
    outside = ~marked & np.isfinite(exposure.science)
    assert np.nanmedian(exposure.science[marked]) > np.median(exposure.science[outside]) + 30
    assert not render(replace(SETTINGS, satellites=SatelliteSettings(per_exposure=0.0))).marks["satellite_trail"].any()


def test_a_ghost_is_in_the_science_image_only():
    bright = {"star_bright_magnitude": 10.0, "star_faint_magnitude": 10.5, "stars": 2, "galaxies": 0, "transients": 0}
    settings = replace(
        SETTINGS, **bright, ghosts=GhostSettings(share=0.05), satellites=SatelliteSettings(per_exposure=0)
    )
    exposure = render(settings)
    ghost = exposure.marks["ghost"] & (exposure.template < SETTINGS.sky_level + 60)
    assert ghost.sum() > 300
    excess = [np.nanmedian(image[ghost]) - SETTINGS.sky_level for image in (exposure.science, exposure.template)]
    assert excess[0] > 30 > 15 > excess[1]
    assert not render(replace(settings, ghosts=GhostSettings(share=0.0))).marks["ghost"].any()


def test_what_bleeds_in_the_template_is_marked_as_well():
    exposure = render(replace(SETTINGS, **BRIGHT))
    full = exposure.template > 0.98 * SETTINGS.saturation
    assert full.sum() > 50
    assert exposure.marks["bleed"][full].all()


def test_tracks_left_in_the_template_are_marked_there():
    exposure = render(replace(SETTINGS, template_cosmic_rays=40))
    flawed = exposure.marks["template_flaw"]
    assert flawed.sum() > 40
    assert np.median(exposure.template[flawed]) > np.median(exposure.template) + 30
