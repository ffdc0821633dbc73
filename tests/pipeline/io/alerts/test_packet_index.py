import os
import sqlite3
from contextlib import closing

import pytest

from pipeline.io.alerts import packet_index
from pipeline.io.alerts.packet_index import index_files
from pipeline.surveys.alerts.packet_layouts import packet_layout
from pipeline.surveys.alerts.packet_table import PacketTable


def columns_of(seen):
    def read(path):
        seen.append(path.name)
        return {"where": [path.name], "time": [None], "score": [float("nan")]}

    return read


def test_a_file_is_read_once_and_again_only_when_it_changed(tmp_path):
    files = [tmp_path / name for name in ("a", "b")]
    for path in files:
        path.write_text("one")
    cache, seen = tmp_path / "new" / "index.sqlite", []
    first = index_files(files, "key", cache, columns_of(seen)).files
    again = index_files(files, "key", cache, columns_of(seen)).files
    assert seen == ["a", "b"]
    assert [again[path].sha256 for path in files] == [first[path].sha256 for path in files]
    assert again[files[0]].size == 3
    assert again[files[0]].columns["where"] == ["a"]
    assert again[files[0]].columns["time"] == [None]

    files[1].write_text("two")
    os.utime(files[1], ns=(1, 1))
    changed = index_files(files, "key", cache, columns_of(seen)).files
    assert seen == ["a", "b", "b"]
    assert changed[files[1]].sha256 != first[files[1]].sha256


def test_another_key_reads_anew_and_keeps_the_first(tmp_path):
    path, seen = tmp_path / "a", []
    path.write_text("one")
    for key in ("1", "2", "1"):
        index_files([path], key, tmp_path / "index.sqlite", columns_of(seen))
    assert seen == ["a", "a"]


def test_a_file_without_packets_is_remembered_too(tmp_path):
    path = tmp_path / "a"
    path.write_text("one")
    for _ in range(2):
        assert index_files([path], "k", tmp_path / "i.sqlite", lambda _: {"where": []}).files[path].columns == {
            "where": []
        }


def ztf_table(folder):
    return PacketTable(place=str(folder), folder=folder, layout=packet_layout("ztf"), scores={}, longitude_deg=0.0)


def packets_of(path):
    """Return the columns of a file that says them itself: ``time candidate`` a packet."""
    rows = [line.split() for line in path.read_text().splitlines()]
    times = [None if time == "none" else float(time) for time, _ in rows]
    return {"where": [path.name] * len(rows), "time": times, "candidate_id": [name for _, name in rows]}


@pytest.fixture
def nights(tmp_path):
    """Files of the days 1, 2 and 3; one of no time; one of day 9 with a candidate of day 2."""
    says = {"one": "1 a\n1.5 b", "two": "2 c\n2.2 d", "three": "3 e", "bad": "none -", "late": "9 d\n9 f"}
    for name, text in says.items():
        (tmp_path / name).write_text(text)
    return [tmp_path / name for name in says]


def of_day(files, memory, day):
    return index_files(files, "key", memory, packets_of, span=(day, day + 0.9))


def test_a_night_brings_its_files_those_without_a_time_and_those_that_share_a_candidate(nights, tmp_path):
    for _ in range(2):
        found = of_day(nights, tmp_path / "i.sqlite", 2.0)
        assert [path.name for path in found.files] == ["two", "bad", "late"]
        assert {path.name for path in found.timed} == {"one", "two", "three", "late"}
    assert [path.name for path in of_day(nights, tmp_path / "i.sqlite", 3.0).files] == ["three", "bad"]


def test_what_a_file_held_before_it_changed_is_forgotten(nights, tmp_path):
    of_day(nights, tmp_path / "i.sqlite", 2.0)
    nights[-1].write_text("9 new")
    os.utime(nights[-1], ns=(1, 1))
    assert [path.name for path in of_day(nights, tmp_path / "i.sqlite", 2.0).files] == ["two", "bad"]


def test_only_the_columns_of_the_night_are_read_back(nights, tmp_path):
    memory = tmp_path / "i.sqlite"
    index_files(nights, "key", memory, packets_of)
    with closing(sqlite3.connect(memory)) as connection, connection:
        connection.execute("UPDATE packet_files SET columns = 'not asked for' WHERE path NOT LIKE '%three'")
    (three,) = index_files(nights[:3], "key", memory, None, span=(3.0, 3.9)).files.values()
    assert three.columns["candidate_id"] == ["e"]


@pytest.mark.parametrize("changed", ["columns = replace(columns, 'c', 'x')", "first_time = 7, last_time = 7"])
def test_a_night_that_another_hand_changed_is_not_believed(nights, tmp_path, changed):
    memory = tmp_path / "i.sqlite"
    right = of_day(nights, memory, 2.0)
    with closing(sqlite3.connect(memory)) as connection, connection:
        connection.execute(f"UPDATE packet_files SET {changed}")
    assert of_day(nights, memory, 2.0) == right


def test_many_files_are_read_by_several_processes_alike(nights, tmp_path, monkeypatch):
    monkeypatch.setattr(packet_index, "_WORTH_A_PROCESS", 1)
    monkeypatch.setattr(packet_index, "_TOGETHER", 2)
    read = ztf_table(tmp_path).columns
    one, two = (index_files(nights, "key", tmp_path / f"{n}.sqlite", read, workers=n) for n in (1, 2))
    assert one == two
    assert all("not an Avro file" in held.columns["fault"][0] for held in two.files.values())
