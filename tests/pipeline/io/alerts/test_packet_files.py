import gzip
import io
import lzma
import tarfile
import tracemalloc
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import MissingInputError
from pipeline.io.alerts import packet_files as module
from pipeline.io.alerts.packet_files import folder_of, packet_files, read_packets
from pipeline.io.alerts.packet_writer import write_packets, ztf_packet
from pipeline.io.files import inflating

WANTED = ("objectId", "candidate.jd", "cutoutScience.stampData")


@pytest.fixture
def measured_peak():
    """Return a function that calls another and returns what it returned and the most memory that was held, in MB."""

    def measure(function):
        tracemalloc.start()
        try:
            return function(), tracemalloc.get_traced_memory()[1] / 1e6
        finally:
            tracemalloc.stop()

    return measure


def packets(count, start=0):
    return [ztf_packet([b"s", None, b"d"], object_id=f"o{row}") for row in range(start, start + count)]


def read(path, **options):
    return list(read_packets(path, path.name, WANTED, **options))


def archive(path, *members, mode="w:gz"):
    with tarfile.open(path, mode) as made:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            made.addfile(info, io.BytesIO(data))
    return path


@pytest.fixture
def avro(tmp_path):
    return write_packets(tmp_path / "three.avro", packets(3))


@pytest.fixture
def parquet(tmp_path):
    path = tmp_path / "rows.parquet"
    pd.DataFrame(packets(130)).drop(columns="prv_candidates").to_parquet(path)
    return path


def test_a_folder_a_pattern_and_a_file_hold_packets(tmp_path):
    for name in (
        "b/2.avro",
        "b/4.avro.gz",
        "b/x.txt",
        "b/x.gz",
        "a/1.AVRO",
        "a/3.parquet",
        "c.tar.gz",
        "d.tgz",
        "e.tar",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()

    def found(place):
        return [path.relative_to(tmp_path).as_posix() for path in packet_files(str(place))]

    assert found(tmp_path) == ["a/1.AVRO", "a/3.parquet", "b/2.avro", "b/4.avro.gz", "c.tar.gz", "d.tgz", "e.tar"]
    assert found(tmp_path / "*.tar*") == ["c.tar.gz", "e.tar"]
    assert found(tmp_path / "**" / "*.avro") == ["b/2.avro"]
    assert found(tmp_path / "b" / "2.avro") == ["b/2.avro"]
    assert folder_of(str(tmp_path / "*" / "*.avro")) == folder_of(str(tmp_path / "e.tar")) == tmp_path


@pytest.mark.parametrize("place", ["nowhere", "nowhere/*.avro", "x.txt"])
def test_a_place_without_packets_says_what_would_be_some(tmp_path, place):
    (tmp_path / "x.txt").touch()
    with pytest.raises(MissingInputError, match=r"no alert packets in .*; allowed: files named \*.avro, \*.avro.gz"):
        packet_files(str(tmp_path / place))


def test_a_place_that_is_not_there_is_told_from_one_without_packets(tmp_path):
    with pytest.raises(
        MissingInputError, match=r"no alert packets in .*nowhere: there is no such folder or file; allowed"
    ):
        packet_files(str(tmp_path / "nowhere"))
    with pytest.raises(MissingInputError, match=rf"no alert packets in {tmp_path}; allowed"):
        packet_files(str(tmp_path))


def test_records_of_a_file_are_named_by_file_and_number(avro):
    assert [packet.where for packet in read(avro)] == ["three.avro", "three.avro record 2", "three.avro record 3"]
    assert [packet.record["objectId"] for packet in read(avro, only={"three.avro record 2"})] == ["o1"]


def test_parquet_gives_the_same_nested_records_in_blocks(parquet):
    found = read(parquet)
    assert len(found) == 130
    assert found[129].where == "rows.parquet record 130"
    assert found[129].record == {
        "objectId": "o129",
        "candidate": {"jd": 2461046.4},
        "cutoutScience": {"stampData": b"s"},
    }


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_an_archive_is_read_member_by_member_and_nothing_is_unpacked(tmp_path, avro, parquet, mode, monkeypatch):
    path = archive(tmp_path / "night.tar", ("a.avro", avro.read_bytes()), ("notes.txt", b"hi"),
                   ("b.parquet", parquet.read_bytes()), mode=mode)  # fmt: skip
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    found = read(path)
    assert [packet.where for packet in found[2:5]] == [
        "night.tar:a.avro record 3", "night.tar:b.parquet", "night.tar:b.parquet record 2"
    ]  # fmt: skip
    assert len(found) == 133
    assert sorted(tmp_path.rglob("*")) == before


def test_only_the_wanted_members_of_an_archive_are_decoded(tmp_path, avro):
    path = archive(tmp_path / "n.tar.gz", ("a.avro", b"no packet"), ("b.avro", avro.read_bytes()))
    assert [packet.where for packet in read(path, only={"n.tar.gz:b.avro record 2"})] == ["n.tar.gz:b.avro record 2"]


def test_names_of_members_are_labels_and_never_paths(tmp_path, avro):
    data = avro.read_bytes()
    names = ("../../up.avro", "/etc/root.avro", "new\nline.avro", "x.avro", "x.avro")
    found = read(archive(tmp_path / "n.tar", *((name, data) for name in names)))
    assert [packet.where for packet in found[::3]] == [
        "n.tar:../../up.avro", "n.tar:/etc/root.avro", "n.tar:new?line.avro", "n.tar:x.avro", "n.tar:x.avro copy 2"
    ]  # fmt: skip
    assert not any(packet.fault for packet in found)


def test_links_and_folders_in_an_archive_are_passed_over(tmp_path, avro):
    with tarfile.open(tmp_path / "n.tar", "w") as made:
        link = tarfile.TarInfo("link.avro")
        link.type, link.linkname = tarfile.SYMTYPE, str(avro)
        made.addfile(link)
    assert read(tmp_path / "n.tar") == []


def test_an_archive_that_breaks_off_says_that_the_loss_is_unknown(tmp_path, avro):
    path = archive(tmp_path / "n.tar", ("a.avro", avro.read_bytes()), ("b.avro", avro.read_bytes()), mode="w")
    path.write_bytes(path.read_bytes()[: 512 * 2 + avro.stat().st_size + 2000])
    *whole, last = read(path)
    assert len(whole) == 3
    assert last.open_ended
    assert "how many packets are missing is not known" in last.fault


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:xz"])
def test_an_archive_that_stops_between_two_members_is_not_whole(tmp_path, avro, mode):
    data = avro.read_bytes()
    path = archive(tmp_path / "n.tar", ("a.avro", data), ("b.avro", data), mode=mode)
    opener = {"w": open, "w:gz": gzip.open, "w:xz": lzma.open}[mode]
    with opener(path, "rb") as stream:
        raw = stream.read()[: 512 + -(-len(data) // 512) * 512]
    with opener(path, "wb") as stream:
        stream.write(raw)
    *whole, last = read(path)
    assert len(whole) == 3
    assert last.open_ended
    assert last.fault.endswith("EOFError it has no end")


def test_archives_behind_each_other_are_not_taken_for_the_first_alone(tmp_path, avro):
    path = archive(tmp_path / "n.tar", ("a.avro", avro.read_bytes()), mode="w")
    path.write_bytes(path.read_bytes() * 2)
    assert read(path)[-1].fault.endswith("EOFError something follows its end")


def test_a_member_that_is_too_large_is_refused_unread(tmp_path, avro, monkeypatch):
    monkeypatch.setattr(module, "MAX_MEMBER_BYTES", 100)
    (packet,) = read(archive(tmp_path / "n.tar", ("a.avro", avro.read_bytes())))
    assert packet.fault.endswith("bytes; allowed: 100")


def gzipped(path, data):
    path.write_bytes(gzip.compress(data))
    return path


@pytest.mark.parametrize("in_memory", [True, False])
@pytest.mark.parametrize("place", ["night.avro.gz", "n.tar", "n.tar.gz"])
def test_gzipped_packets_are_those_that_are_not(place, in_memory, tmp_path, avro, monkeypatch):
    if not in_memory:
        monkeypatch.setattr(inflating, "IN_MEMORY_BYTES", 100)
    data = gzip.compress(avro.read_bytes())
    path = tmp_path / place
    if place.endswith(".avro.gz"):
        path.write_bytes(data)
    else:
        archive(path, ("night.avro.gz", data), mode="w" if place == "n.tar" else "w:gz")
    assert packet_files(str(tmp_path / "n*.*")) == [path]
    assert [packet.record for packet in read(path)] == [packet.record for packet in read(avro)]


def test_a_gzipped_file_that_is_damaged_is_one_lost_packet(tmp_path, avro):
    path = gzipped(tmp_path / "a.avro.gz", avro.read_bytes())
    whole = path.read_bytes()
    for data in (whole[:-30], whole[:-8] + bytes(8), whole[:200] + bytes(20) + whole[220:]):
        path.write_bytes(data)
        (packet,) = read(path)
        assert packet.fault.startswith("the file is damaged, or its compressed data end too early: ")
        assert packet.lost == 1


def test_what_unpacks_to_far_more_than_it_takes_is_refused_before_memory_is_taken(tmp_path, monkeypatch, measured_peak):
    monkeypatch.setenv("NIGHTSIFT_LARGEST_GB", "0.1")
    path = gzipped(tmp_path / "a.avro.gz", bytes(300 << 20))
    (packet,), peak_mb = measured_peak(lambda: read(path))
    assert packet.fault.startswith("the file: what it holds, as far as it was unpacked, would take 1")
    assert packet.fault.endswith("if that is meant, set NIGHTSIFT_LARGEST_GB to 1")
    assert peak_mb < 150


def test_a_gzipped_member_may_unpack_to_what_a_member_may_be(tmp_path, avro, monkeypatch):
    data = gzip.compress(avro.read_bytes())
    monkeypatch.setattr(module, "MAX_MEMBER_BYTES", len(data) + 10)
    (packet,) = read(archive(tmp_path / "n.tar", ("a.avro.gz", data)))
    assert (
        packet.fault
        == f"the file holds more than {len(data) + 10} bytes once it is unpacked; allowed: {len(data) + 10}"
    )


def test_a_large_member_is_streamed(tmp_path, avro, monkeypatch):
    monkeypatch.setattr(module, "_SMALL", 100)
    assert len(read(archive(tmp_path / "n.tar.gz", ("a.avro", avro.read_bytes())))) == 3


def test_a_damaged_file_is_a_packet_with_a_fault(tmp_path, avro):
    (tmp_path / "no.avro").write_bytes(b"nothing")
    (packet,) = read(tmp_path / "no.avro")
    assert (packet.where, packet.lost, packet.record) == ("no.avro", 1, {})
    assert packet.fault.startswith("not an Avro file")
    (packet,) = read(tmp_path / "gone.avro")
    assert packet.fault == "cannot be read: No such file or directory"


def test_a_truncated_parquet_file_is_a_packet_with_a_fault(parquet):
    parquet.write_bytes(parquet.read_bytes()[:-10])
    (packet,) = read(parquet)
    assert packet.fault.startswith("not a readable Parquet file: ArrowInvalid")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), kind=st.sampled_from(["x.tar", "x.tar.gz", "x.parquet"]))
def test_whatever_the_bytes_are_packets_come_out(tmp_path, data, kind):
    path = Path(tmp_path / kind)
    if kind == "x.parquet":
        pd.DataFrame(packets(3)).drop(columns="prv_candidates").to_parquet(path)
    else:
        write_packets(tmp_path / "a.avro", packets(2))
        archive(path, ("a.avro", (tmp_path / "a.avro").read_bytes()), mode="w:gz" if kind.endswith("gz") else "w")
    raw = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(0, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(bytes(raw[: data.draw(st.integers(len(raw) // 3, len(raw)))]))
    for packet in read(path):
        assert packet.fault or packet.record is not None
