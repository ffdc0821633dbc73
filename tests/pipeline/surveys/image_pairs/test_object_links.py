"""What is found again within a night has the name of what was found first."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.surveys.image_pairs.object_links import ObjectLinks


@given(st.lists(st.integers(0, 6), min_size=1, max_size=12), st.integers(0, 3))
def test_places_far_apart_are_told_apart_and_the_same_place_is_one(cells, seed):
    rng = np.random.default_rng(seed)
    links, first = ObjectLinks(2.0), {}
    for number, cell in enumerate(cells):
        place = np.array([[10.0 + cell * 0.1, 20.0]]) + rng.uniform(-1e-4, 1e-4, (1, 2))
        (name,) = links.names([f"c{number}"], place)
        assert name == first.setdefault(cell, f"c{number}")


def test_a_place_that_is_not_known_is_an_object_of_its_own():
    links = ObjectLinks(2.0)
    nowhere = np.full((1, 2), np.nan)
    assert links.names(["a"], nowhere) == ["a"]
    assert links.names(["b"], nowhere) == ["b"]


def test_places_on_different_skies_are_never_linked():
    links, place = ObjectLinks(2.0), np.array([[1.0, 2.0]])
    assert links.names(["a"], place, "one") == ["a"]
    assert links.names(["b"], place, "other") == ["b"]
    assert links.names(["c"], place, "one") == ["a"]
