import hashlib
import io
import os

import pytest

from pipeline.errors import MissingInputError
from pipeline.io.files import digests
from pipeline.io.files.digests import digest_without, file_digest, is_there

DATA = bytes(range(256)) * 40


@pytest.fixture
def data_file(tmp_path):
    """Return the path of a file of 10,240 bytes."""
    path = tmp_path / "data.bin"
    path.write_bytes(DATA)
    return path


def test_a_digest_is_the_sha256_of_the_bytes_however_they_are_read(data_file, monkeypatch):
    monkeypatch.setattr(digests, "_BLOCK", 1000)
    assert file_digest(data_file) == hashlib.sha256(DATA).hexdigest()


def test_a_changed_file_is_read_again_though_digests_are_remembered(data_file, tmp_path):
    memory = tmp_path / "memory.sqlite"
    first = file_digest(data_file, memory)
    data_file.write_bytes(DATA[::-1])
    os.utime(data_file, (1.0, 1.0))
    assert file_digest(data_file, memory) == hashlib.sha256(DATA[::-1]).hexdigest() != first


def test_a_file_that_is_not_read_again_was_remembered(data_file, tmp_path, monkeypatch):
    memory = tmp_path / "memory.sqlite"
    first = file_digest(data_file, memory)
    monkeypatch.setattr(digests, "_digest_bytes", lambda path: pytest.fail(f"{path} was read again"))
    assert file_digest(data_file, memory) == first


def test_a_file_that_is_not_there_is_missing(tmp_path):
    assert not is_there(tmp_path / ("x" * 5000))
    with pytest.raises(MissingInputError, match="no file"):
        file_digest(tmp_path / "absent")


@pytest.mark.parametrize("left_out", [[], [(0, 10)], [(5, 1), (90, 20), (110, 5)], [(9000, 500)], [(9990, 50)]])
def test_places_that_are_left_out_do_not_count(left_out, monkeypatch):
    monkeypatch.setattr(digests, "_BLOCK", 64)
    size = 10_000
    kept = bytes(DATA[i] for i in range(size) if not any(first <= i < first + count for first, count in left_out))
    assert digest_without(io.BytesIO(DATA), size, left_out).hexdigest() == hashlib.sha256(kept).hexdigest()
