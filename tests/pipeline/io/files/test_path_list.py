"""A comma separates files, but for one that stands in a file's own name."""

import pytest

from pipeline.io.files.path_list import read_path_list


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("one.h5,two,2.h5", ["one.h5", "two,2.h5"]),
        ("two,2.h5 , one.h5", ["two,2.h5", "one.h5"]),
        ("a,b/three.h5", ["a,b/three.h5"]),
        ("gone.h5,two,2.h5,gone", ["gone.h5", "two,2.h5", "gone"]),
        ("one.h5,one.h5", ["one.h5", "one.h5"]),
        (" ,one.h5,,", ["one.h5"]),
        ("", []),
        (",".join(["n" * 300] * 3), ["n" * 300] * 3),
    ],
)
def test_names_with_commas_are_found_where_they_are_there(tmp_path, monkeypatch, text, names):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a,b").mkdir()
    for name in ("one.h5", "two,2.h5", "a,b/three.h5"):
        (tmp_path / name).touch()
    assert [str(path) for path in read_path_list(text)] == names
