import numpy as np
import pytest
from scipy.stats import kstest, norm

from pipeline.errors import InputError
from pipeline.redshifts.binned_pdfs import BinnedPdfs
from pipeline.redshifts.recalibration import fit_pit_map

EDGES = np.linspace(-0.5, 1.5, 201)


def too_narrow(n, seed):
    rng = np.random.default_rng(seed)
    centre = rng.uniform(0.3, 0.7, n)
    return rng.normal(centre + 0.02, 0.06), BinnedPdfs.of_cumulative(
        EDGES, norm.cdf(EDGES[None, :], centre[:, None], 0.03)
    )


def test_other_rows_become_uniform():
    truth, pdfs = too_narrow(5000, 0)
    fitted = fit_pit_map(pdfs.below(truth))
    other, others = too_narrow(5000, 1)
    before, after = kstest(others.below(other), "uniform"), kstest(fitted.apply(others).below(other), "uniform")
    assert before.statistic > 0.2
    assert after.statistic < 0.05


def test_calibrated_distributions_hardly_change():
    made = fit_pit_map(np.random.default_rng(0).random(5000))
    np.testing.assert_allclose(made.found, made.predicted, atol=0.03)


@pytest.mark.parametrize(
    ("pit", "message"),
    [([0.5] * 100 + [np.nan], "100 PIT values for 20 knots"), (np.full(500, 1.5), "between 0 and 1; given 1.5")],
)
def test_what_gives_no_map_is_refused(pit, message):
    with pytest.raises(InputError, match=message):
        fit_pit_map(pit)
