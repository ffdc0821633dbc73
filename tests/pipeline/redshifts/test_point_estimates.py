import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from pipeline.errors import InputError
from pipeline.redshifts.binned_pdfs import BinnedPdfs
from pipeline.redshifts.point_estimates import confidence, least_risk, loss, point_estimates, risk

EDGES = np.linspace(0.0, 2.0, 401)


def gaussian(centre=0.5, sigma=0.04):
    return BinnedPdfs.of_cumulative(EDGES, norm.cdf(EDGES[None, :], centre, sigma))


def test_the_risk_is_the_integral_of_the_loss():
    def density(z):
        return norm.pdf(z, 0.5, 0.04) * (1 - 1 / (1 + ((0.55 - z) / (1 + z) / 0.15) ** 2))

    assert risk(gaussian(), [0.55])[0] == pytest.approx(quad(density, 0.0, 2.0, points=[0.5])[0], rel=1e-3)


def test_the_least_risk_is_found_by_search():
    made = BinnedPdfs.of(EDGES, np.random.default_rng(0).random((3, 400)) ** 8)
    for row, best in enumerate(least_risk(made)):
        every = [risk(made.rows([row]), [guess])[0] for guess in made.centres]
        assert best == made.centres[np.argmin(every)]


def test_one_of_two_peaks_is_chosen_and_not_the_empty_place_between_them():
    two = BinnedPdfs.of(EDGES, 0.6 * gaussian(0.3).masses + 0.4 * gaussian(1.5).masses)
    assert least_risk(two)[0] == pytest.approx(0.3, abs=0.02)
    assert 0.6 < two.mean()[0] < 0.9


def test_confidence_is_the_probability_nearby():
    assert confidence(gaussian(), [0.5])[0] == pytest.approx(norm.cdf(0.75) - norm.cdf(-0.75), abs=1e-3)
    with pytest.raises(InputError, match="given 0"):
        confidence(gaussian(), [0.5], 0)


@pytest.mark.replaces("4most", "M12")
def test_a_table_of_redshifts_has_value_scatter_quantiles_mode_risk_and_confidence():
    table = point_estimates(BinnedPdfs.of(EDGES, np.vstack([gaussian().masses, np.full(400, np.nan)])))
    assert list(table) == ["value", "value_std", "q05", "q50", "q95", "mean", "mode", "best", "risk", "confidence"]
    assert table.iloc[0]["value_std"] == pytest.approx(0.04, abs=1e-3)
    assert table.iloc[0]["q95"] == pytest.approx(norm.ppf(0.95, 0.5, 0.04), abs=1e-3)
    assert table.iloc[1].isna().all()


def test_the_loss_grows_from_none_to_one():
    assert loss([0.5, 1e6], 0.5).tolist() == [0.0, pytest.approx(1.0)]
