"""What is said of a package's rows is what its graph gives: vectors, neighbours, importance, member by member."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.special import softmax
from sklearn.metrics import log_loss

from models.explaining.explained import Asked, explain, log_likelihood
from models.explaining.latent import latent_vectors
from models.scoring.runtime import load

ASKED = Asked(each=5, pictured=2, neighbours=3, repeats=2, seed=1)


@pytest.fixture(scope="module")
def explained(network, dataset):
    package = load(network.package, threads=1)
    return package, *explain(package, dataset, ASKED)


def test_rows_are_of_the_test_part_with_the_scores_of_the_package(explained, dataset):
    package, rows, _ = explained
    candidates = dataset.candidates("test")
    places = [candidates["candidate_id"].tolist().index(name) for name in rows.table["candidate_id"]]
    np.testing.assert_array_equal(rows.pixels, dataset.cutouts("test")[places])
    p = package.predict(rows.pixels, rows.channels)[:, 1]
    np.testing.assert_allclose(rows.table["score"], p, atol=1e-6)
    wrong = rows.table[rows.table["group"] == "mistake"]
    assert (wrong["label"] != wrong["label_predicted"]).all()
    assert rows.judged == len(candidates)


@pytest.mark.replaces("gotorb", "G13")
def test_latent_vectors_make_the_logits_and_their_neighbours_are_the_nearest(explained, network, dataset):
    package, rows, (member,) = explained
    weights, bias = (np.asarray(one) for one in network.trained.fitted.model.get_layer("logits").get_weights())
    logits = network.trained.fitted.logits(rows.pixels)
    np.testing.assert_allclose(member.vectors @ weights + bias, logits, atol=1e-4)
    known = latent_vectors(package)(package.prepared(dataset.cutouts("train"), dataset.channels).given)
    apart = cdist(member.vectors, known)
    np.testing.assert_allclose(member.distances, np.sort(apart, axis=1)[:, :3], atol=1e-5)
    exported = member.exported(rows)
    first = dataset.candidates("train")["candidate_id"].to_numpy()[apart.argmin(axis=1)]
    assert exported["neighbour_1_id"].tolist() == first.tolist()
    assert {"candidate_id", "latent_0", "pca_1", "pca_2", "tsne_1", "tsne_2", "neighbour_3_distance"} <= set(exported)


def test_another_run_says_the_same(explained, dataset):
    package, rows, (member,) = explained
    again, (other,) = explain(package, dataset, ASKED)
    assert again.table.equals(rows.table)
    assert other.exported(again).equals(member.exported(rows))
    np.testing.assert_array_equal(other.maps, member.maps)


@pytest.mark.replaces("gmadet", "O12")
def test_rows_with_pictures_have_heat_maps_of_the_layer_that_was_found(explained):
    _, rows, (member,) = explained
    assert len(rows.pictured) == len(member.maps)
    assert member.maps.ndim == 3
    assert (member.maps >= 0).all()
    assert member.maps.max() > 0


def test_each_member_of_a_stack_is_explained_and_features_have_importance(two, dataset):
    rows, members = explain(load(two.fixed, threads=1), dataset, ASKED)
    assert [member.kind for member in members] == ["network", "features"]
    assert [member.weight for member in members] == [0.75, 0.25]
    network, features = members
    assert network.importance is None
    assert features.maps is None
    assert features.why_no_maps == "it has no network"
    assert set(features.importance) == {"feature", "importance", "error"}
    assert features.importance["importance"].is_monotonic_decreasing
    assert features.importance["importance"].iloc[0] > 0
    assert len(features.importance) == features.vectors.shape[1]
    assert len(features.exported(rows)) == len(rows.table)


def test_the_log_likelihood_is_that_of_scikit_learn():
    rng = np.random.default_rng(1)
    for columns in (1, 3):
        logits, labels = rng.normal(size=(9, columns)), np.arange(9) % max(columns, 2)
        wide = np.concatenate([np.zeros((9, 1)), logits], axis=1) if columns == 1 else logits
        expected = -log_loss(labels, softmax(wide, axis=1), labels=np.unique(labels))
        assert log_likelihood(logits, labels).mean() == pytest.approx(expected)
