import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from pipeline.errors import InputError
from pipeline.redshifts.binned_pdfs import BinnedPdfs

EDGES = np.array([0.0, 0.1, 0.25, 0.7, 1.0])


def pdfs():
    rng = np.random.default_rng(3)
    return BinnedPdfs.of(EDGES, rng.random((5, 4)))


def density(masses, z):
    place = np.searchsorted(EDGES, z, side="right") - 1
    return masses[place] / np.diff(EDGES)[place]


def test_moments_are_the_integrals_of_the_density():
    made = pdfs()
    for masses, mean, std in zip(made.masses, made.mean(), made.std(), strict=True):
        points = {"points": EDGES[1:-1]}
        first = quad(lambda z, m=masses: z * density(m, z), 0, 1 - 1e-12, **points)[0]
        second = quad(lambda z, m=masses: z**2 * density(m, z), 0, 1 - 1e-12, **points)[0]
        assert mean == pytest.approx(first, abs=1e-8)
        assert std == pytest.approx(np.sqrt(second - first**2), abs=1e-8)


def test_a_quantile_has_its_probability_below_it():
    made = pdfs()
    for share in (0.0, 0.05, 0.5, 0.95, 1.0):
        np.testing.assert_allclose(made.below(made.quantile(share)[:, 0]), share, atol=1e-12)


def test_a_quantile_passes_bins_without_mass():
    made = BinnedPdfs.of(EDGES, [[0.0, 1.0, 0.0, 1.0]])
    assert made.quantile([0.25, 0.75, 1.0])[0] == pytest.approx([0.175, 0.85, 1.0])


def test_a_fine_grid_gives_the_gaussian_back():
    edges = np.linspace(0.0, 1.0, 1001)
    made = BinnedPdfs.of_cumulative(edges, norm.cdf(edges[None, :], 0.43, 0.05))
    assert made.mean()[0] == pytest.approx(0.43, abs=1e-6)
    assert made.std()[0] == pytest.approx(0.05, abs=1e-5)
    assert made.mode()[0] == pytest.approx(0.43, abs=0.001)
    assert made.quantile([0.05, 0.95])[0] == pytest.approx(norm.ppf([0.05, 0.95], 0.43, 0.05), abs=1e-5)
    assert made.density_at([0.5])[0] == pytest.approx(norm.pdf(0.5, 0.43, 0.05), rel=0.02)


def test_crossing_quantiles_give_no_negative_mass():
    made = BinnedPdfs.of_cumulative(EDGES, [[0.0, 0.6, 0.5, 0.8, 1.0]])
    assert made.masses.min() >= 0
    assert made.masses.sum() == pytest.approx(1.0)


def test_a_row_that_was_not_predicted_is_nan_everywhere():
    made = BinnedPdfs.of(EDGES, [[1.0, 1.0, 1.0, 1.0], [np.nan, 1.0, 1.0, 1.0], [0.0, 0.0, 0.0, 0.0]])
    found = [
        made.mean(),
        made.std(),
        made.mode(),
        made.quantile(0.5)[:, 0],
        made.below([0.2] * 3),
        made.density_at([0.2] * 3),
    ]
    assert np.isfinite(np.array(found)).tolist() == [[True, False, False]] * len(found)
    assert np.isnan(made.density_at([2.0] * 3)[1])


def test_nothing_lies_outside_the_bins():
    made = pdfs().rows([0, 1, 2])
    assert made.below([-1.0, 2.0, np.nan])[:2].tolist() == [0.0, 1.0]
    assert made.density_at([-1.0, 2.0, np.nan])[:2].tolist() == [0.0, 0.0]
    assert np.isnan(made.below([-1.0, 2.0, np.nan])[2])


@pytest.mark.parametrize(
    ("edges", "weights", "message"),
    [
        ([0.0, 0.0, 1.0], [[1.0, 1.0]], "increasing"),
        ([0.0, 1.0], [[1.0, 1.0]], r"shape \(1, 2\); allowed with 2 edges: \(n, 1\)"),
        ([0.0, 1.0, 2.0], [[1.0, 1.0], [1.0, -2.0]], "row 1 has the weight -2"),
        ([0.0, 1.0, 2.0], [[1.0, np.inf]], "row 0 has the weight inf"),
    ],
)
def test_what_is_no_distribution_is_refused(edges, weights, message):
    with pytest.raises(InputError, match=message):
        BinnedPdfs.of(edges, weights)


def test_a_probability_above_one_is_refused():
    with pytest.raises(InputError, match="between 0 and 1"):
        pdfs().quantile(1.5)
