"""Labels by the names of a survey's own classes."""

import numpy as np
import pandas as pd
import pytest

from pipeline.errors import InputError, SettingsError
from pipeline.io.tables.label_file import read_labels
from pipeline.io.tables.relabel_file import read_relabels
from pipeline.labels import LABEL_PROVIDERS, examine_chain, label_candidates, parse_chain

CLASSES = ("Others", "ELG", "LRG", "QSO")


def label(candidates, table, classes=CLASSES, **settings):
    links = parse_chain([{"provider": "list", "table": "t", **settings}], "survey.yaml", classes)
    return label_candidates(candidates, links, {links[0].reads["list"].key: table}).candidates


@pytest.mark.replaces("4most", "M2")
def test_a_list_says_classes_by_name_in_any_case_or_by_code(make_rows):
    said = ["ELG", "qso", "others", "2", 3.0, "none", None, "-1"]
    table = pd.DataFrame({"candidate_id": list("abcdefgh"), "label": pd.Series(said, dtype=object)})
    found = label(make_rows("abcdefgh"), table)
    assert found["label"].tolist() == [1, 3, 0, 2, 3, -1, -1, -1]
    assert found["kind"].tolist() == ["ELG", "QSO", "Others", "LRG", "QSO", "", "", ""]
    assert found["label"].dtype == np.int8


def test_words_mean_classes_and_a_whole_list_may_be_of_one(make_rows):
    table = pd.DataFrame({"candidate_id": ["a", "b"], "label": ["emission line", "red"]})
    assert label(make_rows("ab"), table, words={"emission line": "elg", "red": "LRG"})["label"].tolist() == [1, 2]
    assert label(make_rows("ab"), table, label="QSO", kind="quasar")["kind"].tolist() == ["quasar", "quasar"]


def test_real_and_bogus_are_no_classes_of_such_a_survey(make_rows):
    table = pd.DataFrame({"candidate_id": ["a"], "label": ["real"]})
    with pytest.raises(InputError, match=r"has label 'real'; allowed: 0 \(Others\), 1 \(ELG\), .*, QSO, none, nothing"):
        label(make_rows("a"), table)
    with pytest.raises(SettingsError, match=r"provider 'list': words\.x is 'real'; allowed: Others"):
        label(make_rows("a"), table, words={"x": "real"})
    with pytest.raises(SettingsError, match="label is 'bogus'; allowed: nothing, Others, ELG, LRG, QSO"):
        label(make_rows("a"), table, label="bogus")


def test_an_id_with_two_classes_is_named_with_both(make_rows):
    table = pd.DataFrame({"candidate_id": ["a", "a"], "label": ["ELG", "QSO"]})
    with pytest.raises(InputError, match="candidate_id 'a' is both QSO and ELG"):
        label(make_rows("a"), table)


def test_a_disagreement_is_told_by_the_names_of_the_classes(make_rows):
    entries = [{"provider": "list", "table": name} for name in ("one", "other")]
    links = parse_chain(entries, "survey.yaml", CLASSES)
    tables = {name: pd.DataFrame({"candidate_id": ["a"], "label": [said]}) for name, said in
              (("one", "ELG"), ("other", "LRG"))}  # fmt: skip
    (reason,) = label_candidates(make_rows("a"), links, tables).conflicts["reason"]
    assert reason == "label conflict: one says ELG, other says LRG"


@pytest.mark.parametrize("name", sorted(set(LABEL_PROVIDERS) - {"list", "catalogue"}))
def test_a_provider_that_knows_real_and_bogus_alone_is_a_fault_of_a_survey_of_more_classes(name):
    links, faults = examine_chain([{"provider": name}], "surveys/s.yaml", CLASSES)
    assert not links
    assert faults == [
        f"surveys/s.yaml: labels: provider {name!r}: it tells real from bogus, and the survey has 4 classes: "
        "Others, ELG, LRG, QSO; allowed: catalogue, list"
    ]
    assert examine_chain([{"provider": name}], "surveys/s.yaml")[1] == []


def test_files_of_labels_and_of_new_labels_name_the_classes(tmp_path):
    file = tmp_path / "labels.csv"
    file.write_text("candidate_id,label\na,LRG\nb,1\nc,none\nd,Galaxy\n", encoding="utf-8")
    assert read_labels(str(file), words={"Galaxy": "Others"}, class_names=CLASSES)["label"].tolist() == [2, 1, -1, 0]
    file.write_text("candidate_id,label\na,LRG\nb,1\nc,3.0\n", encoding="utf-8")
    assert read_relabels(str(file), CLASSES).to_dict() == {"a": 2, "b": 1, "c": 3}
    file.write_text("candidate_id,label\na,real\n", encoding="utf-8")
    with pytest.raises(InputError, match="row 2: label is 'real'; allowed: 3, 2, 1, 0, QSO, LRG, ELG, Others"):
        read_relabels(str(file), CLASSES)
