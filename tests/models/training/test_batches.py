from types import SimpleNamespace

import numpy as np
import pytest

from models.recipes.classifier import load
from models.training import batches
from models.training.rows import scorable_rows, select_rows
from models.training.train import contract_of
from pipeline.cutouts.rand_augment import RandAugment
from pipeline.errors import InputError

RECIPE = load({"classifier": "triplet_cnn", "class_weight": "none"}, "test")


@pytest.fixture
def numbered(toy, monkeypatch):
    """Return a data set whose pixels hold the row's number, read in blocks of 32."""
    monkeypatch.setattr("models.training.rows.BLOCK_ROWS", 32)
    dataset = toy.dataset(rows=(100, 20, 2))
    dataset.cutouts("train")[:] = np.arange(100)[:, None, None, None]
    return dataset


def draw(dataset, *, size=24, prepare=lambda pixels: pixels, seed=0, epoch=0, **changes):
    contract = contract_of(dataset, RECIPE)
    rows, _ = select_rows(dataset, RECIPE, scorable_rows(dataset, contract))
    return list(
        batches.training_batches(
            dataset,
            contract,
            rows,
            size=size,
            changes=batches.Changes(**changes),
            prepare=prepare,
            seed=seed,
            epoch=epoch,
        )
    )


def order(drawn):
    return np.concatenate([batch.pixels[batch.weights > 0, 0, 0, 0] for batch in drawn]).tolist()


@pytest.mark.parametrize("size", [7, 24, 50, 300])
def test_every_row_comes_once_in_batches_of_one_size(numbered, size):
    drawn = draw(numbered, size=size)
    assert {batch.pixels.shape[0] for batch in drawn} == {size}
    assert sorted(order(drawn)) == list(range(100))


def test_labels_stay_with_their_pixels(numbered):
    labels = numbered.candidates("train")["label"].to_numpy()
    for batch in draw(numbered):
        np.testing.assert_array_equal(batch.labels, labels[batch.pixels[:, 0, 0, 0].astype(int)])


def test_the_order_depends_on_seed_and_epoch_alone(numbered):
    assert order(draw(numbered)) == order(draw(numbered))
    assert order(draw(numbered)) != order(draw(numbered, epoch=1))
    assert order(draw(numbered)) != order(draw(numbered, seed=1))


def test_rows_that_cannot_be_scored_are_left_out(numbered):
    numbered.cutouts("train")[3:6, ..., 2] = np.nan
    assert sorted(order(draw(numbered))) == [row for row in range(100) if row not in (3, 4, 5)]


def test_pixels_are_prepared_after_they_were_augmented(toy):
    dataset = toy.dataset(rows=(40, 20, 2))
    seen = []

    def prepare(pixels):
        seen.append(pixels)
        return pixels * 0

    drawn = draw(dataset, size=40, augment=("rotate",), prepare=prepare)
    np.testing.assert_array_equal(seen[0], draw(dataset, size=40, augment=("rotate",))[0].pixels)
    assert (drawn[0].pixels == 0).all()


def test_mixed_rows_have_shares_of_classes_that_are_those_of_their_pixels(numbered):
    labels = numbered.candidates("train")["label"].to_numpy()
    numbered.cutouts("train")[:] = labels[:, None, None, None]
    drawn = draw(numbered, mixup=1.0)
    assert [batch.targets.shape for batch in drawn] == [(24, 2)] * 5
    shares = np.concatenate([batch.targets for batch in drawn])
    np.testing.assert_allclose(shares[:, 1], np.concatenate([batch.pixels[:, 0, 0, 0] for batch in drawn]), atol=1e-6)
    assert ((shares > 0.1) & (shares < 0.9)).any()
    again = np.concatenate([batch.targets for batch in draw(numbered, mixup=1.0)])
    np.testing.assert_array_equal(shares, again)
    assert not np.array_equal(shares, np.concatenate([batch.targets for batch in draw(numbered, mixup=1.0, epoch=1)]))


def test_changes_are_drawn_anew_for_each_epoch(numbered):
    numbered.cutouts("train")[:] = np.random.default_rng(0).normal(size=numbered.cutouts("train").shape)
    settings = RandAugment(count=1, strength=1.0)
    first, second = (draw(numbered, rand_augment=settings)[0].pixels for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, draw(numbered)[0].pixels, equal_nan=True)


@pytest.mark.replaces("gotorb", "G8")
def test_only_training_rows_are_augmented(toy):
    dataset = toy.dataset(rows=(40, 40, 2))
    _, validation = select_rows(dataset, RECIPE)
    contract = contract_of(dataset, RECIPE)
    judged = np.concatenate([block.pixels for block in batches.blocks(dataset, contract, validation)])
    np.testing.assert_array_equal(judged, dataset.cutouts("validation"))
    assert not np.array_equal(draw(dataset, size=40, augment=("rotate",))[0].pixels, draw(dataset, size=40)[0].pixels)


def test_reading_ahead_keeps_order_and_is_one_item_ahead():
    read = []

    def items():
        for number in range(4):
            read.append(number)
            yield number

    coming = batches.ahead(items())
    assert next(coming) == 0
    assert list(coming) == [1, 2, 3]
    assert read == [0, 1, 2, 3]


def test_an_error_of_reading_comes_out_after_the_items_before_it():
    def items():
        yield 1
        raise InputError("a torn file")

    coming = batches.ahead(items())
    assert next(coming) == 1
    with pytest.raises(InputError, match="a torn file"):
        next(coming)


def test_reading_ahead_may_be_given_up():
    coming = batches.ahead(iter(range(100)))
    assert next(coming) == 0
    coming.close()


@pytest.mark.parametrize("own", [None, ["difference"]])
def test_a_classifier_sees_no_plane_that_it_does_not_name(own):
    channels = ("science", "difference", "science_variance", "difference_psf")
    planes = SimpleNamespace(channels=channels, size_pixel=21, survey="toy", pixel_scale_arcsec=1.0, pixel_state="raw")
    contract = contract_of(planes, load({"classifier": "triplet_cnn", "channels": own}, "toy"))
    assert contract.channels == contract.required_channels == (tuple(own or ("science", "difference")))
    pixels = np.arange(2 * 21 * 21 * 4, dtype=np.float32).reshape(2, 21, 21, 4)
    np.testing.assert_array_equal(contract.select(pixels, channels), pixels[..., 1:2] if own else pixels[..., :2])
