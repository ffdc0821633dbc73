import numpy as np
import pytest

from pipeline.errors import InputError, UnknownNameError
from pipeline.features import feature_names, physical_features
from pipeline.triplets.artefacts import ARTEFACTS, default_mixture, make_bogus, turned

UNLIKE = {"cloud", "saturated_core", "contradiction"}
"""Light that is lost, a wider seeing that the subtraction matched, and images that contradict each other."""


def triplets(n=4, size=41, seed=0):
    """Real sources over noise of 3, a template star beside, one row with a masked corner."""
    rng = np.random.default_rng(seed)
    yy, xx = np.mgrid[:size, :size] - size // 2
    source = 300 * np.exp(-0.5 * (xx**2 + yy**2) / 1.2**2)
    star = 900 * np.exp(-0.5 * ((xx - 9) ** 2 + (yy + 4) ** 2) / 1.2**2)
    noise = rng.normal(0, 1, (2, n, size, size))
    science, template = 200 + source + star + 3 * noise[0], 200 + star + noise[1]
    out = np.stack([science, template, science - template], axis=-1).astype(np.float32)
    out[0, :6, :6] = np.nan
    return out


@pytest.fixture(scope="module")
def reals():
    return triplets()


@pytest.mark.parametrize("name", list(ARTEFACTS))
class TestEveryArtefact:
    def test_says_what_it_stands_for_and_has_a_weight(self, name):
        assert len(ARTEFACTS.summary(name)) > 30
        assert ARTEFACTS.metadata(name)["weight"] > 0

    def test_keeps_shape_and_type_and_repeats_by_seed(self, name, reals):
        first, again = (ARTEFACTS[name](reals, np.random.default_rng(1)) for _ in range(2))
        assert first.shape == reals.shape
        assert first.dtype == np.float32
        np.testing.assert_array_equal(first, again)
        assert np.isfinite(first).mean() > 0.3

    def test_leaves_its_input_alone_and_differs_from_it(self, name, reals):
        before = reals.copy()
        bogus = ARTEFACTS[name](reals, np.random.default_rng(2))
        np.testing.assert_array_equal(reals, before)
        assert np.nanmax(np.abs(bogus[..., 2] - reals[..., 2])) > 10

    def test_writes_one_story_into_the_three_images(self, name, reals):
        bogus = ARTEFACTS[name](reals, np.random.default_rng(3))
        left = bogus[..., 0] - bogus[..., 1] - bogus[..., 2]
        middle = np.nanmedian(left, axis=(1, 2), keepdims=True)
        if name not in UNLIKE:
            assert np.nanpercentile(np.abs(left - middle), 95) < 12

    def test_survives_stamps_without_pixels_or_structure(self, name):
        hard = np.full((3, 21, 21, 3), np.nan, dtype=np.float32)
        hard[1] = 5.0
        hard[2, ..., :2] = 3.0
        bogus = ARTEFACTS[name](hard, np.random.default_rng(4))
        assert bogus.shape == hard.shape
        assert not np.isinf(bogus).any()

    def test_does_not_look_like_a_source(self, name, reals):
        bogus = ARTEFACTS[name](np.repeat(reals, 4, axis=0), np.random.default_rng(5))
        rows = [feature_names().index(f"difference_{part}") for part in ("fit_snr", "fit_fwhm", "fit_offset")]
        rows.append(feature_names().index("difference_fit_explained"))
        rows.append(feature_names().index("faint_over_difference"))
        found, real = (physical_features(c)[:, rows] for c in (bogus, reals))
        assert (np.abs(found - real.mean(axis=0)) > 0.2).any(axis=1).mean() > 0.7


def test_the_default_mixture_names_every_artefact_and_sums_to_one():
    assert set(default_mixture()) == set(ARTEFACTS)
    assert sum(default_mixture().values()) == pytest.approx(1)


def test_a_mixture_of_one_makes_only_that_one(reals):
    bogus, names, rows = make_bogus(reals, 5, np.random.default_rng(0), {"trail": 1.0, "gain": 0.0})
    assert bogus.shape == (5, *reals.shape[1:])
    assert set(names) == {"trail"}
    assert ((rows >= 0) & (rows < len(reals))).all()


def test_a_turned_survey_gets_positive_centres(reals):
    bogus, _, _ = make_bogus(reals, 30, np.random.default_rng(0), difference_turned=True)
    assert (np.nansum(bogus[:, 18:23, 18:23, 2], axis=(1, 2)) >= 0).all()


def test_none_asked_none_made(reals):
    bogus, names, rows = make_bogus(reals, 0, np.random.default_rng(0))
    assert (len(bogus), len(names), len(rows)) == (0, 0, 0)


def test_an_unknown_artefact_is_named(reals):
    with pytest.raises(UnknownNameError, match="dipol"):
        make_bogus(reals, 2, np.random.default_rng(0), {"dipol": 1})


@pytest.mark.parametrize("mixture", [{}, {"gain": 0.0}, {"gain": 1.0, "trail": -1.0}])
def test_a_mixture_without_weight_is_refused(reals, mixture):
    with pytest.raises(ValueError, match="mixture"):
        make_bogus(reals, 2, np.random.default_rng(0), mixture)


def test_no_triplets_no_bogus(reals):
    with pytest.raises(InputError, match="at least one"):
        make_bogus(reals[:0], 2, np.random.default_rng(0))


def test_turning_makes_the_centre_positive_and_leaves_the_images(reals):
    faded = reals.copy()
    faded[..., 2] *= -1
    np.testing.assert_array_equal(turned(faded), reals)
    np.testing.assert_array_equal(turned(reals), reals)
