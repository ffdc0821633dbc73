import pytest

from pipeline.errors import InputError, MissingInputError
from pipeline.io.label_file import label_path, read_labels


def read(tmp_path, text, encoding="utf-8"):
    (tmp_path / "labels.csv").write_text(text, encoding=encoding)
    return read_labels(str(tmp_path / "labels.csv"))


def test_labels_are_numbers_and_all_else_is_text(tmp_path):
    found = read(tmp_path, "candidate_id,label,kind,label_source\n007,1,,eye\nNaN,0,NA,\n1,-1,x,y\n")
    assert found["candidate_id"].tolist() == ["007", "NaN", "1"]
    assert found["label"].tolist() == [1, 0, -1]
    assert found["kind"].tolist() == ["", "NA", "x"]


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path):
    assert read(tmp_path, "candidate_id,label\na,1\n", "utf-8-sig")["candidate_id"].tolist() == ["a"]


def test_a_file_without_rows_says_nothing(tmp_path):
    assert len(read(tmp_path, "candidate_id,label\n")) == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("candidate_id,label\na,1\nb,2\n", r"row 3: label is '2'; allowed: 1, 0, -1"),
        ("candidate_id,label\na,\n", r"row 2: label is ''"),
        ("candidate_id,label\na,real\n", r"row 2: label is 'real'"),
        ("id,label\na,1\n", "column 'candidate_id' is missing; there: id, label"),
        ("candidate_id\na\n", "column 'label' is missing"),
        ("", "is no readable CSV file"),
        ('candidate_id,label\n"a,1\n', "is no readable CSV file"),
    ],
)
def test_what_is_wrong_is_said_in_one_line_with_its_row(tmp_path, text, message):
    with pytest.raises(InputError, match=message) as caught:
        read(tmp_path, text)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(MissingInputError, match=r"no label file .*gone.csv"):
        read_labels(str(tmp_path / "gone.csv"))


def test_a_relative_path_starts_above_the_settings(tmp_path, monkeypatch):
    monkeypatch.setenv("NIGHTSIFT_CONFIG", str(tmp_path / "config"))
    assert label_path("labels/mine.csv") == tmp_path / "labels" / "mine.csv"
    monkeypatch.setenv("NIGHTSIFT_TEST_LABELS", "/lists")
    assert str(label_path("${NIGHTSIFT_TEST_LABELS}/a.csv")) == "/lists/a.csv"
