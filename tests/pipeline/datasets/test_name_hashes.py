"""Hashes of names: known folds, evenly spread numbers."""

import hashlib

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.datasets.name_hashes import hash_fold, hash_unit


@settings(max_examples=60, deadline=None)
@given(names=st.lists(st.text(max_size=8), max_size=20), seed=st.integers(0, 9), folds=st.integers(2, 7))
def test_a_fold_is_sha256_of_seed_and_name_modulo_folds(names, seed, folds):
    expected = [int.from_bytes(hashlib.sha256(f"{seed}:{name}".encode()).digest(), "big") % folds for name in names]
    assert hash_fold(np.array(names, dtype=object), str(seed), folds).tolist() == expected


def test_a_hash_is_spread_over_zero_to_one():
    numbers = hash_unit(np.array([str(i) for i in range(5000)]), "1")
    assert 0 <= numbers.min() < 0.01 < 0.99 < numbers.max() < 1
    assert np.histogram(numbers, bins=5, range=(0, 1))[0].min() > 900
