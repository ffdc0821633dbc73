"""Settings of the self-made bogus: documented defaults, refused values, and pixels that obey them."""

import dataclasses
import inspect

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from pipeline.errors import SettingsError, UnknownNameError
from pipeline.triplets.artefacts import ARTEFACTS, make_bogus, read_settings
from pipeline.triplets.artefacts.settings import ArtefactSettings

SCIENCE, TEMPLATE, DIFFERENCE = 0, 1, 2


def quiet(n=8, size=41):
    """Triplets of noise 1 over a sky of 100, nothing else."""
    pixels = np.random.default_rng(0).normal(0, 1, (n, size, size, 3)) + np.array([100.0, 100.0, 0.0])
    return pixels.astype(np.float32)


def make(name, n=8, **settings):
    return ARTEFACTS[name](quiet(n), np.random.default_rng(1), read_settings({name: settings})[name])


@pytest.mark.parametrize("name", list(ARTEFACTS))
class TestEveryArtefactsSettings:
    def test_are_a_frozen_class_of_documented_ranges_shares_and_counts(self, name):
        kind = ARTEFACTS.metadata(name)["settings"]
        assert issubclass(kind, ArtefactSettings)
        for field in dataclasses.fields(kind):
            assert f"\n{field.name} : " in (inspect.getdoc(kind) or ""), field.name
            assert isinstance(getattr(kind(), field.name), tuple | float | int)
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(kind(), dataclasses.fields(kind)[0].name, 1)

    def test_default_settings_are_those_used_without_any(self, name):
        kind = ARTEFACTS.metadata(name)["settings"]
        bare, given_ = (ARTEFACTS[name](quiet(2), np.random.default_rng(3), own) for own in (None, kind()))
        np.testing.assert_array_equal(bare, given_)

    def test_each_setting_changes_the_pixels(self, name):
        kind = ARTEFACTS.metadata(name)["settings"]
        before = ARTEFACTS[name](quiet(24), np.random.default_rng(3))
        for field in dataclasses.fields(kind):
            changed = dataclasses.replace(kind(), **{field.name: _other(field.name, getattr(kind(), field.name))})
            after = ARTEFACTS[name](quiet(24), np.random.default_rng(3), changed)
            assert not np.array_equal(before, after, equal_nan=True), field.name

    def test_of_another_artefact_are_refused(self, name):
        other = next(one for one in ARTEFACTS if one != name)
        with pytest.raises(SettingsError, match=f"{name} was given"):
            ARTEFACTS[name](quiet(1), np.random.default_rng(0), ARTEFACTS.metadata(other)["settings"]())


def _other(name, value):
    if isinstance(value, tuple):
        return (value[1] / 2, value[1] / 2)
    if name.endswith("_share"):
        return 0.0 if value > 0.1 else 1.0
    return value + 2


def test_whole_numbers_and_lists_are_taken_as_a_file_gives_them():
    found = read_settings({"trail": {"snr": [3, 30], "whole_share": 1}, "hot_pixel": {"pixels_max": 2}})
    assert found["trail"].snr == (3.0, 30.0)
    assert found["trail"].whole_share == 1.0
    assert found["hot_pixel"].pixels_max == 2


@pytest.mark.parametrize(
    ("name", "settings", "words"),
    [
        ("trail", {"snt": [1, 2]}, r"artefacts.trail: unknown key 'snt' \(did you mean 'snr'\?\)"),
        ("trail", {"snr": [40, 2]}, r"snr is \[40.0, 2.0\]; allowed: two numbers, the smaller first, above 0"),
        ("trail", {"snr": [0, 2]}, "above 0"),
        ("trail", {"snr": [2]}, "two numbers"),
        ("trail", {"snr": 5}, "'snr' is 5; allowed: a list of a finite number"),
        ("trail", {"half_length_pixel": [-1, 2]}, "at least 0"),
        ("trail", {"whole_share": 1.5}, "whole_share is 1.5; allowed: 0 to 1"),
        ("hot_pixel", {"pixels_max": 0}, "pixels_max is 0; allowed: at least 1"),
        ("hot_pixel", {"pixels_max": 1.5}, "a whole number"),
        ("cloud", {"through": [0.5, 1.5]}, "through is .*; allowed: at most 1"),
        ("dipole", {"gain_error": -1}, "gain_error is -1.0; allowed: at least 0"),
        ("echoes", {"row_share": 0.7, "column_share": 0.7}, "together at most 1"),
        ("contradiction", {"difference_alone_share": 0.7, "displaced_share": 0.7}, "together at most 1"),
    ],
)
def test_a_wrong_setting_is_refused_with_what_is_allowed(name, settings, words):
    with pytest.raises(SettingsError, match=words):
        read_settings({name: settings})


def test_settings_of_an_unknown_artefact_are_refused():
    with pytest.raises(UnknownNameError, match="did you mean 'trail'"):
        read_settings({"trial": {}})


@examples(max_examples=25, deadline=None)
@given(
    st.floats(allow_nan=True, allow_infinity=True, width=32), st.floats(allow_nan=True, allow_infinity=True, width=32)
)
def test_every_pair_is_a_range_or_refused(low, high):
    kind = ARTEFACTS.metadata("trail")["settings"]
    if 0 < low <= high < np.inf:
        assert kind(snr=(low, high)).snr == (low, high)
    else:
        with pytest.raises(SettingsError, match="snr"):
            kind(snr=(low, high))


def test_the_mixture_uses_the_settings_that_it_is_given():
    given_ = read_settings({"trail": {"snr": [500, 600]}})
    bright, _, _ = make_bogus(quiet(), 6, np.random.default_rng(0), {"trail": 1.0}, given_)
    plain, _, _ = make_bogus(quiet(), 6, np.random.default_rng(0), {"trail": 1.0})
    assert np.abs(bright[..., DIFFERENCE]).max(axis=(1, 2)).min() > 100 > np.abs(plain[..., DIFFERENCE]).max()


def test_a_saturated_core_is_flat_in_both_images_and_its_difference_is_small_beside_it():
    full = 300.0
    own = {"full_well_snr": [full, full], "excess": [8, 8], "scale": [1, 1], "masked_share": 0}
    pixels = make("saturated_core", **own)
    for channel in (SCIENCE, TEMPLATE):
        top = np.sort(pixels[..., channel].reshape(len(pixels), -1), axis=1)[:, -8:] - 100
        assert np.abs(top / full - 1).max() < 0.1
    assert np.abs(pixels[..., DIFFERENCE]).max() > 10


def test_masked_saturation_is_missing_in_science_and_difference_alone():
    pixels = make("saturated_core", masked_share=1, seeing_ratio=[1.3, 1.35], excess=[10, 20])
    lost = np.isnan(pixels).any(axis=(1, 2))
    assert lost[:, [SCIENCE, DIFFERENCE]].any()
    assert not lost[:, TEMPLATE].any()


def test_nan_rows_cross_the_stamp_at_the_candidate():
    pixels = make("nan_rows", away_pixel=[0, 0], row_share=1, whole_share=1, template_share=0, lines_max=1)
    missing = np.isnan(pixels[..., DIFFERENCE])
    np.testing.assert_array_equal(missing, np.isnan(pixels[..., SCIENCE]))
    assert missing[:, 20].all()
    assert missing.sum(axis=(1, 2)).tolist() == [41] * 8
    assert np.isfinite(pixels[..., TEMPLATE]).all()


def test_lost_columns_may_be_lost_in_the_template_as_well_and_end_somewhere():
    pixels = make("nan_rows", row_share=0, whole_share=0, template_share=1)
    missing = np.isnan(pixels)
    assert missing.all(axis=3).any(axis=(1, 2)).all()
    assert not missing.all(axis=1).any()


@pytest.mark.parametrize("template_share", [0.0, 1.0])
def test_a_negative_residual_is_a_hole_and_the_template_holds_no_star(template_share):
    pixels = make("negative_residual", template_share=template_share, snr=[50, 60])
    middle = pixels[:, 13:28, 13:28]
    assert (middle[..., DIFFERENCE].min(axis=(1, 2)) < -10).all()
    assert (np.abs(middle[..., DIFFERENCE].max(axis=(1, 2))) < 15).all()
    written = pixels[..., TEMPLATE if template_share else SCIENCE] - 100
    assert (np.abs(written).max(axis=(1, 2)) > 10).all()
    untouched = pixels[..., SCIENCE if template_share else TEMPLATE] - 100
    assert np.abs(untouched).max() < 10


@pytest.mark.parametrize(
    ("shares", "seen"),
    [((1.0, 0.0), (False, False)), ((0.0, 0.0), (True, True)), ((0.0, 1.0), (False, False))],
    ids=["in the difference alone", "in both images alike", "displaced"],
)
def test_a_contradiction_is_in_the_difference_and_not_in_science_less_template(shares, seen):
    alone, displaced = shares
    pixels = make("contradiction", snr=[80, 90], difference_alone_share=alone, displaced_share=displaced)
    middle = pixels[:, 19:22, 19:22].max(axis=(1, 2)) - np.array([100.0, 100.0, 0.0])
    assert (middle[:, DIFFERENCE] > 40).all()
    assert ((middle[:, :2] > 40) == np.array(seen)).all()
    elsewhere = (pixels[..., SCIENCE] - 100).max(axis=(1, 2)) > 40
    assert elsewhere.all() == (displaced == 1 or seen[0])
