"""The head of a CSV file names its columns, as ANNz writes it too; other separators are refused."""

import pytest

from pipeline.errors import InputError
from pipeline.io.files.csv_head import read_head


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", []),
        ("\ufeffid, g \n1,2\n", ["id", "g"]),
        ('"a;b",c\n', ["a;b", "c"]),
        ("#F:MAG_U;F:MAGERR_U;D:Z\n22.5,0.1,0.25\n", ["MAG_U", "MAGERR_U", "Z"]),
    ],
)
def test_the_head_names_the_columns(text, names, tmp_path):
    (tmp_path / "t.csv").write_text(text)
    assert read_head(tmp_path / "t.csv") == names


@pytest.mark.parametrize("head", ["g;r", "#g;r", "F:MAG_U;D:Z"])
def test_a_head_parted_by_semicolons_is_refused(head, tmp_path):
    (tmp_path / "t.csv").write_text(f"{head}\n1;2\n")
    with pytest.raises(InputError, match="are parted by ';'; allowed: commas"):
        read_head(tmp_path / "t.csv")
