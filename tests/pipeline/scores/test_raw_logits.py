import numpy as np
import pytest

from pipeline.scores.beta import Beta
from pipeline.scores.calibration import Platt
from pipeline.scores.isotonic import Isotonic
from pipeline.scores.raw_logits import raw_logits


@pytest.mark.parametrize(
    "calibration",
    [Platt(0.7, -1.0), Platt(-0.5, 0.2), Beta(0.4, 2.0, -0.5), Isotonic((-2.0, 0.0, 3.0), (-1.0, 0.5, 2.0))],
)
def test_logits_are_found_again_in_the_scores_that_were_made_of_them(calibration):
    logits = np.linspace(-6, 6, 41)
    np.testing.assert_allclose(raw_logits(calibration, calibration.apply(logits)), logits, atol=1e-6)


def test_small_scores_of_float32_have_their_own_logits():
    """At a base rate of 1e-4 the scores of most bogus are below the last digit of those near 1."""
    logits, at_base_rate = np.array([-20.0, -12.0, -8.0]), Platt(2.0, -9.2)
    scores = at_base_rate.apply(logits).astype(np.float32)
    np.testing.assert_allclose(raw_logits(at_base_rate, scores), logits, atol=1e-6)


def test_sure_scores_are_finite_and_missing_ones_stay_missing():
    found = raw_logits(Beta(1.0, 1.0, 0.0), [0.0, 1.0, np.nan])
    assert np.isfinite(found[:2]).all()
    assert np.isnan(found[2])
    assert np.isnan(raw_logits(Platt(0.0, 1.0), 0.5))
