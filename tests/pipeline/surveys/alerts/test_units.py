import numpy as np

from pipeline.surveys.alerts.units import magnitudes


def test_a_microjansky_has_magnitude_23_9_and_a_tenth_of_it_as_error_is_0_109():
    magnitude, error = magnitudes([1000.0, -1000.0, 0.0, np.nan], [100.0, 100.0, 1.0, 1.0], 31.4)
    np.testing.assert_allclose(magnitude, [23.9, 23.9, np.nan, np.nan])
    np.testing.assert_allclose(error[:2], 0.10857, atol=1e-5)
