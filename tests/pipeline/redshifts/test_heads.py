import numpy as np
import pytest
from scipy.stats import norm

from pipeline.errors import InputError
from pipeline.redshifts.heads import (
    HEADS,
    Mixtures,
    Quantiles,
    SmoothedMasses,
    described_head,
    read_head,
    require_edges,
)

EDGES = np.linspace(-4.0, 6.0, 2001)


def test_mixtures_are_the_mean_of_the_members():
    head = Mixtures(centre=1.0, spread=2.0, members=2, components=1)
    pdfs = head.pdfs(EDGES, np.array([[0.0, 0.0, np.log(0.1), 0.0, 0.5, np.log(0.2)]]))
    wanted = 0.5 * norm.cdf(EDGES, 1.0, 0.2) + 0.5 * norm.cdf(EDGES, 2.0, 0.4)
    np.testing.assert_allclose(pdfs.cumulative[0], wanted, atol=1e-6)
    assert head.columns(2000) == 6


def test_quantiles_are_joined_by_lines_and_crossings_sorted():
    head = Quantiles(shares=(0.25, 0.5, 0.75))
    pdfs = head.pdfs(EDGES, np.array([[2.0, 0.0, 1.0]]))
    np.testing.assert_allclose(pdfs.quantile([0.25, 0.5, 0.75])[0], [0.0, 1.0, 2.0], atol=1e-6)
    assert len(head.pdfs(EDGES, np.empty((0, 3)))) == 0


def test_masses_are_smoothed():
    masses = np.zeros((1, 2000))
    masses[0, 1000] = 3.0
    pdfs = SmoothedMasses(width=0.1).pdfs(EDGES, masses)
    assert pdfs.std()[0] == pytest.approx(0.1, rel=1e-3)


@pytest.mark.parametrize("head", [
    Mixtures(centre=1.0, spread=2.0, members=2, components=1), Quantiles(shares=(0.1, 0.9)), SmoothedMasses(width=0.1),
])  # fmt: skip
def test_a_head_is_read_as_it_was_described(head):
    assert read_head(described_head(head), "package") == head
    assert head.kind in HEADS


@pytest.mark.parametrize(("stated", "message"), [
    ({"kind": "guess"}, "head is of the kind 'guess'; allowed: mixtures"),
    ({"kind": "smoothed_masses", "width": 0.0}, "width is 0.0; allowed: above 0"),
    ({"kind": "quantiles", "shares": [0.0]}, "allowed: increasing, above 0 and below 1"),
    ({"kind": "mixtures", "centre": 0.0, "spread": 0.0, "members": 1, "components": 1}, "spread is 0.0"),
])  # fmt: skip
def test_a_head_that_makes_no_sense_is_refused(stated, message):
    with pytest.raises(InputError, match=message):
        read_head(stated, "package")


def test_edges_that_do_not_increase_are_refused():
    with pytest.raises(InputError, match=r"edges are .1, 1.; allowed: at least two finite numbers that increase"):
        require_edges([1, 1], "package")
