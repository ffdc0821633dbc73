"""Verdicts in a real PostgreSQL: the same as in a file."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from pipeline.errors import InputError
from pipeline.io.database.settings import DatabaseSettings, WritingUser
from pipeline.io.verdicts import Verdict, append, open_store, read, undo


@pytest.fixture
def settings(postgresql, monkeypatch):
    monkeypatch.setenv("NIGHTSIFT_DB_WRITE_PASSWORD", postgresql.password)
    name = postgresql.new_database()
    return DatabaseSettings(**postgresql.settings(name, write=WritingUser(user=postgresql.owner)))


def said(person, number, **more):
    return Verdict(survey="own", candidate_id="0012", verdict="real", person=person, token=f"{person} {number}", **more)


def test_a_server_keeps_verdicts_of_several_people_at_once(settings, tmp_path):
    with ThreadPoolExecutor(4) as pool:  # each makes the tables if they are not there
        stores = list(pool.map(lambda _: open_store("own", settings, data=tmp_path), range(4)))
        list(pool.map(lambda store, person: append(store, [said(person, n) for n in range(3)]), stores, "abcd"))
    store = stores[0]
    (again,) = append(store, [said("a", 0)])
    undo(store, [again], "a", ["back"])
    assert len(read(store)) == 13
    left = read(store, resolved=True)
    assert left.groupby("person").size().to_dict() == {"a": 2, "b": 3, "c": 3, "d": 3}
    assert set(left["candidate_id"]) == {"0012"}
    assert left["score"].isna().all()
    with pytest.raises(InputError, match="was used for candidate"):
        append(store, [said("b", 9), said("b", 1, of="object", object_id="7")])
    assert len(read(store)) == 13
