import math

import pytest

from pipeline.photometry.magnitudes import BRIGHTEST, FAINTEST, LARGEST_ERROR, known_errors, known_magnitudes


@pytest.mark.parametrize("value", [-999.0, -99.0, 99.0, 99.99, 1e30])
def test_a_number_that_no_source_has_is_not_known(value):
    assert math.isnan(known_magnitudes([value])[0])


@pytest.mark.parametrize("value", [BRIGHTEST, -12.5, 0.0, 25.3, FAINTEST, math.inf, -math.inf])
def test_a_magnitude_is_kept_that_of_no_flux_and_the_limits_included(value):
    assert known_magnitudes([value]).tolist() == [value]


def test_an_error_is_known_where_it_and_its_magnitude_are():
    errors = known_errors([20.0, 20.0, 99.0, 20.0, 20.0], [0.1, -1.0, 0.1, LARGEST_ERROR, 99.0])
    assert errors.tolist() == pytest.approx([0.1, math.nan, math.nan, LARGEST_ERROR, math.nan], nan_ok=True)
