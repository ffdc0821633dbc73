import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import InputError, MissingInputError, NightsiftError
from pipeline.io.tables.relabel_file import read_relabels


@pytest.mark.replaces("psat-ml", "P12")
@pytest.mark.parametrize(
    "text",
    [
        "candidate_id,label\n0017,1\nb,0\n",
        "id,label\n0017,real\nb,bogus\n",
        "0017,1\nb,0\n",
        "file,label\n0017.fits,1.0\n/d/b.fits,0\n",
    ],
)
def test_a_list_of_ids_and_labels_with_or_without_a_head(tmp_path, text):
    (tmp_path / "new.csv").write_text(text)
    assert read_relabels(str(tmp_path / "new.csv")).to_dict() == {"0017": 1, "b": 0}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,1\nb,2\n", "row 2: label is '2'; allowed: 1, 0, real, bogus"),
        ("a,1\nb,0\na,1\n", "row 3: id 'a' appears twice"),
        ("a,1\n,0\n", "row 2: id '' is empty"),
        ("a\nb\n", "one column; allowed: an id and a label"),
        ("", "is not a readable CSV file"),
    ],
)
def test_a_bad_row_is_named(tmp_path, text, message):
    (tmp_path / "new.csv").write_text(text)
    with pytest.raises(InputError, match=message):
        read_relabels(str(tmp_path / "new.csv"))


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(MissingInputError, match="no label file"):
        read_relabels(str(tmp_path / "new.csv"))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=100))
def test_whatever_a_file_holds_only_our_own_errors_come_out(tmp_path, content):
    (tmp_path / "new.csv").write_bytes(content)
    try:
        read_relabels(str(tmp_path / "new.csv"))
    except NightsiftError as error:
        assert "\n" not in str(error)
