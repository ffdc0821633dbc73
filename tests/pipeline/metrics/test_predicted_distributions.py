from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import kstest, norm

from pipeline.metrics.predicted_distributions import cde_loss, crps, probability_integral, uniform_distance
from pipeline.redshifts.binned_pdfs import BinnedPdfs

EDGES = np.array([0.0, 0.1, 0.25, 0.7, 1.0])


def pdfs():
    return BinnedPdfs.of(EDGES, np.random.default_rng(4).random((6, 4)))


@pytest.mark.parametrize("truth", [0.05, 0.1, 0.4, 0.99, -0.3, 1.5])
def test_crps_is_the_integral_of_the_squared_gap(truth):
    made = pdfs()
    for cumulative, found in zip(made.cumulative, crps(made, np.full(6, truth)), strict=True):

        def gap(z, cumulative=cumulative):
            return (np.interp(z, EDGES, cumulative) - (z >= truth)) ** 2

        ends = sorted({-1.0, 2.0, truth, *EDGES})
        whole = sum(quad(gap, a + 1e-13, b - 1e-13)[0] for a, b in pairwise(ends))
        assert found == pytest.approx(whole, abs=1e-9)


def test_crps_of_a_fine_gaussian_is_the_closed_form():
    edges = np.linspace(-1, 2, 3001)
    made = BinnedPdfs.of_cumulative(edges, norm.cdf(edges[None, :], 0.5, 0.1))
    x = (0.62 - 0.5) / 0.1
    closed = 0.1 * (x * (2 * norm.cdf(x) - 1) + 2 * norm.pdf(x) - 1 / np.sqrt(np.pi))  # Gneiting & Raftery 2007
    assert crps(made, [0.62])[0] == pytest.approx(closed, rel=1e-4)


def test_cde_loss_is_the_integral_of_the_squared_density_less_twice_that_of_the_truth():
    made = pdfs()
    for row, found in enumerate(cde_loss(made, np.full(6, 0.4))):
        density = made.density[row]
        whole = quad(
            lambda z, d=density: d[np.searchsorted(EDGES, z, side="right") - 1] ** 2, 0, 1 - 1e-12, points=EDGES[1:-1]
        )
        assert found == pytest.approx(whole[0] - 2 * density[2], abs=1e-6)


def test_the_true_density_has_the_least_cde_loss_and_crps():
    rng, edges = np.random.default_rng(0), np.linspace(-1, 2, 601)
    truth = rng.normal(0.5, 0.1, 2000)
    made = {
        sigma: BinnedPdfs.of_cumulative(edges, np.repeat(norm.cdf(edges[None, :], 0.5, sigma), 2000, axis=0))
        for sigma in (0.07, 0.1, 0.14)
    }
    for loss in (cde_loss, crps):
        means = {sigma: loss(one, truth).mean() for sigma, one in made.items()}
        assert min(means, key=means.get) == 0.1


def test_pit_of_draws_from_the_prediction_is_uniform():
    made = BinnedPdfs.of(EDGES, np.repeat([[1.0, 2.0, 3.0, 1.0]], 2000, axis=0))
    truth = made.quantile(0.5)[:, 0] * 0 + np.interp(np.random.default_rng(1).random(2000), made.cumulative[0], EDGES)
    pit = probability_integral(made, truth)
    assert kstest(pit, "uniform").pvalue > 0.01


@pytest.mark.parametrize("values", [[0.3], [0.2, 0.2, 0.9], np.random.default_rng(2).beta(2, 3, 500)])
def test_the_distance_is_that_of_kolmogorov_and_smirnov(values):
    assert uniform_distance(values)[0] == pytest.approx(kstest(values, "uniform").statistic)
    weights = np.random.default_rng(5).integers(0, 3, (4, len(values))).astype(float)
    weights[:, 0] += 1
    for found, drawn in zip(uniform_distance(values, weights), weights, strict=True):
        assert found == pytest.approx(kstest(np.repeat(values, drawn.astype(int)), "uniform").statistic)


def test_what_is_missing_stays_missing():
    made = BinnedPdfs.of(EDGES, [[1.0] * 4, [np.nan] * 4, [1.0] * 4])
    for loss in (crps, cde_loss, probability_integral):
        assert np.isnan(loss(made, [0.4, 0.4, np.nan])).tolist() == [False, True, True]
    assert np.isnan(uniform_distance([])).all()
