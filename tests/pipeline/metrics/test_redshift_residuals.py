import numpy as np
import pytest
from scipy.stats import median_abs_deviation

from pipeline.errors import InputError
from pipeline.metrics.redshift_residuals import REDSHIFT_METRICS, JudgedRedshifts, residuals
from pipeline.redshifts.binned_pdfs import BinnedPdfs


def sample(n=400):
    rng = np.random.default_rng(0)
    true = rng.uniform(0.1, 1.0, n)
    return true + (1 + true) * rng.standard_t(2, n) * 0.03 + 0.01, true


def values_of(judged):
    one = np.ones((1, len(judged)))
    return {
        name: REDSHIFT_METRICS[name].weighted(getattr(judged, REDSHIFT_METRICS[name].column), one)[0]
        for name in REDSHIFT_METRICS
    }


def test_the_measures_are_those_of_scipy_and_numpy():
    predicted, true = sample()
    apart = (predicted - true) / (1 + true)
    found = values_of(JudgedRedshifts.of(predicted, true, BinnedPdfs.of([0, 1, 3], np.ones((400, 2)))))
    assert found["bias"] == pytest.approx(np.median(apart))
    assert found["mean_residual"] == pytest.approx(np.mean(apart))
    assert found["sigma_nmad"] == pytest.approx(median_abs_deviation(apart, scale="normal"), rel=1e-4)
    assert found["outliers"] == pytest.approx(np.mean(np.abs(apart) > 0.15))
    assert 0 < found["outliers"] < 1
    assert found["pit_extreme"] == 0.0
    assert np.isfinite(list(found.values())).all()


def test_missing_redshifts_have_no_residual():
    assert np.isnan(residuals([np.nan, 0.5, 0.5], [0.5, np.nan, 0.5])).tolist() == [True, True, False]


@pytest.mark.parametrize(
    ("predicted", "true", "message"),
    [([0.1, 0.2], [0.1], "one of each a row"), ([0.1, 0.2], [0.1, -1.0], "row 1 has the spectroscopic redshift -1")],
)
def test_what_has_no_residual_is_refused(predicted, true, message):
    with pytest.raises(InputError, match=message):
        residuals(predicted, true)


def test_values_alone_have_no_measures_of_distributions():
    judged = JudgedRedshifts.of(*sample())
    assert np.isnan(judged.pit).all()
    assert len(judged.rows(np.arange(3))) == 3
