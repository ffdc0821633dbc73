import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.datasets.overlaps import Footprints
from pipeline.datasets.sky_cells import ENOUGH_CELLS, NO_CELL, balancing, cells_of, sky_cell

SIZE = 21


def field(count, side_deg, seed=1, **columns):
    """Return cutouts spread over a square field on the equator."""
    ra, dec = np.random.default_rng(seed).uniform(0, side_deg, (2, count))
    columns = {"exposure": np.zeros(count), "x_pixel": ra * 3600, "y_pixel": dec * 3600, "ra_deg": ra, "dec_deg": dec,
               **columns}  # fmt: skip
    return Footprints(**columns, size_pixel=SIZE, pixel_scale_arcsec=1.0)


def cells_alone(places):
    return cells_of(places, np.arange(len(places)), np.ones(len(places)))


@settings(max_examples=200, deadline=None)
@given(step=st.integers(0, 360 * 64), dec=st.floats(-90, 90), side=st.floats(30, 3000))
def test_a_turn_about_the_pole_changes_no_cell(step, dec, side):
    ra = step / 64  # exact in binary, so that adding a turn loses nothing
    assert len(set(sky_cell(np.array([ra, ra + 360, ra - 360]), np.full(3, dec), side).tolist())) == 1


@pytest.mark.parametrize("dec", [0.0, 45.0, -80.0, 89.9])
def test_no_cell_is_narrower_than_its_side(dec):
    side = 600.0
    ra = np.linspace(0, 360, 400_001)[:-1]
    cells = sky_cell(ra, np.full(len(ra), dec), side)
    counts = np.unique(cells, return_counts=True)[1]
    width = counts.min() * (360 / 400_000) * 3600 * np.cos(np.radians(dec))
    assert width > 0.99 * side or len(counts) == 1


def test_the_largest_cells_of_which_there_are_enough_are_taken():
    large, small, tiny = (cells_alone(field(20_000, side)) for side in (2.0, 0.6, 0.1))
    assert [cells.side_arcsec / SIZE for cells in (large, small, tiny)] == [32, 16, 8]
    assert large.count >= ENOUGH_CELLS
    assert small.count >= ENOUGH_CELLS
    assert tiny.count < ENOUGH_CELLS


def test_a_group_is_in_one_cell_whatever_the_order_of_its_rows():
    places, groups = field(400, 0.5), np.arange(400) // 4 * 4
    cells = cells_of(places, groups, np.ones(400)).number
    assert (cells == cells[groups]).all()
    turn = np.random.default_rng(2).permutation(400)
    columns = ("exposure", "x_pixel", "y_pixel", "ra_deg", "dec_deg")
    turned = field(400, 0.5, **{name: getattr(places, name)[turn] for name in columns})
    leader = np.array([np.flatnonzero(groups[turn] == group)[0] for group in groups[turn]])
    np.testing.assert_array_equal(cells_of(turned, leader, np.ones(400)).number, cells[turn])


def test_rows_without_a_place_on_the_sky_have_cells_on_their_image():
    nowhere = np.full(500, np.nan)
    places = field(500, 0.3, ra_deg=nowhere, dec_deg=nowhere, exposure=np.arange(500) % 2 / 2)
    cells = cells_alone(places)
    assert NO_CELL not in cells.number
    for cell in np.unique(cells.number):
        mine = cells.number == cell
        assert len(set(places.exposure[mine])) == 1
        assert np.ptp(places.x_pixel[mine]) < cells.side_arcsec


def test_rows_that_say_nothing_have_no_cell():
    nowhere = np.full(3, np.nan)
    places = field(3, 0.3, ra_deg=nowhere, dec_deg=nowhere, exposure=np.array([0.5, np.nan, np.nan]))
    assert (cells_alone(places).number == NO_CELL).tolist() == [False, True, True]
    joined = cells_of(places, np.array([0, 0, 2]), np.ones(3))
    assert (joined.number == NO_CELL).tolist() == [False, False, True]


@given(classes=st.lists(st.integers(-1, 1), min_size=1, max_size=60))
def test_classes_weigh_alike_and_in_whole_numbers(classes):
    classes = np.array(classes)
    weight = balancing(classes, classes >= 0)
    assert (weight == np.floor(weight)).all()
    assert not weight[classes < 0].any()
    totals = [weight[classes == value].sum() for value in (0, 1) if (classes == value).any()]
    assert totals == pytest.approx([max(totals, default=0)] * len(totals), rel=1e-9)
