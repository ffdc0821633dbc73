import pandas as pd
import pytest

from pipeline.datasets.relabelling import judged, relabel
from pipeline.errors import InputError
from pipeline.ids.text_blocks import HeldTexts

IDS = HeldTexts(["a", "b", "c"])


def rows():
    return pd.DataFrame({"label": [1, 0, -1], "label_source": ["list", "list", ""], "row": [2, 1, 0]})


def test_only_the_named_rows_change_and_say_who_changed_them():
    found = relabel(rows(), IDS, pd.Series([1, 1, 0], index=["b", "c", "a"]), "new.csv")
    assert found["label"].tolist() == [0, 1, 1]
    found = relabel(rows(), IDS, pd.Series([1], index=["c"]), "new.csv")
    assert found["label_source"].tolist() == ["list", "list", "eyeball"]
    assert found["row"].tolist() == [2, 1, 0]


def test_an_id_of_no_row_is_named():
    with pytest.raises(InputError, match=r"new\.csv: candidate_id 'z' belongs to no row"):
        relabel(rows(), IDS, pd.Series([1, 0], index=["a", "z"]), "new.csv")


NOBODY = pd.Series(dtype="int8")


def judged_rows(detections=NOBODY, objects=NOBODY, of_objects=(), **columns):
    """Return label and source of three detections of one object and one of another, after people judged them."""
    rows = pd.DataFrame({"label": [1, 0, -1, 1], "label_source": ["list", "junk", "", "list"]} | columns)
    ids, whose = HeldTexts(["a1", "a2", "a3", "b1"]), HeldTexts(["a", "a", "a", "b"])
    found = judged(rows, ids, whose, detections, objects, of_objects)
    return found["label"].tolist(), found["label_source"].tolist()


def test_a_detection_that_people_call_bogus_does_not_damn_its_object():
    labels, sources = judged_rows(pd.Series([0], index=["a1"]))
    assert labels == [0, 0, -1, 1]
    assert sources == ["eyeball", "junk", "", "list"]


def test_an_object_that_people_call_real_makes_no_judged_detection_real():
    labels, sources = judged_rows(pd.Series([0], index=["a3"]), pd.Series([1], index=["a"]))
    assert labels == [1, 0, 0, 1]
    assert sources == ["list", "junk", "eyeball", "list"]


def test_of_an_object_people_are_preferred_to_lists_of_objects_and_to_guesses():
    labels, sources = judged_rows(objects=pd.Series([1], index=["a"]), of_objects=["junk"])
    assert labels == [1, 1, 1, 1]
    assert sources == ["list", "eyeball", "eyeball", "list"]
    guessed = judged_rows(objects=pd.Series([1], index=["a"]), label_source=["bogus_draw", "teacher", "", "list"])
    assert guessed == ([1, 1, 1, 1], ["eyeball"] * 3 + ["list"])


def test_verdicts_of_other_nights_are_none_of_these_rows():
    assert judged_rows(pd.Series([0], index=["z9"]), pd.Series([0], index=["z"]))[0] == [1, 0, -1, 1]
    assert judged_rows()[0] == [1, 0, -1, 1]
