"""Constant stars: as many as asked for, as bright as allowed, more of the faint."""

import numpy as np

from pipeline.sky.stars import StarSettings, draw_stars
from pipeline.sky.visits import tangent_wcs


def stars(**changes):
    settings = StarSettings(**changes)
    return draw_stars(settings, tangent_wcs(settings, 0), 0, np.random.default_rng(1))


def test_a_field_has_the_stars_of_its_settings_within_the_limits():
    table = stars(stars=400, star_bright_magnitude=14.0, star_faint_magnitude=18.0)
    assert len(table) == table["source_id"].nunique() == 400
    assert table["magnitude"].between(14.0, 18.0).all()


def test_numbers_rise_with_the_slope():
    magnitude = stars(stars=40_000, star_bright_magnitude=14.0, star_faint_magnitude=18.0, star_slope=0.5)["magnitude"]
    bright, faint = (magnitude.between(low, low + 1.0).sum() for low in (15.0, 16.0))
    np.testing.assert_allclose(np.log10(faint / bright), 0.5, atol=0.03)


def test_a_field_may_have_no_star():
    assert stars(stars=0).empty
