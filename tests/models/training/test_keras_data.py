import numpy as np
import pytest

from models.recipes.classifier import load
from models.training.batches import Batch
from models.training.keras_data import RowLoss, TrainingRows
from pipeline.errors import InputError


def batch(number):
    return Batch(
        pixels=np.full((2, 3, 3, 1), number, np.float32),
        labels=np.zeros(2, np.int64),
        weights=np.ones(2, np.float32),
    )


def drawn(epoch):
    return (batch(10 * epoch + number) for number in range(4))


def numbers(rows, indices):
    return [rows[index][0][0, 0, 0, 0] for index in indices]


def test_a_pass_begins_with_the_first_batch_and_is_of_the_epoch_that_was_set():
    rows = TrainingRows(drawn, 4)
    assert len(rows) == 4
    assert numbers(rows, [0, 1, 0, 1, 2, 3]) == [0, 1, 0, 1, 2, 3]
    rows.epoch = 3
    assert numbers(rows, range(4)) == [30, 31, 32, 33]


def test_what_reading_raised_is_kept():
    def broken(epoch):
        yield batch(0)
        raise InputError("a damaged file")

    rows = TrainingRows(broken, 2)
    with pytest.raises(InputError):
        numbers(rows, [0, 1])
    assert isinstance(rows.error, InputError)


def test_the_loss_of_a_batch_is_the_weighed_mean_over_its_rows():
    labels, logits = np.array([1, 0, 1]), np.array([[2.0], [1.0], [-1.0]], np.float32)
    weights = np.array([1.0, 3.0, 0.0], np.float32)
    by_row = np.log1p(np.exp([-2.0, 1.0, 1.0]))
    loss = RowLoss(load({"classifier": "triplet_cnn"}, "test"))(labels, logits, sample_weight=weights)
    assert float(loss) == pytest.approx(np.average(by_row, weights=weights), rel=1e-5)
