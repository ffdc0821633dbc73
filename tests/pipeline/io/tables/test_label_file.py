import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import InputError, MissingInputError
from pipeline.io.tables.label_file import label_path, named_files, read_labels


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


def test_blanks_around_a_text_are_no_part_of_it_as_in_every_table(tmp_path):
    found = read(tmp_path, 'candidate_id, label\r\n"39089837499752901 ", 1\r\n b\u00a0,0\r\n')
    assert found["candidate_id"].tolist() == ["39089837499752901", "b"]
    assert found["label"].tolist() == [1, 0]
    with pytest.raises(InputError, match="row 3: candidate_id 'a' already appears in row 2"):
        read(tmp_path, "candidate_id,label\na,1\na ,0\n")


def test_a_long_id_that_was_a_float_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"row 2: the id '39089837499752900.0' is written as a float, which has round"):
        read(tmp_path, "candidate_id,label\n39089837499752900.0,1\n")
    assert read(tmp_path, "candidate_id,label\n57000.0,1\n")["candidate_id"].tolist() == ["57000.0"]


def test_real_bogus_and_nothing_need_no_setting(tmp_path):
    assert read(tmp_path, "candidate_id,label\na,real\nb,Bogus\nc,none\nd,\n")["label"].tolist() == [1, 0, -1, -1]


def test_a_file_without_rows_says_nothing(tmp_path):
    assert len(read(tmp_path, "candidate_id,label\n")) == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("candidate_id,label\na,1\nb,2\n", r"row 3: label is '2'; allowed: 1 \(real\), 0 \(bogus\), -1 \(none\)"),
        (
            "candidate_id,label\na,1\nb,rael\n",
            r"row 3: label is 'rael'.*real, bogus, none.*`words` says what others mean",
        ),
        ("id,label\na,1\n", "column 'candidate_id' is missing; there: id, label"),
        ("candidate_id\na\n", "column 'label' is missing"),
        ("", "is not a readable CSV file"),
        ('candidate_id,label\n"a,1\n', "is not a readable CSV file"),
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


@pytest.mark.replaces("gotorb", "G4")
def test_columns_and_words_are_what_the_settings_say(tmp_path):
    (tmp_path / "m.csv").write_text("photometry_id,metalabel,label\n9,mp,x\n007,randjunk,y\n", encoding="utf-8")
    found = read_labels(
        str(tmp_path / "m.csv"),
        columns={"candidate_id": "photometry_id", "label": "metalabel"},
        words={"mp": "real", "randjunk": "bogus"},
    )
    assert found[["candidate_id", "label", "word", "row"]].to_numpy().tolist() == [
        ["9", 1, "mp", 2],
        ["007", 0, "randjunk", 3],
    ]


def test_a_file_may_have_no_label_column(tmp_path):
    (tmp_path / "m.csv").write_text("id\na\n", encoding="utf-8")
    found = read_labels(str(tmp_path / "m.csv"), columns={"candidate_id": "id", "label": ""})
    assert found["candidate_id"].tolist() == ["a"]
    assert "label" not in found


@pytest.mark.replaces("gotorb", "G4")
def test_an_id_twice_or_empty_is_an_error_that_names_both_rows(tmp_path):
    with pytest.raises(InputError, match=r"row 4: candidate_id 'a' already appears in row 2; allowed: once"):
        read(tmp_path, "candidate_id,label\na,1\nb,0\na,1\n")
    with pytest.raises(InputError, match=r"row 3: candidate_id is empty"):
        read(tmp_path, "candidate_id,label\na,1\n,0\n")


def test_the_night_stands_in_a_files_name(tmp_path):
    (tmp_path / "2026-01-05.csv").write_text("candidate_id,label\na,1\n", encoding="utf-8")
    assert read_labels(str(tmp_path / "{night}.csv"), "2026-01-05")["candidate_id"].tolist() == ["a"]
    with pytest.raises(MissingInputError, match=r"no label file .*2026-01-06.csv"):
        read_labels(str(tmp_path / "{night}.csv"), "2026-01-06")


def test_every_file_that_labels_and_cleaning_name_has_a_digest(tmp_path):
    (tmp_path / "a.csv").write_text("1", encoding="utf-8")
    entries = [{"provider": "list", "file": str(tmp_path / "{night}.csv")}, {"cleaner": "variables", "catalogue": ""}]
    assert list(named_files(entries, "a")) == [str(tmp_path / "{night}.csv")]


@settings(max_examples=60, deadline=None)
@given(st.one_of(st.binary(max_size=200), st.text(max_size=100).map(lambda t: ("candidate_id,label\n" + t).encode())))
def test_any_bytes_are_labels_or_our_own_error(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("fuzz") / "l.csv"
    path.write_bytes(data)
    try:
        assert set(read_labels(str(path))["label"]) <= {-1, 0, 1}
    except InputError as error:
        assert "\n" not in str(error)
