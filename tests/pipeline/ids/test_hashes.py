import hashlib

import pandas as pd
import pytest

from pipeline.ids import hashes
from pipeline.ids.hashes import id_hashes, lasting_hashes, repeated_hashes

NAMES = pd.Series(["9007199254740993", "0017", "17", "", "käse"])


def test_equal_ids_have_equal_hashes_and_others_have_not():
    assert len(set(id_hashes(NAMES).tolist())) == len(NAMES)
    assert (id_hashes(NAMES[::-1]) == id_hashes(NAMES)[::-1]).all()


def test_hashes_do_not_depend_on_how_many_are_made_at_once(monkeypatch):
    together = id_hashes(NAMES)
    monkeypatch.setattr(hashes, "_TEXTS_AT_ONCE", 2)
    assert (id_hashes(NAMES) == together).all()


def test_lasting_hashes_are_the_first_eight_bytes_of_blake2b():
    expected = [int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little") for name in NAMES]
    assert lasting_hashes(NAMES).tolist() == expected


@pytest.mark.parametrize(
    ("blocks", "repeated"),
    [
        ([], []),
        ([["a"], ["b"]], []),
        ([["a", "b"], ["b", "c"], ["b", "c"]], ["b", "c"]),
        ([["a", "a"]], ["a"]),
    ],
)
def test_ids_that_appear_twice_are_found_across_blocks(blocks, repeated):
    made = [id_hashes(pd.Series(block)) for block in blocks]
    assert repeated_hashes(made).tolist() == sorted(id_hashes(pd.Series(repeated, dtype="str")).tolist())
