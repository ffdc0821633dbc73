"""Fewer training rows of a data set are a data set themselves; all of them train what the whole trains."""

import numpy as np
import pytest

from models.recipes.classifier import ClassifierRecipe
from models.training import subsampled
from models.training.subsampled import SubsampledDataSet
from models.training.train import train
from models.weights import arrays_sha256
from pipeline.errors import DataSetError


@pytest.fixture(params=["held", "read"])
def chosen(request, dataset, monkeypatch):
    """Every third training row, held in memory or read anew each time."""
    if request.param == "read":
        monkeypatch.setattr(subsampled, "HELD_BYTES", 0)
    return np.arange(len(dataset.candidates("train"))) % 3 == 0


def test_it_holds_the_chosen_training_rows_in_full_blocks(dataset, chosen):
    some = SubsampledDataSet(dataset, chosen)
    pixels = dataset.cutouts("train")[chosen]
    blocks = list(some.batches("train", 16))
    assert [(rows.start, rows.stop) for rows, _ in blocks] == [(0, 16), (16, 32), (32, 48), (48, 54)]
    assert np.array_equal(np.concatenate([block for _, block in blocks]), pixels)
    assert np.array_equal(some.cutouts("train"), pixels)
    assert (
        some.candidates("train")["candidate_id"].tolist()
        == dataset.candidates("train")["candidate_id"][chosen].tolist()
    )
    assert some.candidates("train").index.tolist() == list(range(54))


def test_validation_and_test_rows_are_all_there(dataset, chosen):
    some = SubsampledDataSet(dataset, chosen)
    for part in ("validation", "test"):
        assert some.candidates(part).equals(dataset.candidates(part))
        assert np.array_equal(some.cutouts(part), dataset.cutouts(part))
        assert [rows for rows, _ in some.batches(part, 30)] == [rows for rows, _ in dataset.batches(part, 30)]


def test_each_sample_has_a_fingerprint_of_its_own(dataset, chosen):
    others = [chosen, ~chosen, np.ones_like(chosen)]
    found = {SubsampledDataSet(dataset, rows).fingerprint for rows in others} | {dataset.fingerprint}
    assert len(found) == 4
    assert SubsampledDataSet(dataset, chosen.copy()).fingerprint == SubsampledDataSet(dataset, chosen).fingerprint


def test_another_number_of_rows_is_refused(dataset):
    with pytest.raises(DataSetError, match="3 rows are chosen or not; the training part has 160"):
        SubsampledDataSet(dataset, np.ones(3, bool))


def trained(dataset, settings, folder):
    return train(dataset, ClassifierRecipe.from_mapping(settings, "test.yaml"), 1, workdir=folder)


def test_all_rows_train_the_network_that_the_whole_trains(toy, dataset, chosen, tmp_path):
    everything = SubsampledDataSet(dataset, np.ones_like(chosen))
    whole, view = (trained(one, toy.network, tmp_path / one.fingerprint) for one in (dataset, everything))
    digests = [arrays_sha256(one.fitted.model.get_weights()) for one in (whole, view)]
    assert digests[0] == digests[1]
    pixels = dataset.cutouts("test")
    assert np.array_equal(whole.fitted.logits(pixels), view.fitted.logits(pixels))
    assert whole.history["loss"].tolist() == view.history["loss"].tolist()


def test_all_rows_train_the_estimator_that_the_whole_trains(toy, dataset, chosen, tmp_path):
    everything = SubsampledDataSet(dataset, np.ones_like(chosen))
    boosting = {"classifier": "boosting", "settings": {"n_estimators": 8}}
    pixels = dataset.cutouts("test")
    whole, view = (trained(one, boosting, tmp_path).fitted.logits(pixels) for one in (dataset, everything))
    assert np.array_equal(whole, view)
