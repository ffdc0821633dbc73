import numpy as np
import pytest
from scipy.spatial import KDTree

from pipeline.injection.hosts import Hosts
from pipeline.injection.places import Room, find_places, find_variables
from pipeline.recipes.injection import InjectionSettings


def empty_room(height=100, width=200, radius=5.0, avoid=None):
    tree = None if avoid is None else KDTree(avoid)
    return Room(image=np.zeros((height, width), np.float32), radius=radius, pixel_arcsec=0.5, avoid=tree)


def hosts_at(*places, radius=4.0):
    x, y = np.array(places, float).T
    return Hosts(x_pixel=x, y_pixel=y, radius_pixel=np.full(len(x), radius), host_id=np.full(len(x), ""))


def rng():
    return np.random.default_rng(1)


def test_no_two_places_are_nearer_than_the_radius():
    found = find_places(empty_room(), np.zeros(100, bool), hosts_at((0, 0)), InjectionSettings(), rng())
    places = np.array([(place.x, place.y) for place in found])
    distance = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1))
    np.fill_diagonal(distance, np.inf)
    assert len(places) > 64
    assert distance.min() >= 5.0


@pytest.mark.parametrize(("x", "y", "free"), [(-0.5, 0, True), (-0.6, 0, False), (199.4, 99.4, True), (0, 99.5, False)])
def test_a_place_is_taken_as_long_as_its_pixel_is_on_the_image(x, y, free):
    assert empty_room().take(x, y) is free


def test_nothing_goes_where_the_image_is_missing():
    room = empty_room()
    room.image[10, 20] = np.nan
    assert not room.take(20.4, 9.6)
    assert room.take(20.6, 9.6)


def test_what_is_to_be_avoided_is_avoided_as_far_as_is_asked():
    room = empty_room(avoid=[(50.0, 50.0)])
    assert not room.take(53.0, 50.0)
    assert not room.take(53.0, 50.0, apart=3.5)
    assert room.take(53.0, 50.0, apart=2.5)


def test_a_grid_has_a_source_near_each_node():
    settings = InjectionSettings(positions="grid")
    found = find_places(empty_room(radius=0.0), np.zeros(8, bool), hosts_at((0, 0)), settings, rng())
    columns, rows = np.meshgrid([24.5, 74.5, 124.5, 174.5], [24.5, 74.5])
    for x, y in zip(columns.ravel(), rows.ravel(), strict=True):
        assert sum(abs(place.x - x) <= 0.5 and abs(place.y - y) <= 0.5 for place in found) == 1
    assert {place.kind for place in found} == {"injected_grid"}


def test_a_source_on_a_host_says_which_and_how_far():
    hosts = hosts_at((40.0, 50.0), (160.0, 50.0))
    found = find_places(empty_room(radius=0.0), np.ones(50, bool), hosts, InjectionSettings(), rng())
    for place in found:
        assert place.kind == "injected_host"
        distance = np.hypot(place.x - hosts.x_pixel[place.host], place.y - hosts.y_pixel[place.host])
        assert distance == pytest.approx(place.offset)
    assert {place.host for place in found} == {0, 1}


def test_a_scale_in_arcsec_does_not_ask_for_the_size_of_the_host():
    hosts = hosts_at((100.0, 50.0), radius=np.nan)
    settings = InjectionSettings(offset="uniform", offset_scale_arcsec=5.0)
    found = find_places(empty_room(radius=0.0), np.ones(200, bool), hosts, settings, rng())
    assert max(abs(place.x - 100.0) for place in found) == pytest.approx(10.0, rel=0.05)


def test_a_full_image_takes_no_more():
    found = find_places(empty_room(3, 3, radius=50.0), np.zeros(5, bool), hosts_at((0, 0)), InjectionSettings(), rng())
    assert len(found) == 1


def test_variables_are_different_stars_as_many_as_are_asked_for():
    stars = np.array([[10.0, 10.0, 1.0], [50.0, 50.0, 1.0], [90.0, 90.0, 1.0], [-9.0, 0.0, 1.0]])
    found = find_variables(empty_room(), stars, 2, 1.0, rng())
    assert len({place.host for place in found}) == 2
    assert {place.host for place in find_variables(empty_room(), stars, 9, 1.0, rng())} == {0, 1, 2}


def test_a_star_that_is_a_known_candidate_is_not_made_to_vary():
    stars = np.array([[10.0, 10.0, 1.0], [50.0, 50.0, 1.0], [90.0, 90.0, 1.0]])
    room = empty_room(avoid=[(50.5, 50.0), (92.0, 90.0)])
    assert {place.host for place in find_variables(room, stars, 9, 1.0, rng())} == {0, 2}
