"""Lists and external files: joined by id, words and columns as the settings say."""

import pandas as pd
import pytest

from pipeline.errors import InputError, SettingsError
from pipeline.labels import label_candidates, parse_chain


def chain(**settings):
    return parse_chain([{"provider": "list", **settings}], "survey.yaml")


def label(candidates, table, **settings):
    (link,) = links = chain(table="t", **settings)
    return label_candidates(candidates, links, {link.reads["list"].key: table}).candidates


@pytest.mark.parametrize(("word", "value", "kind"), [("real", 1, "transient"), ("bogus", 0, "bogus")])
def test_a_list_without_a_label_column_says_the_same_of_every_row(make_rows, word, value, kind):
    found = label(make_rows("ab"), pd.DataFrame({"candidate_id": ["b", "b"]}), label=word, source="asteroid")
    assert found["label"].tolist() == [-1, value]
    assert found["kind"].tolist() == ["", kind]
    assert found["label_source"].tolist() == ["", "asteroid"]


def test_the_kind_of_a_list_is_a_setting(make_rows):
    found = label(make_rows("a"), pd.DataFrame({"candidate_id": ["a"]}), label="real", kind="mover")
    assert found["kind"].tolist() == ["mover"]


@pytest.mark.replaces("gotorb", "G4")
def test_id_column_label_column_and_words_are_settings(make_rows):
    table = pd.DataFrame({"photometry_id": ["c", "a", "b"], "metalabel": ["randjunk", "mp", "?"]})
    words = {"mp": "real", "randjunk": "bogus", "?": "none"}
    columns = {"id_column": "photometry_id", "label_column": "metalabel", "words": words}
    found = label(make_rows("abc"), table, kinds={"mp": "mover"}, **columns)
    assert found["label"].tolist() == [1, -1, 0]
    assert found["kind"].tolist() == ["mover", "", "bogus"]


def test_a_word_that_no_setting_explains_is_an_error_with_those_allowed(make_rows):
    table = pd.DataFrame({"candidate_id": ["a"], "label": ["goood"]})
    with pytest.raises(
        InputError, match=r"labels 't': candidate_id 'a' has label 'goood'; allowed: 1 \(real\).*, good"
    ):
        label(make_rows("a"), table, words={"good": "real"})


@pytest.mark.parametrize("words", [{}, {"good": "real"}])
def test_real_bogus_and_nothing_need_no_setting(make_rows, words):
    said = ["real", "Bogus", "none", "", None, float("nan"), "1", 0.0]
    table = pd.DataFrame({"candidate_id": list("abcdefgh"), "label": pd.Series(said, dtype=object)})
    assert label(make_rows("abcdefgh"), table, words=words)["label"].tolist() == [1, 0, -1, -1, -1, -1, 1, 0]


def test_a_column_of_numbers_may_have_gaps(make_rows):
    table = pd.DataFrame({"candidate_id": ["a", "b", "c"], "label": [1.0, float("nan"), 0.0]})
    assert label(make_rows("abc"), table)["label"].tolist() == [1, -1, 0]


def test_words_mean_real_bogus_or_none():
    with pytest.raises(SettingsError, match=r"words.mp is 'yes'; allowed: real, bogus, none"):
        chain(table="t", words={"mp": "yes"})
    with pytest.raises(SettingsError, match=r"label is 'real' for every row; then words and kinds say nothing"):
        chain(table="t", label="real", words={"mp": "real"})
    with pytest.raises(SettingsError, match=r"provider 'list': label is 'good'; allowed: nothing, bogus, real"):
        chain(table="t", label="good")


@pytest.mark.parametrize(
    "words", [{"false": "real", "true": "bogus"}, {"False": "real", "T": "bogus"}, {"f": "real", "1": "bogus"}]
)
@pytest.mark.parametrize("values", [[False, True], [0, 1], [0.0, 1.0], ["f", "t"], ["False", "TRUE "], [b"0", b"1"]])
def test_a_truth_value_means_what_its_word_says_whatever_the_server_gives_for_it(make_rows, words, values):
    table = pd.DataFrame({"candidate_id": ["a", "b"], "is_artefact": pd.Series(values, dtype=object)})
    found = label(make_rows("ab"), table, label_column="is_artefact", words=words, kinds={"false": "mover"})
    assert found["label"].tolist() == [1, 0]
    assert found["kind"].tolist() == ["mover", "bogus"]


def test_a_word_as_it_stands_goes_before_its_other_spellings(make_rows):
    table = pd.DataFrame({"candidate_id": ["a", "b", "c"], "label": ["R", "r", "r "]})
    found = label(make_rows("abc"), table, words={"R": "real", "r": "bogus"})
    assert found["label"].tolist() == [1, 0, 0]
