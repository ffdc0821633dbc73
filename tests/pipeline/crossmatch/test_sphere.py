import numpy as np
import pytest
from astropy.coordinates import SkyCoord

from pipeline.crossmatch.sphere import (
    angle_of,
    by_height,
    chord_of,
    distinct_places,
    finite_vectors,
    of_one_length,
    runs_of,
    unit_vectors,
    zones,
)
from pipeline.errors import InputError


def test_a_straight_distance_gives_the_angle_of_astropy():
    rng = np.random.default_rng(1)
    ra, dec = rng.uniform(0, 360, 200), np.degrees(np.arcsin(rng.uniform(-1, 1, 200)))
    vectors = unit_vectors(ra, dec)
    places = SkyCoord(ra, dec, unit="deg")
    chords = np.linalg.norm(vectors[1:] - vectors[:-1], axis=1)
    assert angle_of(chords) == pytest.approx(places[1:].separation(places[:-1]).arcsec, rel=1e-9)


@pytest.mark.parametrize("arcsec", [0.0, 1e-3, 1.0, 3600.0, 648_000.0])
def test_an_angle_and_its_straight_distance_belong_together(arcsec):
    assert angle_of(np.array([chord_of(arcsec)]))[0] == pytest.approx(arcsec, rel=1e-7)


def test_an_angle_above_half_a_turn_reaches_the_whole_sphere():
    assert chord_of(1e9) == pytest.approx(2.0)


@pytest.mark.parametrize("arcsec", [-1.0, float("nan")])
def test_a_radius_that_is_none_is_refused(arcsec):
    with pytest.raises(InputError, match="must be at least 0"):
        chord_of(arcsec)


def test_rows_without_a_place_are_left_out():
    rows, vectors = finite_vectors([10.0, np.nan, 20.0, 30.0], [0.0, 0.0, np.inf, 90.0])
    assert rows.tolist() == [0, 3]
    assert vectors[1] == pytest.approx([0.0, 0.0, 1.0], abs=1e-15)


def test_coordinates_of_two_lengths_are_refused():
    with pytest.raises(InputError, match=r"given shapes \(2,\) and \(1,\)"):
        of_one_length([1.0, 2.0], 3.0)


def test_rows_come_by_declination_without_those_that_have_no_place():
    ra, dec = np.array([0.0, 0.0, np.nan, 0.0]), np.array([5.0, -5.0, 0.0, 1.0])
    assert by_height(ra, dec, np.array([0, 2, 3])).tolist() == [3, 0]


def test_zones_hold_every_row_once_and_reach_all_its_neighbours(monkeypatch):
    monkeypatch.setattr("pipeline.crossmatch.sphere._ZONE_ROWS", 7)
    heights = np.sort(np.random.default_rng(2).normal(0.0, 0.01, 100))
    radius_deg = 0.002
    parts = list(zones(heights, radius_deg * 3600))
    assert np.concatenate([np.arange(100)[rows] for rows, _, _ in parts]).tolist() == list(range(100))
    for rows, low, high in parts:
        for height in heights[rows]:
            near = heights[np.abs(heights - height) <= radius_deg]
            assert ((low <= near) & (near <= high)).all()


def test_a_crowd_at_one_declination_is_one_zone(monkeypatch):
    monkeypatch.setattr("pipeline.crossmatch.sphere._ZONE_ROWS", 7)
    (only,) = zones(np.zeros(100), 1.0)
    assert only[0] == slice(0, 100)


def test_runs_are_the_rows_that_are_equal():
    values = np.random.default_rng(3).integers(0, 3, (50, 2)).astype(float)
    expected = {}
    for row, value in enumerate(values):
        expected.setdefault(tuple(value), []).append(row)
    runs = runs_of(values)
    found = [runs.points(run).tolist() for run in range(len(runs.starts))]
    assert sorted(found) == sorted(expected.values())
    assert runs.first.tolist() == [rows[0] for rows in found]


def test_a_tree_holds_each_place_once():
    tree, runs = distinct_places(np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 0.0]]))
    distance, which = tree.query([0.1, 0.0])
    assert (tree.n, distance) == (2, pytest.approx(0.1))
    assert runs.points(int(which)).tolist() == [0, 2]
