"""What was compared is remembered as long as the files stay as they were, and never trusted beyond."""

import os
import shutil
import sqlite3
from contextlib import closing

import pytest

from pipeline.io.tables.label_states import remember, remembered, state_of


@pytest.fixture
def label_table(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text("candidate_id,label\n1,1\n")
    return path


def test_it_is_known_until_a_file_changes(tmp_path, label_table):
    store = tmp_path / "store.sqlite"
    assert remembered(store, "m") is None
    remember(store, "m", state_of([label_table, tmp_path / "absent.csv"]), ["eyeballs"])
    assert remembered(store, "m") == ("eyeballs",)
    assert remembered(store, "other") is None
    time = label_table.stat().st_mtime_ns
    label_table.write_text("candidate_id,label\n1,0\n")
    os.utime(label_table, ns=(time + 1, time + 1))
    assert remembered(store, "m") is None
    remember(store, "m", state_of([label_table]), [])
    assert remembered(store, "m") == ()


def test_a_copy_of_the_folder_is_known_by_its_own_files(tmp_path):
    folder, outside = tmp_path / "data", tmp_path / "outside.csv"
    folder.mkdir()
    for path in (folder / "labels.csv", folder / "manifest.json", outside):
        path.write_text("candidate_id,label\n1,1\n")
    files = state_of([folder / "labels.csv", outside])
    remember(folder / "store.sqlite", str(folder / "manifest.json"), files, ["eyeballs"])
    copied = shutil.copytree(folder, tmp_path / "copied")
    assert remembered(copied / "store.sqlite", str(copied / "manifest.json")) == ("eyeballs",)
    (copied / "labels.csv").write_text("candidate_id,label\n1,0\n2,0\n")
    assert remembered(copied / "store.sqlite", str(copied / "manifest.json")) is None
    assert remembered(folder / "store.sqlite", str(folder / "manifest.json")) == ("eyeballs",)


def test_a_file_that_comes_is_a_change(tmp_path, label_table):
    later = tmp_path / "later.csv"
    remember(tmp_path / "store.sqlite", "m", state_of([label_table, later]), [])
    later.write_text("x\n")
    assert remembered(tmp_path / "store.sqlite", "m") is None


def test_a_damaged_store_knows_nothing_and_is_begun_anew(tmp_path, label_table):
    store = tmp_path / "store.sqlite"
    store.write_bytes(b"no database at all" * 100)
    assert remembered(store, "m") is None
    remember(store, "m", state_of([label_table]), ["eyeballs"])
    assert remembered(store, "m") == ("eyeballs",)


@pytest.mark.parametrize("written", ["nonsense", "[]", "7", '{"labels.csv": 3}', None])
def test_a_store_that_another_hand_wrote_in_knows_nothing(tmp_path, label_table, written):
    store = tmp_path / "store.sqlite"
    remember(store, "m", state_of([label_table]), ["eyeballs"])
    with closing(sqlite3.connect(store)) as connection, connection:
        connection.execute("UPDATE states SET files = ?", (written,))
    assert remembered(store, "m") is None
