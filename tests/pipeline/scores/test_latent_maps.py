"""Neighbours are the nearest, components those of scikit-learn, maps keep apart what is apart."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.decomposition import PCA

from pipeline.errors import InputError
from pipeline.scores.latent_maps import LEAST_ROWS, nearest, principal_components, standardised, t_sne

RNG = np.random.default_rng(7)
VECTORS = RNG.normal(size=(30, 6)) * [5, 3, 1, 1, 1, 1]


def test_neighbours_are_the_nearest_of_all():
    known = RNG.normal(size=(50, 6))
    found = nearest(VECTORS, known, 4)
    apart = cdist(VECTORS, known)
    np.testing.assert_array_equal(found.places, np.argsort(apart, axis=1)[:, :4])
    np.testing.assert_allclose(found.distances, np.sort(apart, axis=1)[:, :4])
    assert nearest(VECTORS, known[:2], 4).places.shape == (30, 2)
    with pytest.raises(InputError, match="no labelled training rows"):
        nearest(VECTORS, known[:0], 4)


def test_principal_components_are_those_of_scikit_learn_up_to_their_sign():
    found, shares = principal_components(VECTORS)
    other = PCA(2).fit(VECTORS)
    expected = other.transform(VECTORS)
    np.testing.assert_allclose(np.abs(found), np.abs(expected), atol=1e-9)
    np.testing.assert_allclose(shares, other.explained_variance_ratio_)
    np.testing.assert_array_equal(principal_components(VECTORS[::-1])[0][::-1].round(9), found.round(9))


def test_a_map_keeps_two_clumps_apart_and_is_repeatable():
    clumps = np.concatenate([RNG.normal(size=(20, 5)), 20 + RNG.normal(size=(20, 5))])
    found = t_sne(clumps, 3)
    np.testing.assert_array_equal(found, t_sne(clumps, 3))
    near = np.sort(cdist(found, found), axis=1)[:, 1]
    assert cdist(found[:20], found[20:]).min() > near.max()


def test_few_rows_or_equal_ones_have_no_map():
    few = VECTORS[: LEAST_ROWS - 1]
    assert np.isnan(t_sne(few, 1)).all()
    assert np.isnan(principal_components(few)[0]).all()
    assert np.isnan(t_sne(np.ones((8, 3)), 1)).all()
    assert np.isfinite(t_sne(VECTORS[:8, :1], 1)).all()
    np.testing.assert_array_equal(principal_components(np.ones((8, 3)))[0], 0.0)


def test_features_are_in_units_of_their_spread_with_gaps_in_the_middle():
    known = np.column_stack([np.arange(101.0), np.full(101, 7.0), np.full(101, np.nan)])
    found = standardised([[50.0, 7.0, 3.0], [84.0, 9.0, np.nan], [np.nan, np.nan, np.nan], [1e9, 0, 0]], known)
    np.testing.assert_allclose(found, [[0, 0, 0], [1, 0, 0], [0, 0, 0], [10, 0, 0]])
