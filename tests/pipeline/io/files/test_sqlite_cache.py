import sqlite3
from contextlib import closing

import numpy as np
import pytest

from pipeline.errors import StorageError
from pipeline.io.alerts.packet_index import index_files
from pipeline.io.files import sqlite_cache
from pipeline.io.files.digests import file_digest


@pytest.fixture
def files(tmp_path):
    made = [tmp_path / f"{number}.fits" for number in range(20)]
    for path in made:
        path.write_text(path.name)
    return made


def digests(files, memory):
    return [file_digest(path, memory) for path in files]


def packets(files, memory):
    found = index_files(files, "key", memory, lambda path: {"id": [path.name]}).files
    return [(found[path].sha256, found[path].columns["id"]) for path in files]


@pytest.mark.parametrize("ask", [digests, packets])
def test_answers_are_right_whichever_bit_of_the_memory_was_flipped(files, tmp_path, ask):
    memory = tmp_path / "memory.sqlite"
    right = ask(files, memory)
    whole = memory.read_bytes()
    rng = np.random.default_rng(1)
    places = [*range(0, 100, 3), *rng.integers(0, len(whole), 60).tolist()]
    for place in places:
        flipped = bytearray(whole)
        flipped[place] ^= 1 << int(rng.integers(8))
        memory.write_bytes(flipped)
        assert ask(files, memory) == right, f"byte {place}"
        assert ask(files, memory) == right, f"byte {place}, healed"


@pytest.mark.parametrize("ask", [digests, packets])
def test_what_is_no_memory_any_more_is_made_anew_and_remembers_again(files, tmp_path, ask, caplog):
    memory = tmp_path / "memory.sqlite"
    right = ask(files, memory)
    memory.write_bytes(b"\0" * 5000)
    assert ask(files, memory) == right
    assert "memory.sqlite is damaged" in caplog.text
    with closing(sqlite3.connect(memory)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.parametrize(("table", "ask"), [("file_digests", digests), ("packet_files", packets)])
def test_a_digest_that_another_hand_changed_is_not_believed(files, tmp_path, table, ask):
    memory = tmp_path / "memory.sqlite"
    right = ask(files, memory)
    with closing(sqlite3.connect(memory)) as connection, connection:
        connection.execute(f"UPDATE {table} SET sha256 = 'f' || substr(sha256, 2)")
    assert ask(files, memory) == right


def test_a_memory_that_another_process_holds_is_left_alone(files, tmp_path, monkeypatch):
    monkeypatch.setattr(sqlite_cache, "WAIT_S", 0)
    memory = tmp_path / "memory.sqlite"
    digests(files[:1], memory)
    with closing(sqlite3.connect(memory)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        before = memory.stat().st_ino
        with pytest.raises(StorageError, match=r"memory\.sqlite has been locked by another process"):
            digests(files, memory)
        connection.rollback()
    assert memory.stat().st_ino == before
    assert digests(files, memory) == [file_digest(path) for path in files]


def test_a_mistake_in_a_question_deletes_nothing(tmp_path):
    memory = tmp_path / "memory.sqlite"
    sqlite_cache.ask(memory, lambda connection: connection.execute("CREATE TABLE t (x)"))
    with pytest.raises(sqlite3.ProgrammingError):
        sqlite_cache.ask(memory, lambda connection: connection.execute("INSERT INTO t VALUES (?)", ()))
    assert memory.stat().st_size > 0


@pytest.mark.parametrize("ask", [digests, packets])
def test_a_memory_that_cannot_be_used_is_done_without(files, tmp_path, ask, caplog):
    a_folder, below_a_file = tmp_path / "memory.sqlite", files[0] / "memory.sqlite"
    a_folder.mkdir()
    right = ask(files, tmp_path / "usable.sqlite")
    for memory in (a_folder, below_a_file):
        assert ask(files, memory) == right
        assert f"{memory} cannot be used" in caplog.text


def test_an_input_that_is_gone_is_not_the_fault_of_the_memory(files, tmp_path, caplog):
    with pytest.raises(FileNotFoundError):
        index_files([tmp_path / "gone.avro"], "key", tmp_path / "memory.sqlite", lambda path: {"id": [path.name]})
    assert not caplog.text
