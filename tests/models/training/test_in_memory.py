import numpy as np
import pytest

from models.training import in_memory
from models.training.in_memory import held_if_small
from pipeline.classes import LEARNED_PARTS


class OnDisk:
    """Stands for a data set in a file, whose reads are counted."""

    def __init__(self, held):
        self.held, self.reads = held, 0

    def __getattr__(self, name):
        return getattr(self.held, name)

    def cutouts(self, part):
        self.reads += 1
        return self.held.cutouts(part)


@pytest.fixture
def on_disk(toy):
    return OnDisk(toy.dataset(rows=(40, 20, 2), fingerprint="f" * 64, survey="there"))


def test_a_small_data_set_is_read_once_for_all_epochs(on_disk):
    held = held_if_small(on_disk)
    for _ in range(3):
        for part in LEARNED_PARTS:
            pixels = np.concatenate([block for _, block in held.batches(part, 16)])
            np.testing.assert_array_equal(pixels, on_disk.held.cutouts(part))
    assert on_disk.reads == len(LEARNED_PARTS)


def test_what_is_held_says_the_same_of_itself(on_disk):
    held = held_if_small(on_disk)
    for name in ("survey", "channels", "class_names", "pixel_scale_arcsec", "pixel_state", "fingerprint", "size_pixel"):
        assert getattr(held, name) == getattr(on_disk.held, name)
    assert held.candidates("train").equals(on_disk.held.candidates("train"))


def test_a_larger_one_is_read_block_by_block(on_disk, monkeypatch):
    n_bytes = 60 * 15 * 15 * 3 * 4
    monkeypatch.setattr(in_memory, "HELD_BYTES", n_bytes)
    assert held_if_small(on_disk) is not on_disk
    monkeypatch.setattr(in_memory, "HELD_BYTES", n_bytes - 1)
    assert held_if_small(on_disk) is on_disk
