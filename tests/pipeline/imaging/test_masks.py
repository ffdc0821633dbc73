"""Mask bits, mask codes and weights say which pixels are missing."""

import numpy as np
import pytest

from pipeline.errors import InputError
from pipeline.imaging.masks import masked_pixels

MASK = np.array([[0, 1, 2, 3, 4, 8]], dtype=np.int32)


@pytest.mark.parametrize(
    ("rule", "missing"),
    [
        ({}, [0, 1, 1, 1, 1, 1]),
        ({"bits": [0]}, [0, 1, 0, 1, 0, 0]),
        ({"bits": [1, 3]}, [0, 0, 1, 1, 0, 1]),
        ({"values": [2, 8]}, [0, 0, 1, 0, 0, 1]),
        ({"bits": [2], "values": [1]}, [0, 1, 0, 0, 1, 0]),
    ],
)
@pytest.mark.parametrize("kind", [np.int32, np.uint8, ">i4", np.float32, np.uint64])
def test_a_mask_is_read_by_bits_or_codes(rule, missing, kind):
    assert masked_pixels(MASK.astype(kind), **rule).astype(int).tolist() == [missing]


def test_a_weight_of_nothing_means_missing():
    weights = np.array([[0.0, -1.0, np.nan, 1e-9, np.inf]])
    assert masked_pixels(weights, weight=True).tolist() == [[True, True, True, False, False]]


def test_a_missing_value_in_a_mask_of_bits_is_missing():
    assert masked_pixels(np.array([[np.nan, 0.0]]), bits=[0]).tolist() == [[True, False]]


def test_a_mask_of_broken_numbers_has_no_bits():
    with pytest.raises(InputError, match="whole numbers"):
        masked_pixels(np.array([[0.5]]), bits=[0])
