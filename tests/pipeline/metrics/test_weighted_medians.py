import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import median_abs_deviation

from pipeline.metrics.weighted_medians import weighted_mad, weighted_median

VALUES = arrays(np.float64, 7, elements=st.floats(-3, 3, allow_nan=False).map(lambda x: round(x, 2)))
WEIGHTS = arrays(np.float64, (3, 7), elements=st.integers(0, 3).map(float))


@given(VALUES, WEIGHTS)
def test_it_is_the_median_of_the_drawn_rows(values, weights):
    for found, mad, drawn in zip(weighted_median(values, weights), weighted_mad(values, weights), weights, strict=True):
        sample = np.repeat(values, drawn.astype(int))
        if len(sample):
            np.testing.assert_allclose([found, mad], [np.median(sample), median_abs_deviation(sample)], atol=1e-12)
        else:
            assert np.isnan([found, mad]).all()


def test_no_rows_have_no_median():
    assert np.isnan(weighted_median(np.empty(0), np.empty((2, 0)))).all()
