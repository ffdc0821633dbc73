"""Injected sources have the flux, place and noise that their truth says, and leave the input alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import InputError
from pipeline.injection import InjectionSettings, draw_injections, find_hosts, flux_of, inject_sources
from pipeline.psf import Moffat
from pipeline.sky import SkySettings
from pipeline.visits import tangent_wcs


@pytest.mark.replaces("otrain", "O2")
@settings(max_examples=40, deadline=None)
@given(
    st.floats(30.0, 90.0), st.floats(30.0, 90.0), st.floats(1.5, 4.5), st.floats(15.0, 21.0), st.sampled_from([1, -1])
)
def test_flux_is_right_to_a_percent_and_the_centroid_to_a_twentieth_of_a_pixel(x, y, fwhm, magnitude, sign):
    flux = sign * float(flux_of(magnitude, 25.0))
    image = np.zeros((121, 121), np.float32)
    made = inject_sources(
        image, psf=Moffat(fwhm_pixel=fwhm), x_pixel=[x], y_pixel=[y], flux=[flux], gain=1.0, rng=None
    ).astype(float)
    rows, columns = np.mgrid[:121, :121]
    aperture = np.hypot(columns - x, rows - y) < 5.0 * fwhm
    total = made[aperture].sum()
    assert total == pytest.approx(flux, rel=0.01)
    assert (made * columns)[aperture].sum() / total == pytest.approx(x, abs=0.05)
    assert (made * rows)[aperture].sum() / total == pytest.approx(y, abs=0.05)


def inject(image, seed, **changes):
    arguments = {"x_pixel": [20.3, 41.0], "y_pixel": [25.0, 30.7], "flux": [5e3, 2e3], "gain": 1.5} | changes
    return inject_sources(image, psf=Moffat(fwhm_pixel=3.0), rng=np.random.default_rng(seed), **arguments)


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


def draw(image, seed=1, **changes):
    chosen = InjectionSettings(**{"number": 30, "host_share": 0.5, "min_separation_fwhm": 2.0} | changes)
    wcs = tangent_wcs(SkySettings(size_pixel=256), 0)
    return draw_injections(
        image, settings=chosen, fwhm_pixel=3.0, wcs=wcs, exposure_id="e1", rng=np.random.default_rng(seed)
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
    truth = draw(blank, number=100, min_separation_fwhm=10.0, host_share=1.0)
    assert 5 < len(truth) < 40
    assert set(truth["kind"]) == {"injected_random"}
    assert len(draw(blank, number=0)) == 0
