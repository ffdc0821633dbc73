import numpy as np
import pytest

from benchmarks.studies.photoz import judge, recipe
from benchmarks.studies.photoz.catalogues import Catalogue, joined
from pipeline.metrics.redshift_residuals import JudgedRedshifts

DUST = np.array([0.0, 0.1, 0.05, 0.03, 0.0])


def galaxies(n, seed, dust=0.0):
    rng = np.random.default_rng(seed)
    redshift, i_mag = rng.uniform(0.3, 0.7, n), rng.uniform(19, 21, n)
    colours = np.outer(redshift, [1.0, 2.0, 0.5, 0.0, -0.5]) + rng.normal(0, 0.02, (n, 5))
    return Catalogue(magnitudes=i_mag[:, None] + colours + dust, errors=np.full((n, 5), 0.02), redshift=redshift)


@pytest.fixture
def neighbours(monkeypatch):
    """Neighbours in place of the network, which takes long to train."""
    monkeypatch.setattr(judge, "NETWORK", "nearest_neighbours")
    monkeypatch.setattr(recipe, "NETWORK", {"neighbours": 20})
    monkeypatch.setattr(recipe, "EDGES", np.linspace(0.2, 0.8, 61))


@pytest.mark.usefixtures("neighbours")
def test_zero_points_and_the_refit_bring_galaxies_of_other_sky_nearer(capsys):
    study = judge.Study(False, galaxies(400, 0), galaxies(560, 1, DUST), galaxies(200, 2, DUST))
    before = np.abs(np.median(study._judged(study.baseline("nearest_neighbours")[1]).residual))
    found = study.networks(refit=True)
    assert list(found) == ["nearest_neighbours", judge.REFITTED]
    for pdfs in found.values():
        assert isinstance(study._judged(pdfs), JudgedRedshifts)
        assert np.abs(np.median(study._judged(pdfs).residual)) < 0.3 * before
    assert capsys.readouterr().out.count("conformal intervals of 90 %") == 2


def test_parts_are_joined_in_their_order():
    first, second = galaxies(30, 0), galaxies(20, 1)
    both = joined(first, second)
    np.testing.assert_array_equal(both.redshift, [*first.redshift, *second.redshift])
    assert both.magnitudes.shape == both.errors.shape == (50, 5)
