import os

from pipeline.io.packet_index import index_files


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
    first = index_files(files, "key", cache, columns_of(seen))
    again = index_files(files, "key", cache, columns_of(seen))
    assert seen == ["a", "b"]
    assert [again[path].sha256 for path in files] == [first[path].sha256 for path in files]
    assert again[files[0]].size == 3
    assert again[files[0]].columns["where"] == ["a"]
    assert again[files[0]].columns["time"] == [None]

    files[1].write_text("two")
    os.utime(files[1], ns=(1, 1))
    changed = index_files(files, "key", cache, columns_of(seen))
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
        assert index_files([path], "k", tmp_path / "i.sqlite", lambda _: {"where": []})[path].columns == {"where": []}
