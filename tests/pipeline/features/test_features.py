import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.features import feature_names, physical_features
from pipeline.features.frame import FULL
from pipeline.features.planes import aperture_flux

NAMES = feature_names()


def triplet(size=63, flux=800.0, seed=0, x=0.0, y=0.0, width=1.1, host=0.0):
    """A source in science image and difference over noise of 3, on a template with one other star."""
    rng = np.random.default_rng(seed)
    yy, xx = np.mgrid[:size, :size] - size // 2
    star = np.exp(-0.5 * ((xx - x) ** 2 + (yy - y) ** 2) / width**2) / (2 * np.pi * width**2)
    other = 3000 * np.exp(-0.5 * ((xx - 15) ** 2 + (yy + 11) ** 2) / width**2) / (2 * np.pi * width**2)
    static = 150 + other + host * np.exp(-0.5 * (xx**2 + yy**2) / 9.0)
    noise = rng.normal(0, 1, (2, size, size))
    science, template = static + flux * star + 3 * noise[0], static + noise[1]
    return np.stack([science, template, science - template], axis=-1).astype(np.float32)[None]


def named(cutouts, channels=("science", "template", "difference")):
    return dict(zip(NAMES, physical_features(cutouts, channels).T, strict=True))


def test_names_are_unique_and_as_many_as_columns():
    assert len(set(NAMES)) == len(NAMES) == physical_features(triplet()).shape[1]
    assert physical_features(triplet()).dtype == np.float32


def test_the_fit_finds_the_width_place_and_signal_put_in():
    found = named(triplet(flux=5000, width=1.4, x=0.4, y=-0.3))
    assert found["difference_fit_fwhm"][0] == pytest.approx(2.3548 * 1.4, rel=0.03)
    assert found["difference_fit_offset"][0] == pytest.approx(0.5, abs=0.05)
    snr = 5000 / (np.sqrt(10) * 3.545 * 1.4)
    assert 10 ** found["difference_fit_snr"][0] == pytest.approx(snr, rel=0.12)
    assert found["residual_over_difference"][0] == pytest.approx(1, abs=0.05)
    assert abs(found["faint_over_difference"][0]) < 0.05


def test_a_cosmic_ray_is_sharper_a_dipole_more_lopsided_and_a_blob_wider_than_a_source():
    source = named(triplet(flux=3000))
    ray = named(triplet(flux=3000, width=0.4))
    blob = named(triplet(flux=9000, width=3.0))
    dipole = triplet(flux=3000)
    dipole[..., 2] -= np.roll(dipole[..., 2], 2, axis=2)
    assert ray["difference_sharpness"] > source["difference_sharpness"] + 0.1
    assert blob["difference_fit_fwhm"] > 2 * source["difference_fit_fwhm"]
    assert named(dipole)["difference_core_dip"] < source["difference_core_dip"] - 0.3


def test_a_residual_that_copies_the_template_is_told_from_new_light():
    gain = triplet(flux=0, host=2000)
    gain[..., 0] += 0.2 * (gain[..., 1] - 150)
    gain[..., 2] = gain[..., 0] - gain[..., 1]
    assert named(gain)["unexplained_gain"] < 0.1
    assert named(triplet(flux=3000))["unexplained_gain"] > 0.7


@pytest.mark.parametrize("turn", [lambda c: np.rot90(c, axes=(1, 2)), lambda c: c[:, ::-1], lambda c: c[:, :, ::-1]])
def test_turned_and_flipped_cutouts_give_the_same(turn):
    cutout = triplet(x=0.3, y=0.1, host=500)
    np.testing.assert_allclose(physical_features(turn(cutout)), physical_features(cutout), rtol=2e-2, atol=2e-2)


def test_what_remains_of_a_bright_source_is_no_round_off():
    cutouts = np.concatenate([triplet(flux=3e6, seed=k, x=0.3, y=-0.2, host=500) for k in range(8)])
    names = ["structure_needed", "star_needed", "unexplained_all_chi"]
    found, turned = (
        physical_features(rows)[:, [NAMES.index(name) for name in names]] for rows in (cutouts, cutouts[:, ::-1])
    )
    np.testing.assert_allclose(found, turned, rtol=2e-3)


@settings(max_examples=8, deadline=None)
@given(st.floats(1e-6, 1e6))
def test_flux_unit_does_not_matter(scale):
    cutout = triplet(host=500)
    scaled = (cutout * np.float32(scale)).astype(np.float32)
    np.testing.assert_allclose(physical_features(scaled), physical_features(cutout), rtol=3e-2, atol=3e-2)


def test_a_source_that_faded_is_measured_as_one_that_rose():
    rose = triplet(flux=2000)
    faded = rose[..., [1, 0, 2]].copy()
    faded[..., 2] *= -1
    turned = faded.copy()
    turned[..., 2] *= -1
    first, second, third = (physical_features(c) for c in (rose, faded, turned))
    np.testing.assert_allclose(second, third, rtol=0.02, atol=0.02)
    close = np.abs(first - second) <= 0.05 + 0.1 * np.abs(first)
    assert close.mean() > 0.98


def test_the_flux_in_the_middle_of_an_image_does_not_depend_on_the_images_beside_it():
    images = np.random.default_rng(7).normal(size=(130, FULL.side, FULL.side)).astype(np.float32)
    weights = np.exp(-0.5 * (FULL.radius.astype(float) / 1.5) ** 2) * (FULL.radius < 6)
    alone = np.concatenate([aperture_flux(image[None]) for image in images])
    np.testing.assert_array_equal(aperture_flux(images), alone)
    np.testing.assert_allclose(alone, (images.astype(float) * weights).sum(axis=(1, 2)), atol=1e-4)


def test_chunks_do_not_change_the_result():
    cutouts = np.concatenate([triplet(seed=k) for k in range(5)])
    np.testing.assert_allclose(physical_features(cutouts, chunk=2), physical_features(cutouts), atol=1e-4)


@pytest.mark.parametrize("size", [31, 41, 57])
def test_a_small_cutout_is_measured_like_a_large_one_with_its_surroundings_missing(size):
    cutouts = np.concatenate([triplet(seed=k, host=300, x=0.3) for k in range(4)])
    rng = np.random.default_rng(1)
    cutouts[..., :2] += (rng.random(cutouts.shape[:3]) < 0.02)[..., None] * np.float32(300)  # stars at its edge too
    cutouts[..., 2] += (rng.random(cutouts.shape[:3]) < 0.02) * np.float32(-80)
    edge = (63 - size) // 2
    small = cutouts[:, edge : 63 - edge, edge : 63 - edge]
    large = np.full_like(cutouts, np.nan)
    large[:, edge : 63 - edge, edge : 63 - edge] = small
    columns = ["missing" not in name for name in NAMES]
    found, expected = (physical_features(rows)[:, columns] for rows in (small, large))
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)


def test_no_rows_give_no_features():
    assert physical_features(np.zeros((0, 21, 21, 3), dtype=np.float32)).shape == (0, len(NAMES))


@pytest.mark.parametrize("fill", [np.nan, 0.0, 7.0, -1e29, 3.4e38, -3.4e38, np.inf])
@pytest.mark.parametrize("size", [1, 15, 16, 63, 71])
def test_features_of_constant_cutouts_are_finite(fill, size):
    assert np.isfinite(physical_features(np.full((1, size, size, 3), fill, dtype=np.float32))).all()


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([15, 16, 31, 63, 71]), st.sampled_from([1.0, 1e-20, 1e25]))
def test_features_of_broken_cutouts_are_finite(seed, size, scale):
    rng = np.random.default_rng(seed)
    cutouts = (scale * rng.standard_cauchy((3, size, size, 3))).astype(np.float32)
    cutouts[rng.random(cutouts.shape) < rng.random()] = np.nan
    cutouts[0, : rng.integers(size)] = np.nan
    cutouts[1, ..., rng.integers(3)] = np.nan
    cutouts[2, size // 2, size // 2] = 3.4e38
    assert np.isfinite(physical_features(cutouts)).all()


@pytest.mark.parametrize("channels", [("science", "difference"), ("difference",), ("science",)])
def test_fewer_channels_give_the_same_columns(channels):
    full = ("science", "template", "difference")
    cutouts = triplet()[..., [full.index(name) for name in channels]]
    found = physical_features(cutouts, channels)
    assert feature_names(channels) == NAMES
    assert found.shape == (1, len(NAMES))
    assert np.isfinite(found).all()


def test_a_missing_template_channel_equals_an_absent_one():
    cutouts = triplet()
    cutouts[..., 1] = np.nan
    absent = physical_features(cutouts[..., [0, 2]], ("science", "difference"))
    np.testing.assert_array_equal(physical_features(cutouts), absent)
