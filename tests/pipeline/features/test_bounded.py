import numpy as np
import pytest

from pipeline.features.bounded import logarithm, ratio

ANY = np.array([0.0, 1.0, -1.0, 1e30, -1e30, np.inf, -np.inf, np.nan, 1e-30])


def test_a_ratio_of_anything_stays_within_its_limit():
    found = ratio(ANY[:, None], ANY[None, :], 3.0)
    assert np.isfinite(found).all()
    assert np.abs(found).max() == 3.0
    assert found.dtype == np.float32


@pytest.mark.parametrize(
    ("above", "below", "value"), [(0.0, 0.0, 0.0), (6.0, 3.0, 2.0), (6.0, -3.0, -2.0), (1.0, 0.0, 5.0)]
)
def test_a_ratio_is_the_quotient_and_keeps_its_sign(above, below, value):
    assert ratio(np.array([above]), np.array([below])) == pytest.approx([value], rel=1e-5)


def test_a_logarithm_is_odd_and_0_at_0():
    values = np.array([0.0, 9.0, 99.0, 1e6 - 1])
    assert logarithm(values) == pytest.approx([0.0, 1.0, 2.0, 6.0])
    assert (logarithm(-values) == -logarithm(values)).all()
