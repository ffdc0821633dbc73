"""Positions that steps within a radius connect are one group, and a crowd costs no more than as many rows elsewhere."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from peak_memory import peak_bytes
from timing import cpu_seconds

from pipeline.crossmatch import friends, sphere
from pipeline.crossmatch.friends import link_groups, links
from pipeline.datasets.groups import join_groups
from pipeline.errors import InputError
from pipeline.ids.text_blocks import HeldTexts

CROWD = 20_000


def all_with_all(ra, dec, radius_arcsec):
    """The groups by comparing every row with every other, until no group changes."""
    vectors = sphere.unit_vectors(ra, dec)
    squared = ((vectors[:, None] - vectors[None]) ** 2).sum(axis=-1)
    near = squared <= sphere.chord_of(radius_arcsec) ** 2
    groups = np.arange(len(ra))
    while True:
        lowest = np.where(near, groups, len(ra)).min(axis=1, initial=len(ra))
        lowest = np.minimum(lowest, groups)
        if (lowest == groups).all():
            return groups
        groups = lowest


def numbered(groups):
    """The same groups numbered from 0 in order of first appearance."""
    return [sorted(set(groups.tolist()), key=groups.tolist().index).index(group) for group in groups.tolist()]


@st.composite
def skies(draw):
    """Loose rows, clumps narrower and wider than the radius, rows on a grid, rows at one place; anywhere on the sky."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    ra0, dec0 = draw(st.sampled_from([(10.0, 20.0), (0.0, 0.0), (180.0, 89.9999), (0.0, -90.0), (359.9999, 45.0)]))
    parts = [np.empty((2, 0))]
    for scale in draw(st.lists(st.sampled_from([0.0, 0.05, 0.5, 1.0, 3.0]), max_size=4)):
        centre, rows = rng.uniform(-4, 4, (2, 1)), draw(st.integers(1, 40))
        grid = draw(st.booleans())
        parts.append(centre + scale * (rng.integers(-3, 4, (2, rows)) if grid else rng.normal(size=(2, rows))))
    x, y = np.concatenate(parts, axis=1)[:, rng.permutation(sum(part.shape[1] for part in parts))] / 3600.0
    dec = dec0 + y
    dec = np.where(np.abs(dec) > 90, np.sign(dec) * 180 - dec, dec)
    return (ra0 + x / np.maximum(np.cos(np.radians(dec)), 1e-7)) % 360.0, dec


@settings(max_examples=300, deadline=None)
@given(sky=skies(), few=st.sampled_from([1, 3, 64]), zone=st.sampled_from([2, 16_384]))
def test_groups_are_those_of_comparing_all_with_all(sky, few, zone):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(friends, "_FEW", few)
        patch.setattr(friends, "_PAIRS_AT_ONCE", 5)
        patch.setattr(sphere, "_ZONE_ROWS", zone)
        for radius in (0.3, 1.0, 2.5):
            assert link_groups(*sky, radius).tolist() == numbered(all_with_all(*sky, radius))


@settings(max_examples=50, deadline=None)
@given(sky=skies())
def test_links_are_within_the_radius_and_join_the_same_groups(sky):
    pairs = list(links(*sky, 1.0))
    rows = join_groups(pairs, HeldTexts([f"{row:03d}" for row in range(len(sky[0]))])).row
    assert numbered(rows) == numbered(all_with_all(*sky, 1.0))
    vectors = sphere.unit_vectors(*sky)
    for first, second in (pair.T for pair in pairs):
        distance = np.linalg.norm(vectors[first] - vectors[second], axis=1)
        assert (distance <= sphere.chord_of(1.0) * (1 + 1e-12)).all()


@pytest.mark.parametrize("spread_deg", [0.0, 1e-7, 3e-4, 1e-2])
def test_a_crowd_takes_memory_in_step_with_its_rows(spread_deg):
    ra, dec = spread_deg * np.random.default_rng(1).normal(size=(2, CROWD))
    assert peak_bytes(lambda: link_groups(ra, dec, 3.0)) < 1_000 * CROWD
    assert sum(len(pairs) for pairs in links(ra, dec, 3.0)) < 20 * CROWD


def test_a_crowd_takes_about_the_time_of_as_many_rows_elsewhere():
    ra, dec = np.random.default_rng(1).uniform(-0.5, 0.5, (2, CROWD))
    crowded, loose = cpu_seconds(
        lambda: link_groups(np.zeros(CROWD), np.zeros(CROWD), 3.0), lambda: link_groups(ra, dec, 3.0), rounds=3
    )
    assert crowded < 10 * loose


def test_a_crowd_reaches_no_more_zones_than_loose_rows():
    parts = list(sphere.zones(np.zeros(100_000), 1.0))
    assert [(rows.start, rows.stop) for rows, _, _ in parts] == [(0, 100_000)]


def test_the_wrap_at_360_degrees_and_the_poles_are_no_borders():
    assert link_groups([359.99999, 0.00001, 90.0, 270.0], [0.0, 0.0, 90.0, 90.0], 1.0).tolist() == [0, 0, 1, 1]


def test_rows_that_are_not_finite_are_groups_of_their_own():
    assert link_groups([], [], 1.0).tolist() == []
    assert link_groups([1.0, np.nan, 1.0], [1.0, 1.0, 1.0], 1.0).tolist() == [0, 1, 0]


def test_without_a_radius_equal_places_are_one_group():
    assert link_groups([5.0, 5.0, 5.0 + 1e-12], [1.0, 1.0, 1.0], 0.0).tolist() == [0, 0, 1]


def test_chains_are_one_group_and_numbers_follow_first_appearance():
    dec = np.array([50.0, 0.0, 1.0, 2.0, 51.0, 9.0]) / 3600.0
    assert link_groups(np.zeros(6), dec, 1.2).tolist() == [0, 1, 1, 1, 0, 2]


@pytest.mark.parametrize("radius", [-1.0, np.nan])
def test_a_radius_that_is_none_is_refused(radius):
    with pytest.raises(InputError, match="match radius"):
        link_groups([0.0], [0.0], radius)
