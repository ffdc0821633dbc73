import pytest

from pipeline.io.verdicts import Verdict, append, open_store
from web.verdict_book import VerdictBook


def said(name, verdict="real", person="ada", token=""):
    return Verdict(survey="toy", candidate_id=name, verdict=verdict, person=person, token=token or f"{person}:{name}")


@pytest.fixture
def books(tmp_path):
    stores = [open_store("toy", data=tmp_path) for _ in range(2)]
    yield [VerdictBook(store, "toy") for store in stores]
    for store in stores:
        store.close()


def test_what_another_server_stored_and_undid_is_seen(books):
    here, there = books
    numbers = there.append([said("a"), said("b", "bogus", "bob")])
    assert here.of("a") == []
    here.refresh()
    assert [one.verdict for one in here.of("a")] == ["real"]
    assert here.people() == ["ada", "bob"]
    there.undo(numbers[:1], "ada", ["u"])
    here.refresh()
    assert here.of("a") == []
    assert here.people() == ["bob"]


def test_the_last_verdict_of_each_person_counts(books):
    book = books[0]
    book.append([said("a"), said("a", "bogus", "bob")])
    book.append([said("a", "unsure", token="2")])
    assert book.latest() == {"a": {"ada": "unsure", "bob": "bogus"}}
    assert book.latest("bob") == {"a": {"bob": "bogus"}}
    assert book.last_of("a", "ada").verdict == "unsure"
    assert book.last_of("a", "cem") is None


def test_batches_are_found_again_by_their_tokens(books):
    book = books[0]
    first = book.append([said("a", token="x:0"), said("b", token="x:1")])
    second = book.append([said("c", token="y:0")])
    assert book.batches("ada") == [[(first[0], "a"), (first[1], "b")], [(second[0], "c")]]
    book.undo(second, "ada", ["u:0"])
    assert [[name for _, name in batch] for batch in VerdictBook(book.store, "toy").batches("ada")] == [["a", "b"]]


def test_verdicts_of_another_survey_in_the_same_database_are_of_other_candidates(books):
    append(books[0].store, [Verdict(survey="sky", candidate_id="a", verdict="bogus", person="ada", token="s")])
    books[0].append([said("a")])
    assert books[0].latest() == {"a": {"ada": "real"}}
