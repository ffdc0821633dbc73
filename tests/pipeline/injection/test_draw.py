"""Injected sources have the flux, place and noise that their truth says, and leave the input alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import InputError
from pipeline.injection import (
    OFFSETS,
    InjectionSettings,
    catalogued_hosts,
    draw_injections,
    find_hosts,
    find_stars,
    flux_of,
    inject_sources,
)
from pipeline.psf import Moffat
from pipeline.sky import SkySettings
from pipeline.sky.visits import tangent_wcs


@settings(max_examples=40, deadline=None)
@given(
    st.floats(30.0, 90.0), st.floats(30.0, 90.0), st.floats(1.5, 4.5), st.floats(15.0, 21.0), st.sampled_from([1, -1])
)
def test_flux_is_right_to_a_percent_and_the_centroid_to_a_twentieth_of_a_pixel(x, y, fwhm, magnitude, sign):
    flux = sign * float(flux_of(magnitude, 25.0))
    image = np.zeros((121, 121), np.float32)
    injected = inject_sources(
        image, psf=Moffat(fwhm_pixel=fwhm), x_pixel=[x], y_pixel=[y], flux=[flux], gain=1.0, rng=None
    ).astype(float)
    rows, columns = np.mgrid[:121, :121]
    aperture = np.hypot(columns - x, rows - y) < 5.0 * fwhm
    total = injected[aperture].sum()
    assert total == pytest.approx(flux, rel=0.01)
    assert (injected * columns)[aperture].sum() / total == pytest.approx(x, abs=0.05)
    assert (injected * rows)[aperture].sum() / total == pytest.approx(y, abs=0.05)


def inject(image, seed, **changes):
    arguments = {"x_pixel": [20.3, 41.0], "y_pixel": [25.0, 30.7], "flux": [5e3, 2e3], "gain": 1.5} | changes
    return inject_sources(image, psf=Moffat(fwhm_pixel=3.0), rng=np.random.default_rng(seed), **arguments)


@pytest.mark.replaces("gmadet", "O2")
def test_the_same_seed_gives_the_same_pixels_and_the_input_is_untouched():
    image = np.random.default_rng(0).normal(100, 5, (64, 64)).astype(np.float32)
    image[30, 30] = np.nan
    before = image.copy()
    np.testing.assert_array_equal(inject(image, 1), inject(image, 1))
    np.testing.assert_array_equal(image, before)
    assert np.nanmax(np.abs(inject(image, 1) - inject(image, 2))) > 0
    assert np.isnan(inject(image, 1)[30, 30])


def test_the_noise_of_a_source_is_that_of_its_electrons():
    flux, gain = 2e4, 4.0
    blank = np.zeros((41, 41), np.float32)
    sums = [
        inject(blank, seed, x_pixel=[20.2], y_pixel=[19.9], flux=[flux], gain=gain).sum(dtype=float)
        for seed in range(300)
    ]
    assert np.mean(sums) == pytest.approx(flux, rel=2e-3)
    assert np.std(sums) == pytest.approx(np.sqrt(flux / gain), rel=0.15)


@pytest.mark.parametrize(("x", "y"), [(-0.5, 20.0), (63.4, 63.4), (-3.0, -2.0), (10.0, 66.0)])
def test_at_a_border_the_visible_part_is_conserved(x, y):
    psf = Moffat(fwhm_pixel=3.0, size_pixel=31)
    wide = inject_sources(
        np.zeros((124, 124), np.float32), psf=psf, x_pixel=[x + 30], y_pixel=[y + 30], flux=[1e4], gain=1, rng=None
    )
    cut = inject_sources(
        np.zeros((64, 64), np.float32), psf=psf, x_pixel=[x], y_pixel=[y], flux=[1e4], gain=1, rng=None
    )
    np.testing.assert_allclose(cut, wide[30:94, 30:94], atol=1e-3)


def test_a_source_far_outside_changes_nothing():
    blank = np.zeros((20, 20), np.float32)
    assert not inject(blank, 0, x_pixel=[500.0, -500.0], y_pixel=[3.0, 3.0]).any()


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"flux": [np.nan, 1.0]}, "finite"), ({"gain": 0.0}, "gain"), ({"flux": [1.0]}, "differ in shape")],
)
def test_what_cannot_be_injected_is_refused(changes, message):
    with pytest.raises(InputError, match=message):
        inject(np.zeros((20, 20), np.float32), 0, **changes)


def galaxy_field():
    """Stars and galaxies on a noisy sky, with the places of the galaxies."""
    rng = np.random.default_rng(3)
    image = rng.normal(300.0, 10.0, (256, 256)).astype(np.float32)
    x, y = (axis.ravel() for axis in np.meshgrid(np.arange(30, 240, 40.0), np.arange(30, 240, 40.0)))
    extended = np.arange(len(x)) % 2 == 0
    for is_extended, fwhm in ((True, 7.0), (False, 3.0)):
        mine = extended == is_extended
        image = inject_sources(
            image,
            psf=Moffat(fwhm_pixel=fwhm),
            x_pixel=x[mine],
            y_pixel=y[mine],
            flux=np.full(mine.sum(), 3e4),
            gain=1.5,
            rng=rng,
        )
    return image, np.column_stack([x, y])[extended]


def draw(image, seed=1, exposure_id="e1", hosts=None, listed=None, zeropoint=None, avoid_xy=None, **changes):
    few = {"per_exposure": 30, "host_share": 0.5, "negative_share": 0.0, "min_separation_fwhm": 2.0}
    chosen = InjectionSettings(**few | changes)
    return draw_injections(
        image,
        settings=chosen,
        fwhm_pixel=3.0,
        wcs=tangent_wcs(SkySettings(size_pixel=256), 0),
        exposure_id=exposure_id,
        rng=np.random.default_rng(seed),
        hosts=hosts,
        magnitudes=listed,
        zeropoint=zeropoint,
        avoid_xy=avoid_xy,
    )


def test_hosts_are_the_extended_sources():
    image, galaxies = galaxy_field()
    hosts = find_hosts(image, 3.0)
    distance = np.hypot(*(hosts[:, None, :2] - galaxies[None]).transpose(2, 0, 1)).min(axis=1)
    assert len(hosts) >= 0.8 * len(galaxies)
    assert distance.max() < 1.0


def test_the_truth_says_where_what_and_on_what():
    image, galaxies = galaxy_field()
    truth = draw(image, negative_share=0.3)
    assert len(truth) == 30
    assert truth["injection_id"].is_unique
    assert set(truth["kind"]) == {"injected_random", "injected_host"}
    assert set(truth["flux_sign"]) == {-1, 1}
    assert truth["magnitude"].between(17.0, 21.0).all()
    assert truth["magnitude"].nunique() == 30
    on_host = truth[truth["kind"] == "injected_host"]
    places = on_host[["x_pixel", "y_pixel"]].to_numpy()
    nearest = np.hypot(*(places[:, None] - galaxies[None]).transpose(2, 0, 1)).min(axis=1)
    np.testing.assert_allclose(nearest, on_host["host_offset_arcsec"], atol=1.0)
    x, y = tangent_wcs(SkySettings(size_pixel=256), 0).world_to_pixel_values(truth["ra_deg"], truth["dec_deg"])
    np.testing.assert_allclose(np.column_stack([x, y]), truth[["x_pixel", "y_pixel"]], atol=1e-6)


def test_sources_keep_their_distance_and_avoid_missing_pixels():
    image, _ = galaxy_field()
    image[:, :128] = np.nan
    truth = draw(image, min_separation_fwhm=4.0, host_share=0.0)
    x, y = truth["x_pixel"].to_numpy(), truth["y_pixel"].to_numpy()
    distance = np.hypot(x[:, None] - x, y[:, None] - y)[~np.eye(len(x), dtype=bool)]
    assert distance.min() >= 12.0
    assert x.min() >= 127.5


def test_a_full_image_takes_fewer_sources_and_one_without_galaxies_random_ones():
    blank = np.random.default_rng(0).normal(100, 3, (128, 128)).astype(np.float32)
    truth = draw(blank, per_exposure=100, min_separation_fwhm=10.0, host_share=1.0)
    assert 5 < len(truth) < 40
    assert set(truth["kind"]) == {"injected_random"}
    assert len(draw(blank, per_exposure=0)) == 0


@pytest.mark.replaces("gmadet", "O3")
def test_ids_are_unique_over_images_and_the_draw_is_that_of_the_seed():
    image, _ = galaxy_field()
    first, again, other = draw(image), draw(image), draw(image, exposure_id="e2")
    assert first.equals(again)
    assert not set(first["injection_id"]) & set(other["injection_id"])
    assert not first["x_pixel"].equals(draw(image, seed=2)["x_pixel"])


def blank_image(size=256):
    return np.random.default_rng(0).normal(100, 3, (size, size)).astype(np.float32)


def test_a_grid_fills_the_image_evenly_at_all_phases():
    truth = draw(blank_image(), per_exposure=64, positions="grid", host_share=0.0, min_separation_fwhm=5.0)
    assert set(truth["kind"]) == {"injected_grid"}
    assert len(truth) == 64
    x, y = truth["x_pixel"].to_numpy(), truth["y_pixel"].to_numpy()
    cells = set(zip((x // 32).astype(int), (y // 32).astype(int), strict=True))
    assert len(cells) == 64
    assert np.ptp(x % 1.0) > 0.9


def catalogue():
    return catalogued_hosts(
        (256, 256), [40.0, 200.0, 900.0, np.nan], [50.0, 180.0, 3.0, 1.0], [6.0, np.nan, 5.0, 5.0], list("abcd")
    )


def test_catalogued_hosts_off_the_image_have_none_and_the_others_are_named():
    assert catalogue().host_id.tolist() == ["a", "b"]
    truth = draw(blank_image(), hosts=catalogue(), per_exposure=20, host_share=1.0, min_separation_fwhm=0.5)
    assert set(truth["kind"]) == {"injected_host"}
    assert set(truth["host_id"]) == {"a", "b"}
    for name, x, y, radius in (("a", 40.0, 50.0, 5.4), ("b", 200.0, 180.0, 0.9)):
        mine = truth[truth["host_id"] == name]
        distance = np.hypot(mine["x_pixel"] - x, mine["y_pixel"] - y)
        np.testing.assert_allclose(distance, mine["host_offset_arcsec"], rtol=1e-3)
        assert distance.max() < 6.0 * radius


@pytest.mark.parametrize("name", sorted(OFFSETS))
def test_every_offset_distribution_keeps_its_scale_and_has_no_direction(name):
    rng = np.random.default_rng(1)
    distance, angle = np.array([OFFSETS[name](4.0, rng) for _ in range(2000)]).T
    assert (distance >= 0).all()
    assert 0.1 < distance.mean() < 8.0
    assert abs(np.mean(distance * np.cos(angle))) < 0.3
    assert abs(np.mean(distance * np.sin(angle))) < 0.3


def test_magnitudes_may_come_from_a_list():
    truth = draw(blank_image(), listed=np.array([17.25, 18.125]), magnitudes="file", host_share=0.0)
    assert set(truth["magnitude"]) == {17.25, 18.125}


def star_field():
    rng = np.random.default_rng(5)
    x, y = (axis.ravel() for axis in np.meshgrid(np.arange(25, 240, 30.0), np.arange(25, 240, 30.0)))
    flux = rng.uniform(2e4, 6e4, len(x))
    image = inject_sources(
        blank_image(), psf=Moffat(fwhm_pixel=3.0), x_pixel=x, y_pixel=y, flux=flux, gain=1.5, rng=rng
    )
    return image, x, y, flux


def test_stars_are_found_with_their_flux():
    image, x, y, flux = star_field()
    stars = find_stars(image, 3.0)
    nearest = np.hypot(stars[:, None, 0] - x, stars[:, None, 1] - y)
    assert len(stars) > 0.9 * len(x)
    assert nearest.min(axis=1).max() < 0.1
    np.testing.assert_allclose(stars[:, 2], flux[nearest.argmin(axis=1)], rtol=0.05)


def test_stars_vary_by_the_amplitude_that_was_asked_for():
    image, x, y, flux = star_field()
    truth = draw(
        image, per_exposure=40, host_share=0.0, variable_share=0.5, amplitude_min=0.5, amplitude_max=1.5, zeropoint=25.0
    )
    changed = truth[truth["kind"] == "injected_variable"]
    assert 10 < len(changed) < 30
    nearest = np.hypot(changed["x_pixel"].to_numpy()[:, None] - x, changed["y_pixel"].to_numpy()[:, None] - y)
    assert nearest.min(axis=1).max() < 0.2
    assert len(set(nearest.argmin(axis=1))) == len(changed)
    ratio = 1.0 + flux_of(changed["magnitude"], 25.0) / flux[nearest.argmin(axis=1)]
    amplitude = 2.5 * np.log10(ratio)
    assert amplitude.min() > 0.45
    assert amplitude.max() < 1.55
    np.testing.assert_allclose(flux_of(changed["star_magnitude"], 25.0), flux[nearest.argmin(axis=1)], rtol=0.05)
    assert truth["star_magnitude"].isna().sum() == len(truth) - len(changed)
    with pytest.raises(InputError, match="need a zeropoint"):
        draw(image, variable_share=0.5)


def test_stars_brighten_and_fade_and_those_that_are_candidates_stay_as_they_are():
    image, x, y, _ = star_field()
    known = np.column_stack([x, y])[: len(x) // 2] + 0.5
    asked = {"per_exposure": 100, "host_share": 0.0, "variable_share": 1.0, "negative_share": 0.5, "zeropoint": 25.0}

    def varied(**given):
        truth = draw(image, **asked, **given)
        return truth[truth["kind"] == "injected_variable"]

    truth = varied(avoid_xy=known)
    assert len(truth) > 10
    nearest = np.hypot(truth["x_pixel"].to_numpy()[:, None] - x, truth["y_pixel"].to_numpy()[:, None] - y)
    assert (nearest.argmin(axis=1) >= len(known)).all()
    assert 0.2 < (truth["flux_sign"] < 0).mean() < 0.8
    assert len(varied()) > len(truth)


def test_without_stars_that_vary_the_truth_says_nothing_of_stars():
    assert "star_magnitude" not in draw(blank_image())
    assert draw(blank_image(), variable_share=0.5, zeropoint=25.0)["star_magnitude"].isna().all()


def test_some_sources_leave_trails_of_the_lengths_that_were_asked_for():
    truth = draw(blank_image(), host_share=0.0, trail_share=0.5, trail_min_fwhm=2.0, trail_max_fwhm=6.0)
    moving = truth[truth["kind"] == "injected_trail"]
    assert 5 < len(moving) < 25
    assert moving["trail_pixel"].between(6.0, 18.0).all()
    assert (truth.loc[truth["kind"] == "injected_random", "trail_pixel"] == 0).all()
