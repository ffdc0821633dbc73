import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.datasets.balance import allowed_rows, balanced_rows
from pipeline.recipes.dataset import DatasetRecipe


@pytest.mark.replaces("gmadet", "O6")
@pytest.mark.parametrize(
    ("frac_true", "reals", "bogus"), [(0.5, 1000, 1000), (0.8, 1000, 399), (1.0, 1000, 0), (0.0, 0, 2000)]
)
def test_the_numbers_are_those_of_otrain(frac_true, reals, bogus):
    assert balanced_rows(1000, 5000, frac_true) == {1: reals, 0: bogus}


@pytest.mark.replaces("gmadet", "O6")
@given(reals=st.integers(0, 10**6), bogus=st.integers(0, 10**6), frac_true=st.floats(0, 1))
def test_no_class_has_more_rows_than_its_share_of_twice_the_smaller(reals, bogus, frac_true):
    both = 2 * min(reals, bogus)
    stay = balanced_rows(reals, bogus, frac_true)
    assert stay[1] == min(reals, math.floor(both * frac_true))
    assert stay[0] == min(bogus, math.floor(both * (1 - frac_true)))


def test_a_recipe_that_says_nothing_keeps_all_and_one_class_alone_is_kept_by_a_ratio():
    recipe = DatasetRecipe(survey="s", nights=("2026-01-01",))
    assert allowed_rows({1: 3, 0: 50}, recipe) == {1: 3, 0: 50}
    recipe = DatasetRecipe(survey="s", nights=("2026-01-01",), max_ratio=1.0)
    assert allowed_rows({0: 50}, recipe) == {1: 0, 0: 50}


@pytest.mark.replaces("4most", "M3")
def test_a_ratio_bounds_every_class_by_the_smallest_that_has_rows():
    recipe = DatasetRecipe(survey="s", nights=("2026-01-01",), max_ratio=2.0)
    assert allowed_rows({0: 50, 1: 3, 2: 7, 3: 5}, recipe) == {0: 6, 1: 3, 2: 6, 3: 5}
    assert allowed_rows({0: 50, 1: 3, 2: 0}, recipe) == {0: 6, 1: 3, 2: 0}


def test_what_counts_in_reals_is_a_fault_with_more_classes():
    names = ("star", "galaxy", "quasar")
    recipe = DatasetRecipe(
        survey="s", nights=("2026-01-01",), unlabelled="bogus", frac_true=0.5, simulation="point_sources"
    )
    assert recipe.class_faults(("star", "galaxy")) == []
    assert [fault.split(",")[0] for fault in recipe.class_faults(names)] == [
        "unlabelled is 'bogus'", "frac_true is '0.5'", "simulation is 'point_sources'",
    ]  # fmt: skip
    assert DatasetRecipe(survey="s", nights=("2026-01-01",)).class_faults(names) == []
