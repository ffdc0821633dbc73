import bz2
import gzip
import io
import lzma
import tarfile

import pytest

from pipeline.io.alerts.tar_stream import WholeStream

MEMBERS = {f"{number}.avro": b"packet %d" % number * 100 for number in range(4)}
PACKERS = {"plain": bytes, "gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress}


def archive():
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, data in MEMBERS.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def members_of(data):
    """Read an archive as a stream, to its stated end."""
    stream = WholeStream(io.BytesIO(data))
    with tarfile.open(fileobj=stream, mode="r|") as tar:
        found = {entry.name: tar.extractfile(entry).read() for entry in tar}
    stream.require_end()
    return found


@pytest.mark.parametrize("packer", PACKERS)
def test_an_archive_is_read_whatever_packed_it(packer):
    assert members_of(PACKERS[packer](archive())) == MEMBERS


def test_an_archive_that_stops_between_two_members_has_no_end():
    one = 512 + -(-len(MEMBERS["0.avro"]) // 512) * 512
    with tarfile.open(fileobj=io.BytesIO(archive()[: 2 * one])) as tar:
        assert len(tar.getnames()) == 2  # tarfile takes it for whole
    with pytest.raises(EOFError, match="it has no end"):
        members_of(archive()[: 2 * one])


def test_what_follows_the_end_is_seen():
    with pytest.raises(EOFError, match="something follows its end"):
        members_of(archive() + archive())
    assert members_of(archive() + bytes(5 << 20)) == MEMBERS
