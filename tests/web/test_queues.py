import numpy as np
import pytest

from pipeline.errors import SettingsError, UnknownNameError
from pipeline.io.verdicts import Verdict, open_store
from web.candidates import read_candidates
from web.queues import GOLD_EVERY, Wanted, listed, queue_names
from web.verdict_book import VerdictBook

COUNT = 400


@pytest.fixture(scope="module")
def many(make_rows, make_cutouts, tmp_path_factory):
    """Return 400 candidates with rising scores, every fourth labelled, half of these by a teacher."""
    path = tmp_path_factory.mktemp("many") / "many.h5"
    number = np.arange(COUNT)
    source = np.where(number % 4 == 0, np.where(number % 8 == 0, "eyeball", "teacher"), "")
    rows = make_rows(number, label=np.where(number % 4 == 0, 1, -1), label_source=source)
    make_cutouts(path, rows)
    lines = [f"{name},{name / COUNT},{1 - name / COUNT},{name / COUNT},{int(name >= COUNT / 2)}" for name in number]
    scores = path.with_suffix(".csv")
    scores.write_text("\n".join(["candidate_id,score,p_0,p_1,label_predicted", *lines]) + "\n")
    return read_candidates(path, scores, lists={"selected": ["7", "3", "elsewhere"]})


@pytest.fixture
def book(tmp_path):
    store = open_store("toy", data=tmp_path)
    yield VerdictBook(store, "toy")
    store.close()


def say(book, name, verdict="real", person="ada"):
    book.append(
        [Verdict(survey="toy", candidate_id=str(name), verdict=verdict, person=person, token=f"{person}{name}")]
    )


def seen(many, book, **wanted):
    return listed(many, book, Wanted(**{"person": "ada", **wanted}))


def test_without_labels_one_of_twenty_is_a_known_one_at_its_place_in_the_order(many, book):
    found = seen(many, book, unlabelled=True, sort="-score")
    labels = many.rows["label"].to_numpy()[found.rows]
    assert set(found.rows[labels >= 0]) == found.gold
    assert len(found.gold) == pytest.approx(300 / (GOLD_EVERY - 1), abs=1)
    assert set(many.rows["label_source"].iloc[list(found.gold)]) == {"eyeball"}
    assert (np.diff(many.rows["score"].to_numpy()[found.rows]) < 0).all()
    places = np.flatnonzero(labels >= 0)
    assert np.diff(places).max() <= 2 * GOLD_EVERY


def test_known_ones_differ_between_people_and_stay_for_one(many, book):
    of = {name: seen(many, book, unlabelled=True, person=name).gold for name in ("ada", "bob")}
    assert of["ada"] != of["bob"]
    assert seen(many, book, unlabelled=True).gold == of["ada"]


@pytest.mark.parametrize("queue", ["selected", "mistakes", "disagreement"])
def test_queues_that_labels_decide_have_no_gold(many, book, queue):
    assert seen(many, book, queue=queue).gold == frozenset()


def test_uncertain_ones_come_first_and_a_list_keeps_its_order(many, book):
    assert seen(many, book, queue="uncertain").rows[:3].tolist() in ([200, 199, 201], [200, 201, 199])
    assert seen(many, book, queue="selected").rows.tolist() == [7, 3]


def test_the_audit_draws_of_what_would_be_cut_and_stays(many, book):
    rows = seen(many, book, queue="audit").rows
    assert sorted(rows) == list(range(200))
    assert rows.tolist() != sorted(rows)
    assert rows.tolist() == seen(many, book, queue="audit").rows.tolist()


def test_mistakes_are_labels_that_the_classifier_calls_otherwise(many, book):
    assert seen(many, book, queue="mistakes").rows.tolist() == list(range(0, 200, 4))


def test_queues_of_verdicts(many, book):
    for name, verdict in ((5, "real"), (6, "snooze"), (8, "unsure"), (9, "fast_track")):
        say(book, name, verdict)
    say(book, 5, "bogus", "bob")
    say(book, 6, "real", "bob")
    say(book, "elsewhere", "snooze")
    found = {
        name: seen(many, book, queue=name).rows.tolist() for name in ("disagreement", "snoozed", "unsure", "fast_track")
    }
    assert found == {"disagreement": [5], "snoozed": [6], "unsure": [8], "fast_track": [9]}
    assert seen(many, book, queue="snoozed", person="bob").rows.tolist() == []
    unseen = seen(many, book, unseen=True).rows
    assert not {5, 6, 8, 9} & set(unseen.tolist())
    assert len(unseen) == COUNT - 4


def test_a_bad_detection_of_a_good_object_is_no_disagreement(many, book):
    shared = {"survey": "toy", "candidate_id": "5", "object_id": "o", "person": "ada"}
    book.append(
        [Verdict(**shared, verdict="bogus", token="a"), Verdict(**shared, verdict="real", of="object", token="b")]
    )
    book.append([Verdict(**shared | {"person": "bob"}, verdict="bogus", token="c")])
    assert seen(many, book, queue="disagreement").rows.tolist() == []
    book.append([Verdict(**shared | {"person": "bob"}, verdict="bogus", of="object", token="d")])
    assert seen(many, book, queue="disagreement").rows.tolist() == [5]


def test_what_is_not_known_is_named(many, book):
    with pytest.raises(UnknownNameError, match="unknown queue 'uncertian'"):
        seen(many, book, queue="uncertian")
    with pytest.raises(UnknownNameError, match="unknown column 'label'"):
        seen(many, book, sort="-label")
    with pytest.raises(SettingsError, match="filter"):
        seen(many, book, where="score >")


def test_without_scores_there_are_no_queues_by_scores(many, book):
    bare = read_candidates(many.cutouts)
    assert {"uncertain", "audit", "mistakes"}.isdisjoint(queue_names(bare))
    assert len(listed(bare, book, Wanted(person="ada")).rows) == COUNT
