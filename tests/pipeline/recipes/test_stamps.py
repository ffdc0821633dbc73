"""Every setting of cutout injection has its effect, and one that makes no sense is refused."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import SettingsError
from pipeline.recipes.simulation import SimulationRecipe
from pipeline.recipes.stamps import StampInjection, StampSimulation
from pipeline.settings import parse
from pipeline.triplets.reals import inject_into_cutouts

SIZE = 63
STILL = {"host_share": 0.0, "crowded_share": 0.0, "cloudy_share": 0.0, "in_place_share": 1.0, "jitter_pixel": 0.0}
"""A source at the very centre of a cutout that stays as it is."""


def cutouts(n=40, star=0.0, away=(-9, 12), noise=1.0):
    """Return cutouts of noise with a star of the height ``star`` in science image and template."""
    rng = np.random.default_rng(3)
    yy, xx = np.mgrid[:SIZE, :SIZE] - SIZE // 2
    constant = 200 + star * np.exp(-0.5 * ((yy - away[0]) ** 2 + (xx - away[1]) ** 2) / 1.2**2)
    science, template = constant + rng.normal(0, noise, (2, n, SIZE, SIZE))
    return np.stack([science, template, science - template], axis=-1).astype(np.float32)


def inject(before, seed=1, **own):
    return inject_into_cutouts(before, np.random.default_rng(seed), StampInjection(**STILL | own))


def stars_in(templates):
    """Return where the highest pixel of each template is, ``(n, 2)``, from the centre."""
    flat = templates.reshape(len(templates), -1).argmax(axis=1)
    return np.stack(np.unravel_index(flat, templates.shape[1:]), axis=1) - SIZE // 2


@settings(max_examples=15, deadline=None)
@given(low=st.floats(1, 50), ratio=st.floats(1, 20), negative=st.floats(0, 1), jitter=st.floats(0, 3))
def test_signal_to_noise_sign_and_place_are_drawn_as_set(low, ratio, negative, jitter):
    _, truth = inject(cutouts(60), snr=(low, low * ratio), negative_share=negative, jitter_pixel=jitter)
    assert truth["snr"].between(low * 0.999999, low * ratio * 1.000001).all()
    assert truth[["y_offset", "x_offset"]].abs().max(axis=None) <= jitter
    assert abs((truth["flux_sign"] < 0).mean() - negative) <= 4 * math.sqrt(max(negative * (1 - negative), 1e-9) / 60)


@pytest.mark.parametrize("beta", [1.5, 2.5, 8.0])
def test_the_wings_of_the_source_are_those_of_beta(beta):
    injected, truth = inject(cutouts(noise=1e-3), snr=(500, 500), beta=(beta, beta), stretch=(0, 0), negative_share=0)
    difference = injected[..., 2] / np.abs(truth["flux"].to_numpy())[:, None, None]
    far = np.hypot(*(np.mgrid[:SIZE, :SIZE] - SIZE // 2)) > 6
    share = np.median(difference[:, far].sum(axis=1))
    expected = {1.5: (0.1, 0.5), 2.5: (0.004, 0.1), 8.0: (-0.01, 0.004)}[beta]
    assert expected[0] < share < expected[1]


@pytest.mark.parametrize(("stretch", "longest"), [((0.0, 0.0), 1.15), ((0.5, 0.5), 2.5)])
def test_a_stretched_source_is_longer_than_wide(stretch, longest):
    injected, truth = inject(cutouts(noise=1e-3), snr=(500, 500), beta=(6, 6), stretch=stretch, negative_share=0)
    light = np.clip(injected[..., 2], 0, None) / truth["flux"].to_numpy()[:, None, None]
    yy, xx = np.mgrid[:SIZE, :SIZE] - SIZE // 2
    near = np.hypot(yy, xx) < 8
    moments = [[(light * near * one * two).sum(axis=(1, 2)) for one in (yy, xx)] for two in (yy, xx)]
    widths = np.sqrt(np.linalg.eigvalsh(np.moveaxis(np.array(moments), 2, 0)))
    ratio = np.median(widths[:, 1] / widths[:, 0])
    assert ratio < longest if longest < 2 else 1.5 < ratio < longest


@settings(max_examples=10, deadline=None)
@given(share=st.floats(0, 1))
def test_as_many_stamps_as_set_are_centred_on_hosts(share):
    _, truth = inject(cutouts(60, star=900.0), host_share=share)
    hosted = (truth["kind"] == "injected_host").mean()
    assert abs(hosted - share) <= 4 * math.sqrt(max(share * (1 - share), 1e-9) / 60)


@pytest.mark.parametrize(
    ("own", "hosted"),
    [({}, True), ({"host_reach_pixel": 14.0}, False), ({"host_min_snr": 3000.0}, False), ({"host_share": 0.0}, False)],
)
def test_a_host_lies_in_reach_and_above_a_brightness(own, hosted):
    _, truth = inject(cutouts(star=900.0), **{"host_share": 1.0} | own)
    assert set(truth["kind"]) == {"injected_host" if hosted else "injected_sky"}


@pytest.mark.parametrize("scatter", [0.0, 1.7, 4.0])
def test_sources_scatter_about_their_hosts_as_set(scatter):
    injected, _ = inject(cutouts(150, star=90000.0), host_share=1.0, host_offset_pixel=scatter, negative_share=0)
    measured = stars_in(injected[..., 1]).std()
    assert measured == pytest.approx(scatter, rel=0.15) if scatter else measured < 0.1


@settings(max_examples=10, deadline=None)
@given(share=st.floats(0, 1))
def test_as_many_stamps_without_a_host_stay_where_they_are(share):
    injected, _ = inject(cutouts(60, star=90000.0), in_place_share=share, negative_share=0)
    stay = (stars_in(injected[..., 1]) == (-9, 12)).all(axis=1).mean()
    assert abs(stay - share) <= 4 * math.sqrt(max(share * (1 - share), 1e-9) / 60) + 0.03


@settings(max_examples=10, deadline=None)
@given(share=st.floats(0, 1))
def test_as_many_stamps_as_set_are_crowded(share):
    before = cutouts(60)
    injected, _ = inject(before, crowded_share=share, negative_share=0)
    crowded = (injected[..., 1] != before[..., 1]).any(axis=(1, 2)).mean()
    assert abs(crowded - share) <= 4 * math.sqrt(max(share * (1 - share), 1e-9) / 60)


@settings(max_examples=15, deadline=None)
@given(low=st.integers(1, 300), more=st.integers(0, 200))
def test_a_crowded_stamp_gets_a_number_of_stars_in_the_range(asked, low, more):
    asked.clear()
    inject(cutouts(10), crowded_share=1.0, crowded_stars=(low, low + more))
    assert len(asked) == 10
    assert low <= min(asked) <= max(asked) <= low + more


@pytest.fixture(scope="module")
def asked():
    """Numbers of stars that were asked for, none of which is drawn."""
    counts = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipeline.triplets.reals.add_neighbours", lambda *arguments: counts.append(arguments[-1]))
        yield counts


@pytest.mark.parametrize("through", [0.2, 0.6, 1.0])
def test_clouds_let_the_set_share_of_light_through(through):
    before = cutouts(star=90000.0)
    injected, _ = inject(before, cloudy_share=1.0, cloudy_through=(through, through))
    star = np.s_[:, SIZE // 2 - 9, SIZE // 2 + 12]
    assert np.median((injected[..., 0][star] - 200) / (before[..., 0][star] - 200)) == pytest.approx(through, rel=0.02)
    np.testing.assert_allclose(injected[..., 1][star], before[..., 1][star], rtol=0.01)


def test_as_many_stamps_as_set_are_cloudy():
    before = cutouts(100, star=90000.0)
    injected, _ = inject(before, cloudy_share=0.3, cloudy_through=(0.5, 0.5))
    dimmed = injected[:, SIZE // 2 - 9, SIZE // 2 + 12, 0] < 0.7 * before[:, SIZE // 2 - 9, SIZE // 2 + 12, 0]
    assert 0.1 < dimmed.mean() < 0.5


@pytest.mark.parametrize(
    ("own", "message"),
    [
        ({"snr": [100, 6]}, r"snr is \[100.0, 6.0\]; allowed: two numbers, the smaller first, above 0"),
        ({"snr": [0, 6]}, r"snr is \[0.0, 6.0\]; allowed: two numbers, the smaller first, above 0"),
        ({"snr": [6]}, r"snr is \[6.0\]; allowed: two numbers"),
        ({"snr": 6}, "snr' is 6; allowed: a list of a finite number"),
        ({"negative_share": 1.2}, "negative_share is 1.2; allowed: 0 to 1"),
        ({"host_share": -0.1}, "host_share is -0.1; allowed: 0 to 1"),
        ({"in_place_share": 2}, "in_place_share is 2.0; allowed: 0 to 1"),
        ({"crowded_share": 1.5}, "crowded_share is 1.5; allowed: 0 to 1"),
        ({"cloudy_share": 1.5}, "cloudy_share is 1.5; allowed: 0 to 1"),
        ({"jitter_pixel": -1}, "jitter_pixel is -1.0; allowed: at least 0"),
        ({"host_offset_pixel": -1}, "host_offset_pixel is -1.0; allowed: at least 0"),
        ({"host_reach_pixel": -1}, "host_reach_pixel is -1.0; allowed: at least 0"),
        ({"host_min_snr": -1}, "host_min_snr is -1.0; allowed: at least 0"),
        ({"beta": [1, 3]}, r"beta is \[1.0, 3.0\]; allowed: above 1"),
        ({"stretch": [-0.1, 0.1]}, r"stretch is \[-0.1, 0.1\]; allowed: two numbers, the smaller first, at least 0"),
        ({"crowded_stars": [0.5, 9]}, r"crowded_stars is \[0.5, 9.0\]; allowed: at least 1"),
        ({"cloudy_through": [0.5, 1.5]}, r"cloudy_through is \[0.5, 1.5\]; allowed: at most 1"),
        ({"cloudy_through": [0, 0.5]}, "cloudy_through is .*; allowed: two numbers, the smaller first, above 0"),
        ({"host_sahre": 0.5}, r"host_sahre' \(did you mean 'host_share'\?\)"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_with_key_value_and_what_is_allowed(own, message):
    with pytest.raises(SettingsError, match=r"^mine.yaml: .*stamps\.reals\." + message):
        parse(SimulationRecipe, {"stamps": {"reals": own}}, "mine.yaml")


def test_a_recipe_without_reals_has_their_defaults():
    assert parse(SimulationRecipe, {"stamps": {}}, "mine.yaml").stamps == StampSimulation(reals=StampInjection())
    assert parse(SimulationRecipe, {"stamps": {"reals": {"snr": [6, 100]}}}, "x").stamps == StampSimulation()


def test_settings_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        StampInjection().snr = (1.0, 2.0)


def test_nan_is_refused():
    for name in ("jitter_pixel", "host_share"):
        with pytest.raises(SettingsError, match=f"{name} is nan"):
            StampInjection(**{name: math.nan})
