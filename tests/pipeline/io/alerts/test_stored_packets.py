"""Packets by their notes: as they were decoded, as long as their file is as it was."""

import math
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.io.alerts import stored_packets
from pipeline.io.alerts.packet_fields import ABSENT, field_at
from pipeline.io.alerts.stored_packets import FileState, PacketNotes, StoredPaths, read_stored

PATHS = StoredPaths(("id", "candidate.jd", "candidate.band"), ("science.data", "template.data"))
STAMP = bytes(range(256)) * 3


def packet(science=STAMP, template=STAMP[::-1], **changed):
    candidate = {"jd": 2461046.4, "band": None} | changed
    return {
        "id": 2**53 + 1,
        "candidate": candidate,
        "science": {"data": science},
        "template": template and {"data": template},
    }


def file_of(path, *packets):
    stamps = [field_at(each, name) for each in packets for name in PATHS.stamps]
    path.write_bytes(b"head" + b"".join(b"size" + stamp for stamp in stamps if isinstance(stamp, bytes)))
    return path


def state_of(path):
    status = path.stat()
    return FileState(status.st_size, status.st_mtime_ns)


def values(record):
    return {path: field_at(record, path) for path in (*PATHS.values, *PATHS.stamps)}


def read_back(path, *packets):
    notes = PacketNotes(path, PATHS)
    return [read_stored(path, state_of(path), PATHS, notes.note(each)) for each in packets]


def test_packets_come_back_with_their_values_and_stamps(tmp_path):
    packets = [packet(), packet(STAMP[5:], jd=-0.0), packet(template=None), packet(b"", band="r")]
    path = file_of(tmp_path / "a", *packets)
    assert [values(each) for each in read_back(path, *packets)] == [values(each) for each in packets]


def test_what_a_packet_does_not_have_is_not_there_either_when_it_comes_back(tmp_path):
    lacking = {"id": "a", "candidate": {"jd": math.nan}, "science": {"data": STAMP}}
    (found,) = read_back(file_of(tmp_path / "a", lacking), lacking)
    assert math.isnan(found["candidate"]["jd"])
    assert field_at(found, "candidate.band") is field_at(found, "template.data") is ABSENT


@given(number=st.integers() | st.floats(allow_nan=False), text=st.text(st.characters(exclude_categories=["Cs"])))
def test_any_number_and_text_comes_back_as_it_was(number, text, tmp_path_factory):
    given_packet = packet(jd=number, band=text)
    (found,) = read_back(file_of(tmp_path_factory.mktemp("a") / "a", given_packet), given_packet)
    assert values(found) == values(given_packet)
    assert type(found["candidate"]["jd"]) is type(number)


def test_stamps_that_begin_alike_are_told_apart(tmp_path):
    alike = packet(STAMP + b"a", STAMP + b"b")
    path = tmp_path / "a"
    path.write_bytes(STAMP + b"c" + STAMP + b"a" + STAMP + b"b")
    assert values(read_back(path, alike)[0]) == values(alike)


@pytest.mark.parametrize("wrong", [packet(b"not in the file"), packet("text"), packet(jd=[1]), packet(jd=b"bytes")])
def test_nothing_is_noted_of_what_the_file_does_not_hold_as_it_is(wrong, tmp_path):
    path = file_of(tmp_path / "a", packet())
    assert PacketNotes(path, PATHS).note(wrong) == ""


def test_after_a_stamp_that_is_not_there_a_file_is_not_searched_again(tmp_path):
    notes = PacketNotes(file_of(tmp_path / "a", packet()), PATHS)
    assert [notes.note(packet(b"not in the file")), notes.note(packet())] == ["", ""]


def test_nothing_is_noted_of_a_file_too_large_to_be_held(tmp_path, monkeypatch):
    path = file_of(tmp_path / "a", packet())
    monkeypatch.setattr(stored_packets, "MAX_BYTES", path.stat().st_size - 1)
    assert PacketNotes(path, PATHS).note(packet()) == ""


def test_nothing_is_noted_where_one_path_lies_below_another(tmp_path):
    path = file_of(tmp_path / "a", packet())
    assert PacketNotes(path, StoredPaths(("candidate", "candidate.jd"), PATHS.stamps)).note({"candidate": None}) == ""


@pytest.mark.parametrize("change", ["longer", "touched", "gone"])
def test_a_file_that_changed_is_not_read_by_its_notes(change, tmp_path):
    path = file_of(tmp_path / "a", packet())
    note, state = PacketNotes(path, PATHS).note(packet()), state_of(path)
    if change == "longer":
        path.write_bytes(path.read_bytes() + b"more")
    elif change == "touched":
        os.utime(path, ns=(1, 1))
    else:
        path.unlink()
    assert read_stored(path, state, PATHS, note) is None
