import dataclasses
import os
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from models.training import checkpoints

CHECKPOINT = checkpoints.Checkpoint(
    identity="a",
    weights=[np.arange(6.0).reshape(2, 3), np.float32(4.0)],
    best_weights=[np.zeros((2, 3)), np.float32(1.0)],
    optimizer=[np.int64(7)] + [np.full(2, i) for i in range(12)],
    history=[{"epoch": 1, "validation_loss": 0.25}],
)


def test_a_checkpoint_comes_back_as_it_was(tmp_path):
    checkpoints.save(tmp_path, CHECKPOINT)
    read = checkpoints.load(tmp_path, "a")
    assert read.history == CHECKPOINT.history
    for group in ("weights", "best_weights", "optimizer"):
        for given, wanted in zip(getattr(read, group), getattr(CHECKPOINT, group), strict=True):
            np.testing.assert_array_equal(given, wanted)


def test_another_trainings_checkpoint_is_not_used(tmp_path):
    checkpoints.save(tmp_path, CHECKPOINT)
    assert checkpoints.load(tmp_path, "b") is None


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 half", b"text"])
def test_a_broken_file_means_starting_over(tmp_path, content):
    (tmp_path / checkpoints.FILE).write_bytes(content)
    assert checkpoints.load(tmp_path, "a") is None


def test_a_write_that_dies_leaves_the_former_state(tmp_path, monkeypatch):
    checkpoints.save(tmp_path, CHECKPOINT)
    monkeypatch.setattr(checkpoints.os, "fsync", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        checkpoints.save(tmp_path, dataclasses.replace(CHECKPOINT, history=[]))
    assert checkpoints.load(tmp_path, "a").history == CHECKPOINT.history


def test_clearing_leaves_nothing(tmp_path):
    checkpoints.save(tmp_path, CHECKPOINT)
    checkpoints.clear(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_checkpoint_that_nobody_went_on_with_for_weeks_is_removed_and_a_fresh_one_stays(tmp_path):
    old, fresh = tmp_path / "old.training", tmp_path / "fresh.training"
    for workdir in (old, fresh):
        checkpoints.save(workdir, CHECKPOINT)
    weeks_ago = time.time() - 86400 * (checkpoints.KEPT_DAYS + 1)
    os.utime(old / checkpoints.FILE, (weeks_ago, weeks_ago))
    assert checkpoints.sweep(tmp_path) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["fresh.training"]


def test_two_trainings_of_one_identity_save_at_once_without_a_fault(tmp_path):
    def save(_):
        checkpoints.save(tmp_path, CHECKPOINT)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(save, range(100)))
    assert checkpoints.load(tmp_path, "a").history == CHECKPOINT.history
    assert [path.name for path in tmp_path.iterdir()] == [checkpoints.FILE]
