"""What of the settings makes candidates lie beside their sky positions, told by a WCS."""

import numpy as np
import pytest

from pipeline.astrometry.stated_positions import places_fault

X, Y = np.array([10.0, 50.0, 200.0, 340.0]), np.array([300.0, 20.0, 70.0, 150.0])
RA, DEC = 4.0 + X / 1000, Y / 1000


def project(ra, dec):
    """Return the pixels of sky positions on an image of 400 pixels; it reaches no further."""
    x, y = (ra - 4.0) * 1000, dec * 1000
    there = (x >= 0) & (x <= 400)
    return np.where(there, x, np.nan), np.where(there, y, np.nan)


@pytest.mark.parametrize("noise", [0.0, 0.2])
@pytest.mark.parametrize("origin", [0, 1])
def test_places_that_agree_have_no_fault(origin, noise):
    jitter = noise * np.array([1, -1, 1, -1])
    assert places_fault(X + jitter, Y - jitter, RA, DEC, project, origin) == ""


@pytest.mark.parametrize(("origin", "stated", "larger"), [(0, 1, "larger"), (1, 0, "smaller")])
def test_a_shift_of_one_pixel_is_the_origin_of_the_other_kind(origin, stated, larger):
    shift = stated - origin
    said = places_fault(X + shift + 0.1, Y + shift - 0.1, RA, DEC, project, origin)
    assert f"x_pixel and y_pixel are 1 {larger} than" in said
    assert f"state `pixel_origin: {stated}`" in said


@pytest.mark.parametrize(("origin", "shift"), [(0, -1.0), (1, 1.0), (0, 0.5), (0, 7.0)])
def test_a_shift_that_no_origin_makes_is_left_to_the_wcs(origin, shift):
    assert places_fault(X + shift, Y + shift, RA, DEC, project, origin) == ""


def test_a_shift_in_one_axis_is_no_origin():
    assert places_fault(X + 1, Y, RA, DEC, project, 0) == ""


@pytest.mark.parametrize("origin", [0, 1])
def test_swapped_columns_are_told(origin):
    assert places_fault(Y, X, RA, DEC, project, origin).startswith("x_pixel and y_pixel seem to be swapped")


def test_hours_are_told_from_degrees():
    assert places_fault(X, Y, RA / 15, DEC, project, 0).startswith("ra_deg seems to be in hours")


def test_one_odd_candidate_hides_no_mistake_and_makes_none():
    odd = np.array([0, 0, 0, 90.0])
    assert "pixel_origin: 1" in places_fault(X + 1 + odd, Y + 1, RA, DEC, project, 0)
    assert places_fault(X + odd, Y, RA, DEC, project, 0) == ""


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_so_few_candidates_tell_nothing(rows):
    assert places_fault(X[:rows] + 1, Y[:rows] + 1, RA[:rows], DEC[:rows], project, 0) == ""


def test_positions_that_nobody_knows_tell_nothing():
    unknown = np.full(4, np.nan)
    assert places_fault(X + 1, Y + 1, unknown, unknown, project, 0) == ""
    assert places_fault(unknown, unknown, RA, DEC, project, 0) == ""
