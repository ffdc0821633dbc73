import pandas as pd
import pytest

from pipeline.errors import InputError
from pipeline.people.votes import standing, votes_of


def verdicts(*rows, **columns):
    """Return a table of verdicts from ``person candidate verdict``; the object of candidate a1 is a, and so on."""
    table = pd.DataFrame(rows, columns=["person", "candidate_id", "verdict"])
    table = table.assign(verdict_id=range(1, len(table) + 1), object_id=table["candidate_id"].str[:-1])
    return table.assign(**{"of": "detection", "undoes": None, "gold": 0} | columns)


def said(table, of="detection"):
    votes = votes_of(table, of).table
    return {(item, person): label for item, person, label in votes[["item", "person", "label"]].itertuples(index=False)}


def test_the_last_verdict_of_a_person_counts_whatever_the_order_of_the_rows():
    table = verdicts(("ada", "a1", "real"), ("bob", "a1", "bogus"), ("ada", "a1", "bogus"), ("bob", "a2", "real"))
    expected = {("a1", "ada"): 0, ("a1", "bob"): 0, ("a2", "bob"): 1}
    assert said(table) == said(table.iloc[::-1]) == expected


def test_after_an_undo_the_verdict_before_it_holds_again():
    table = verdicts(("ada", "a1", "real"), ("ada", "a1", "bogus"), ("ada", "a1", "undo"), undoes=[None, None, 2])
    assert said(table) == {("a1", "ada"): 1}
    assert standing(table)["verdict_id"].tolist() == [1]


def test_unsure_takes_a_vote_back_and_snooze_and_fast_track_are_none_and_change_none():
    table = verdicts(
        ("ada", "a1", "real"), ("ada", "a1", "unsure"), ("ada", "a2", "real"), ("ada", "a2", "snooze"),
        ("bob", "a1", "fast_track"), ("bob", "a3", "snooze"),
    )  # fmt: skip
    assert said(table) == {("a2", "ada"): 1}


def test_detections_and_objects_are_apart():
    table = verdicts(("ada", "a1", "bogus"), ("ada", "a2", "real"), of=["detection", "object"])
    assert said(table, "detection") == {("a1", "ada"): 0}
    assert said(table, "object") == {("a", "ada"): 1}


def test_a_verdict_that_is_no_class_of_the_survey_is_named():
    with pytest.raises(InputError, match=r"verdict 2 on candidate 'a2' is 'ELG'; allowed: bogus, real, unsure"):
        votes_of(verdicts(("ada", "a1", "real"), ("ada", "a2", "ELG")), "detection")
    with pytest.raises(InputError, match="verdict 1 has no object_id"):
        votes_of(verdicts(("ada", "a1", "real"), of="object", object_id=""), "object")


def test_counts_gold_and_people_follow_the_items():
    table = verdicts(("bob", "b1", "real"), ("ada", "b1", "bogus"), ("ada", "a1", "real"), gold=[0, 1, 0])
    votes = votes_of(table, "detection")
    assert (votes.items.tolist(), votes.people.tolist()) == (["a1", "b1"], ["ada", "bob"])
    assert votes.counts.tolist() == [[0, 1], [1, 1]]
    assert votes.gold.tolist() == [False, True]


def test_nothing_at_all_is_no_vote():
    votes = votes_of(verdicts(), "detection")
    assert (len(votes.items), len(votes.people), votes.counts.shape) == (0, 0, (0, 2))
