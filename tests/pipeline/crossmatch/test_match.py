"""Positions on the sphere are paired one to one, closest first, and found near others."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from peak_memory import peak_bytes
from timing import cpu_seconds

from pipeline.crossmatch import match as crossmatch
from pipeline.crossmatch import sphere
from pipeline.crossmatch.match import match_one_to_one, near_any, nearest
from pipeline.errors import InputError


def separation_arcsec(ra1, dec1, ra2, dec2):
    """Vincenty's formula, an independent source."""
    from astropy.coordinates import angular_separation

    return np.degrees(angular_separation(*np.radians([ra1, dec1, ra2, dec2]))) * 3600.0


def greedy(ra1, dec1, ra2, dec2, radius):
    """Every pair in order of separation, by brute force."""
    pairs = [
        (separation_arcsec(ra1[i], dec1[i], ra2[j], dec2[j]), i, j) for i in range(len(ra1)) for j in range(len(ra2))
    ]
    left, right, chosen = set(), set(), {}
    for distance, i, j in sorted(pairs):
        if distance <= radius and i not in left and j not in right:
            chosen[i] = j
            left.add(i)
            right.add(j)
    return chosen


def inside_the_poles(dec):
    """Declinations beyond a pole, mirrored at it; clipped ones would all be the pole itself, and tie."""
    return np.where(np.abs(dec) > 90, np.sign(dec) * 180 - dec, dec)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 12), st.integers(0, 12), st.integers(0, 500), st.sampled_from([0.0, 45.0, 89.999, -90.0]))
def test_matching_is_greedy_by_separation(number1, number2, seed, dec):
    rng = np.random.default_rng(seed)
    ra1, ra2 = (rng.uniform(-0.002, 0.002, n) % 360.0 for n in (number1, number2))
    dec1, dec2 = (inside_the_poles(dec + rng.uniform(-0.002, 0.002, n)) for n in (number1, number2))
    first, second, separation = match_one_to_one(ra1, dec1, ra2, dec2, 3.0)
    assert dict(zip(first.tolist(), second.tolist(), strict=True)) == greedy(ra1, dec1, ra2, dec2, 3.0)
    expected = separation_arcsec(ra1[first], dec1[first], ra2[second], dec2[second])
    np.testing.assert_allclose(separation, expected, atol=1e-6)


@st.composite
def crowds(draw):
    """Places of two lists, all within the radius of each other, many of them shared or on a grid, so that they tie."""
    numbers = draw(st.tuples(st.integers(0, 15), st.integers(0, 15)))
    seed, step = draw(st.integers(0, 10_000)), draw(st.sampled_from([0.0, 1e-5, 1e-4]))
    rng = np.random.default_rng(seed)
    return [
        step * rng.integers(0, 3, (2, n)) + draw(st.sampled_from([0.0, 1e-6])) * rng.random((2, n)) for n in numbers
    ]


@settings(max_examples=200, deadline=None)
@given(crowds())
def test_a_crowd_is_matched_as_all_its_pairs_in_order_would_be(lists):
    (ra1, dec1), (ra2, dec2) = lists
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(crossmatch, "_FEW", 0)
        by_rounds = match_one_to_one(ra1, dec1, ra2, dec2, 1.0)
        patch.setattr(crossmatch, "_ROUNDS", 0)
        by_pairs = match_one_to_one(ra1, dec1, ra2, dec2, 1.0)
    for one, other in zip(by_rounds, by_pairs, strict=True):
        assert one.tolist() == other.tolist()


@pytest.mark.parametrize("spread_deg", [0.0, 1e-5])
def test_crowds_are_matched_without_a_list_of_their_pairs(spread_deg):
    ra, dec = spread_deg * np.random.default_rng(0).random((2, 40_000))
    peak = peak_bytes(lambda: match_one_to_one(ra[:20_000], dec[:20_000], ra[20_000:], dec[20_000:], 3.0))
    assert peak < 2_000 * len(ra)
    peak = peak_bytes(lambda: nearest(ra, dec, ra, dec))
    assert peak < 500 * len(ra)


def test_what_lies_at_one_place_is_one_place_of_a_tree():
    tree, runs = sphere.distinct_places(np.repeat([[3.0, 4.0], [1.0, 2.0]], 50, axis=0))
    assert tree.n == 2
    assert runs.first.tolist() == [50, 0]


def test_of_equal_places_the_lowest_row_is_nearest():
    index, _ = nearest([10.0], [5.0], [11.0, *[10.0] * 40], np.full(41, 5.0))
    assert index.tolist() == [1]


def test_of_two_sources_near_one_detection_the_closer_gets_it():
    first, second, _ = match_one_to_one([10.0, 10.0], [0.0, 0.0002], [10.0], [0.00015], 2.0)
    assert (first.tolist(), second.tolist()) == ([1], [0])


def test_a_mutual_pair_leaves_the_second_best_to_the_other():
    first, second, _ = match_one_to_one([0.0, 0.0], [0.0, 3 / 3600], [0.0, 0.0], [1 / 3600, -4 / 3600], 5.0)
    assert dict(zip(first.tolist(), second.tolist(), strict=True)) == {0: 0}


def test_the_wrap_at_360_degrees_and_the_poles_are_no_borders():
    assert len(match_one_to_one([359.99999], [0.0], [0.00001], [0.0], 1.0)[0]) == 1
    assert len(match_one_to_one([0.0], [89.9999], [180.0], [89.9999], 1.0)[0]) == 1


def test_identical_positions_are_still_paired_one_to_one():
    first, second, separation = match_one_to_one([5.0] * 4, [5.0] * 4, [5.0] * 3, [5.0] * 3, 0.0)
    assert first.tolist() == second.tolist() == [0, 1, 2]
    assert separation.tolist() == [0.0] * 3


def test_rows_that_are_not_finite_and_empty_lists_find_nothing():
    assert match_one_to_one([], [], [1.0], [1.0], 1.0)[0].tolist() == []
    first, second, _ = match_one_to_one([np.nan, 1.0], [1.0, 1.0], [1.0, 1.0], [np.inf, 1.0], 1.0)
    assert (first.tolist(), second.tolist()) == ([1], [1])
    index, separation = nearest([np.nan, 1.0], [1.0, 1.0], [], [])
    assert index.tolist() == [-1, -1]
    assert np.isinf(separation).all()


def test_nearest_may_be_shared():
    index, separation = nearest([0.0, 0.001], [0.0, 0.0], [1.0, 0.0005], [0.0, 0.0])
    assert index.tolist() == [1, 1]
    np.testing.assert_allclose(separation, [1.8, 1.8], rtol=1e-6)


@pytest.mark.parametrize("radius", [-1.0, np.nan])
def test_a_radius_that_is_none_is_refused(radius):
    with pytest.raises(InputError, match="match radius"):
        match_one_to_one([0.0], [0.0], [0.0], [0.0], radius)


@pytest.mark.replaces("gmadet", "O4")
def test_100_000_by_100_000_take_seconds():
    rng = np.random.default_rng(0)
    ra, dec = rng.uniform(0, 10, 100_000), rng.uniform(-5, 5, 100_000)
    (seconds,) = cpu_seconds(lambda: match_one_to_one(ra, dec, ra + 1e-5, dec, 1.0), rounds=3)
    assert seconds < 4.0
    first, second, _ = match_one_to_one(ra, dec, ra + 1e-5, dec, 1.0)
    assert (first == second).mean() > 0.999


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), rows=st.sampled_from([3, 16_384]))
def test_near_any_finds_what_comparing_all_with_all_finds(seed, rows):
    rng = np.random.default_rng(seed)
    ra0, dec0 = rng.choice([0.0, 180.0]), rng.choice([-90.0, -30.0, 0.0, 89.999])
    ra, dec = rng.normal(ra0, 2e-3, (2, 20)), inside_the_poles(rng.normal(dec0, 1e-3, (2, 20)))
    ra[0, 3] = dec[1, 4] = np.nan
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sphere, "_ZONE_ROWS", rows)
        found = near_any(ra.ravel(), dec.ravel(), np.arange(20), np.arange(20, 40), 2.0)
    first, second = (np.broadcast_arrays(one[0][:, None], one[1]) for one in (ra, dec))
    apart = separation_arcsec(first[0], second[0], first[1], second[1])
    expected = (apart < 2.0).any(axis=1)
    clear = ~(np.abs(apart - 2.0) < 1e-6).any(axis=1)
    assert found[clear].tolist() == expected[clear].tolist()


def test_near_any_of_nothing_is_nothing():
    somebody, nobody = np.array([0]), np.zeros(0, int)
    assert near_any(np.ones(1), np.ones(1), nobody, somebody, 3.0).tolist() == []
    assert near_any(np.ones(1), np.ones(1), somebody, nobody, 3.0).tolist() == [False]
