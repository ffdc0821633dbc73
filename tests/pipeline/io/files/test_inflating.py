import bz2
import gzip
import io
import lzma

import pytest

from pipeline.errors import InputError
from pipeline.io.files import inflating
from pipeline.io.files.inflating import open_packed, unpacked

TEXT = b"".join(b"row %d\n" % number for number in range(5000))
PACKERS = {"plain": bytes, "gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress}


@pytest.mark.parametrize("packer", PACKERS)
def test_a_file_is_read_whatever_packed_it_and_whatever_it_is_called(tmp_path, packer):
    path = tmp_path / "rows.txt"
    path.write_bytes(PACKERS[packer](TEXT))
    with open_packed(path) as stream:
        assert stream.read() == TEXT


@pytest.mark.parametrize("in_memory", [1 << 20, 10])
@pytest.mark.parametrize("packer", PACKERS)
def test_a_stream_is_unpacked_in_memory_or_as_it_is_read(packer, in_memory, monkeypatch):
    monkeypatch.setattr(inflating, "IN_MEMORY_BYTES", in_memory)
    packed = PACKERS[packer](TEXT)
    assert unpacked(io.BytesIO(packed), "rows", len(packed)).read() == TEXT


@pytest.mark.parametrize("packer", ["gzip", "bzip2", "xz"])
def test_what_ends_too_early_is_damaged_before_anything_is_made_of_it(tmp_path, packer):
    path = tmp_path / "rows.txt"
    path.write_bytes(PACKERS[packer](TEXT)[:-20])
    with pytest.raises(InputError, match=r"rows.txt is damaged"), open_packed(path):
        pytest.fail("it was opened")


def test_a_stream_that_holds_more_than_it_may_is_refused():
    packed = gzip.compress(TEXT)
    with pytest.raises(InputError, match="packet holds more than 100 bytes"):
        unpacked(io.BytesIO(packed), "packet", len(packed), most=100)
    assert unpacked(io.BytesIO(packed), "packet", len(packed), most=len(TEXT)).read() == TEXT


def test_a_bomb_is_refused_by_what_a_file_of_its_size_may_hold(tmp_path, monkeypatch):
    monkeypatch.setenv("NIGHTSIFT_LARGEST_GB", "0.00001")
    path = tmp_path / "zeros"
    path.write_bytes(gzip.compress(bytes(20 << 20)))
    with pytest.raises(InputError, match="set NIGHTSIFT_LARGEST_GB"), open_packed(path):
        pytest.fail("it was opened")
