"""Detections of an image and their neighbours."""

import numpy as np

from pipeline.context.detections import FRAGMENT_PIXEL, Detections, are_among, neighbours_of


def detections(x: list[float], y: list[float]) -> Detections:
    return Detections(x_pixel=np.array(x), y_pixel=np.array(y), flux_sign=np.ones(len(x), np.int8))


def test_a_detection_and_the_parts_of_its_source_are_no_neighbours_of_it() -> None:
    found = detections([0.0, 3.0, 0.0], [0.0, 4.0, FRAGMENT_PIXEL + 1.0])

    near = neighbours_of(found.chosen(slice(0, 1)), found, 5)

    assert near.counts.tolist() == [[False, True, False]]
    assert near.distance[0, :2].tolist() == [5.0, FRAGMENT_PIXEL + 1.0]


def test_the_nearest_are_counted_without_the_parts_of_the_source() -> None:
    found = detections([0.0, 5.0, 20.0, 30.0, 40.0], [0.0] * 5)

    near = neighbours_of(found.chosen(slice(0, 1)), found, 5)

    assert near.nearest(2).tolist() == [[False, True, True, False, False]]


def test_an_image_without_detections_gives_places_no_neighbours() -> None:
    near = neighbours_of(detections([1.0, 2.0], [1.0, 2.0]), detections([], []), 8)

    assert near.counts.shape == (2, 0)


def test_as_many_others_are_found_of_a_detection_as_of_any_place() -> None:
    found = detections([0.0, 20.0, 40.0, 60.0], [0.0] * 4)
    places = detections([0.0, 1.0], [0.0, 0.0])

    near = neighbours_of(places, found, 2)

    assert near.dx.tolist() == [[20.0, 40.0], [-1.0, 19.0]]
    assert are_among(places, found).tolist() == [True, False]
