import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.recipes.stamps import StampInjection
from pipeline.triplets.editing import clear_centre, open_cutout
from pipeline.triplets.reals import inject_into_cutouts, seeing_width


def triplets(n=6, size=63, seed=0, flux=300.0, width=1.2, faded=False, turned=False):
    rng = np.random.default_rng(seed)
    yy, xx = np.mgrid[:size, :size] - size // 2
    source = flux * np.exp(-0.5 * (xx**2 + yy**2) / width**2)
    star = 900 * np.exp(-0.5 * ((xx - 12) ** 2 + (yy + 9) ** 2) / 1.2**2)
    noise = rng.normal(0, 1, (2, n, size, size))
    science, template = 200 + star + 3 * noise[0], 200 + star + noise[1]
    (template if faded else science)[...] += source
    difference = science - template
    return np.stack([science, template, -difference if turned else difference], axis=-1).astype(np.float32)


def without_source(stack, rng):
    """Return triplets ``(n, y, x, 3)`` with nothing at the centre of their differences."""
    cutouts = [open_cutout(triplet, rng) for triplet in stack]
    for cutout in cutouts:
        clear_centre(cutout, rng)
    return np.stack([cutout.finished() for cutout in cutouts])


def plain(**own):
    """Return settings without hosts, further stars and clouds."""
    return StampInjection(**{"host_share": 0.0, "crowded_share": 0.0, "cloudy_share": 0.0} | own)


def core(images):
    return np.nansum(images[:, 28:35, 28:35], axis=(1, 2))


@pytest.mark.parametrize(("faded", "turned"), [(False, False), (True, False), (True, True)])
def test_the_source_is_taken_out_and_the_images_agree_again(faded, turned):
    cleared = without_source(triplets(faded=faded, turned=turned), np.random.default_rng(1))
    scatter = 3 * 7 * np.sqrt(10)
    assert (np.abs(core(cleared[..., 2])) < 5 * scatter).all()
    assert (np.abs(core(cleared[..., 0]) - core(cleared[..., 1])) < 7 * scatter).all()


def test_neighbours_and_template_stay():
    before = triplets()
    cleared = without_source(before, np.random.default_rng(1))
    np.testing.assert_array_equal(cleared[..., 1], before[..., 1])
    np.testing.assert_array_equal(cleared[:, :20], before[:, :20])


@pytest.mark.parametrize("turned", [False, True])
def test_the_injected_flux_is_in_the_image_that_its_sign_says_and_in_the_difference(turned):
    empty = triplets(40, flux=0.0)
    injected, truth = inject_into_cutouts(
        empty, np.random.default_rng(2), plain(snr=(60, 90), negative_share=0.5), difference_turned=turned
    )
    assert set(truth["flux_sign"]) == {-1, 1}
    sign = np.ones(len(truth)) if turned else truth["flux_sign"].to_numpy()
    assert (np.sign(core(injected[..., 2])) == sign).all()
    ratio = core(injected[..., 2]) * sign / np.abs(truth["flux"])
    assert np.median(ratio) == pytest.approx(0.95, abs=0.1)


def test_the_drawn_signal_to_noise_is_the_one_measured():
    injected, truth = inject_into_cutouts(triplets(60, flux=0.0), np.random.default_rng(3), plain(snr=(20, 80)))
    peak = np.nanmax(np.abs(injected[:, 29:34, 29:34, 2]), axis=(1, 2)) / np.sqrt(10)
    assert np.corrcoef(np.log(peak), np.log(truth["snr"]))[0, 1] > 0.95


def test_the_same_seed_gives_the_same_stamps():
    first, again = (inject_into_cutouts(triplets(), np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(first[0], again[0])
    assert first[1].equals(again[1])


def test_hosts_are_used_where_asked_for():
    _, truth = inject_into_cutouts(triplets(20), np.random.default_rng(6), StampInjection(host_share=1.0))
    assert set(truth["kind"]) == {"injected_host"}


@pytest.mark.parametrize("host_share", [0.0, 1.0], ids=["on empty sky", "on hosts"])
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000), turned=st.booleans())
def test_the_difference_holds_the_flux_that_its_image_got_on_empty_sky_and_on_hosts(host_share, seed, turned):
    before = triplets(8, seed=seed % 7)
    rng = np.random.default_rng(seed)
    own = StampInjection(snr=(20, 90), negative_share=0.5, host_share=host_share, cloudy_share=0)
    injected, truth = inject_into_cutouts(before, rng, own, difference_turned=turned)
    flux = truth["flux"].to_numpy()
    left = (injected[..., 0] - injected[..., 1] - injected[..., 2]).sum(axis=(1, 2), dtype=np.float64)
    # a survey that turns the sign shows the light of the template as if it were the science image's
    expected = np.where(turned & (flux < 0), 2 * flux, 0.0)
    photons = np.sqrt(0.05 * 4.0 * np.abs(flux))  # of both images, in a unit of the noise
    assert (np.abs(left - expected) < np.where(expected, 10 * photons, 0.01 * np.abs(flux))).all()
    assert set(truth["kind"]) == {"injected_host" if host_share else "injected_sky"}


@pytest.mark.parametrize("host_share", [0.0, 1.0], ids=["on empty sky", "on hosts"])
@pytest.mark.parametrize("sign", [1, -1])
def test_the_image_without_the_source_stays_as_it_was(host_share, sign):
    before = triplets(12, flux=0.0)
    own = plain(snr=(60, 90), negative_share=float(sign < 0), host_share=host_share)
    injected, _ = inject_into_cutouts(before, np.random.default_rng(8), own)
    with_source, without = (0, 1) if sign > 0 else (1, 0)
    for row in range(len(injected)):
        kept = np.isin(injected[row], before[row])
        # taking out what was at the centre changes the science image within 8 pixels of there, nothing the template
        assert kept[..., 1].all() == (sign > 0)
        assert kept[..., without].mean() > 0.9
        assert kept[29:34, 29:34, with_source].mean() < 0.2
    beside_a_star = (before[..., 1].max() - 200 > 100) & (
        injected[:, 25:38, 25:38, without].max(axis=(1, 2)) - 200 > 100
    )
    assert beside_a_star.mean() > 0.9 if host_share else beside_a_star.mean() < 0.5


@settings(max_examples=10, deadline=None)
@given(st.integers(11, 64), st.integers(0, 1000))
def test_broken_stamps_of_any_size_give_no_infinity(size, seed):
    rng = np.random.default_rng(seed)
    cutouts = rng.normal(100, 5, (3, size, size, 3)).astype(np.float32)
    cutouts[0] = np.nan
    cutouts[1] = 7.0
    cutouts[2, ..., 1] = np.nan
    injected, truth = inject_into_cutouts(cutouts, rng)
    assert injected.shape == cutouts.shape
    assert not np.isinf(injected).any()
    assert np.isfinite(injected[:, size // 2, size // 2]).all()
    assert len(truth) == 3


def test_no_stamps_give_an_empty_table():
    injected, truth = inject_into_cutouts(np.zeros((0, 63, 63, 3), dtype=np.float32), np.random.default_rng(0))
    assert len(injected) == len(truth) == 0
    assert list(truth) == ["snr", "flux", "flux_sign", "y_offset", "x_offset", "kind"]


@pytest.mark.parametrize("width", [0.9, 1.3, 1.8])
def test_the_seeing_of_a_bright_source_is_measured(width):
    assert seeing_width(triplets(flux=2000, width=width)[0]) == pytest.approx(width, rel=0.15)
