import pytest

from pipeline.errors import InputError, MissingInputError
from pipeline.io.tables.id_list import read_id_list


@pytest.mark.replaces("psat-ml", "P9")
def test_candidates_are_named_on_the_command_line_or_in_a_file(tmp_path):
    (tmp_path / "ids.txt").write_text("\ufeff# to look at again\n0017\n\n9007199254740993 \n0017\n", encoding="utf-8")
    assert read_id_list("9007199254740993,0017") == read_id_list(f"@{tmp_path}/ids.txt") == ["0017", "9007199254740993"]
    assert read_id_list("") == []


def test_a_list_that_says_nothing_is_refused(tmp_path):
    (tmp_path / "empty.txt").write_text("# none\n")
    (tmp_path / "image.fits").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match=r"empty.txt' names no candidate"):
        read_id_list(f"@{tmp_path}/empty.txt")
    with pytest.raises(InputError, match=r"image.fits is not text"):
        read_id_list(f"@{tmp_path}/image.fits")
    with pytest.raises(MissingInputError, match="no file /nowhere; it should hold a list of candidates"):
        read_id_list("@/nowhere")
