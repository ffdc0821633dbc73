"""Straight lines through detections."""

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.context.detections import Detections
from pipeline.context.lines import _densest, axis_significance, line_fits

SIDE = 1000.0


def at_random(number: int, seed: int = 1) -> Detections:
    x, y = np.random.default_rng(seed).uniform(0.0, SIDE, (2, number))
    return Detections(x_pixel=x, y_pixel=y, flux_sign=np.ones(number, np.int8))


def with_trail(field: Detections, along: NDArray[np.float64], angle_deg: float, sign: int = 1) -> Detections:
    """Return a field with detections of a trail before its own, at distances along it from the middle of the image."""
    angle = np.radians(angle_deg)
    return Detections(
        x_pixel=np.append(SIDE / 2 + along * np.cos(angle), field.x_pixel),
        y_pixel=np.append(SIDE / 2 + along * np.sin(angle), field.y_pixel),
        flux_sign=np.append(np.full(len(along), sign, np.int8), field.flux_sign),
    )


@pytest.mark.parametrize("angle_deg", [7.0, 45.0, 101.0, 175.0])
def test_the_flashes_of_a_trail_stand_out_of_what_is_there_by_chance(angle_deg: float) -> None:
    field = with_trail(at_random(400), np.linspace(-450.0, 450.0, 16), angle_deg)

    significance = line_fits(field, field).significance

    assert significance[:16].min() > 3.0
    assert np.quantile(significance[16:], 0.95) < 2.0


def test_chance_alone_is_hardly_ever_significant() -> None:
    field = at_random(2000, seed=3)

    significance = line_fits(field, field).significance

    assert (significance > 2.0).mean() < 0.01  # one in a hundred, if all angles were independent


def test_only_detections_of_the_own_sign_are_on_a_line() -> None:
    field = with_trail(at_random(300), np.linspace(-400.0, 400.0, 16), 30.0, sign=-1)
    places = Detections(x_pixel=field.x_pixel[:16], y_pixel=field.y_pixel[:16], flux_sign=np.ones(16, np.int8))

    assert np.median(line_fits(places, field).significance) < 0.5


def test_the_gaps_of_a_flashing_trail_are_even_and_those_of_chance_are_not() -> None:
    even = np.linspace(-450.0, 450.0, 16)
    uneven = np.sort(np.random.default_rng(5).uniform(-450.0, 450.0, 16))
    empty = at_random(0)

    flashing, steady = (line_fits(field, field) for field in (with_trail(empty, t, 20.0) for t in (even, uneven)))

    np.testing.assert_allclose(flashing.regularity, 1.0)
    assert steady.regularity.max() < 0.8


def test_a_line_along_the_detector_is_significant_for_the_axes_alone() -> None:
    column = with_trail(at_random(400), np.linspace(-450.0, 450.0, 16), 90.0)

    assert axis_significance(column, column)[:16].min() > 6.0
    assert line_fits(column, column).significance[:16].max() < 3.0


def test_a_denser_half_of_the_image_is_no_line() -> None:
    half = at_random(600, seed=7)
    field = Detections(x_pixel=half.x_pixel / 2, y_pixel=half.y_pixel, flux_sign=half.flux_sign)
    both = Detections(
        x_pixel=np.append(field.x_pixel, half.x_pixel[:40]),
        y_pixel=np.append(field.y_pixel, half.y_pixel[:40]),
        flux_sign=np.append(field.flux_sign, half.flux_sign[:40]),
    )

    assert np.quantile(axis_significance(both, both), 0.95) < 2.0


def test_the_angle_with_most_arcs_is_the_one_that_a_search_over_all_angles_finds() -> None:
    rng = np.random.default_rng(11)
    angle, half_arc = rng.uniform(-np.pi, np.pi, (30, 40)), rng.uniform(0.001, 0.2, (30, 40))
    counts = rng.random((30, 40)) < 0.8

    most, middle = _densest(angle, half_arc, counts)

    def overlapping(theta: NDArray[np.float64]) -> NDArray[np.intp]:
        apart = np.abs(np.mod(angle[:, :, None] - theta[:, None, :] + np.pi / 2, np.pi) - np.pi / 2)
        return ((apart <= half_arc[:, :, None]) & counts[:, :, None]).sum(axis=1)

    grid = np.broadcast_to(np.linspace(0.0, np.pi, 4001), (30, 4001))
    np.testing.assert_array_equal(overlapping(middle[:, None])[:, 0], most)
    assert (overlapping(grid).max(axis=1) <= most).all()


@pytest.mark.parametrize("number", [0, 1, 2])
def test_few_detections_are_no_line(number: int) -> None:
    field = at_random(number)
    fits = line_fits(field, field)

    assert fits.significance.tolist() == [0.0] * number or fits.significance.max() < 0.5
    assert np.isnan(fits.regularity).all()
    assert len(axis_significance(field, field)) == number


def test_places_that_are_no_detections_are_judged_as_if_they_were_one_more() -> None:
    field = with_trail(at_random(300), np.linspace(-400.0, 400.0, 14), 30.0)
    without = field.chosen(np.arange(1, len(field)))

    alone = line_fits(field.chosen(slice(0, 1)), without)

    np.testing.assert_allclose(alone.significance, line_fits(field, field).significance[:1])
