import signal
import sqlite3
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime

import numpy as np
import pytest

from pipeline.errors import InputError, SettingsError, StorageError, UnknownNameError
from pipeline.io.database.settings import DatabaseSettings
from pipeline.io.verdicts import COLUMNS, Verdict, append, open_store, read, undo


@pytest.fixture
def store(tmp_path):
    opened = open_store("own", data=tmp_path)
    yield opened
    opened.close()


def said(name, verdict="real", person="ada", token="", **more):
    return Verdict(
        survey="own", candidate_id=name, verdict=verdict, person=person, token=token or f"{person} {name}", **more
    )


def test_a_verdict_is_read_back_as_it_was_given(store):
    given = said(
        str(2**53 + 1), object_id="007", night="2026-01-05", of="object", package="net-1", score=0.25,
        page_version="1", queue="uncertain", gold=True, seconds=1.5, keys=0.25,
    )  # fmt: skip
    assert append(store, [given, said("b")]) == [1, 2]
    table = read(store)
    assert tuple(table) == COLUMNS
    first, second = table.to_dict("records")
    assert {name: first[name] for name in vars(given)} == vars(given)
    assert datetime.fromisoformat(first["at_utc"]).utcoffset().total_seconds() == 0
    assert np.isnan(second["score"]) and np.isnan(second["seconds"])
    assert (second["of"], second["gold"], second["keys"]) == ("detection", 0, 1.0)


def test_what_is_sent_again_counts_once(store):
    assert append(store, [said("a"), said("b")]) == [1, 2]
    first, second = append(store, [said("b"), said("c")])
    assert first == 2
    assert second > 2
    assert list(read(store)["candidate_id"]) == ["a", "b", "c"]


def test_a_token_of_another_verdict_is_refused_and_nothing_of_the_batch_is_kept(store):
    append(store, [said("a", token="t")])
    with pytest.raises(InputError, match="token 't' of 'ada' was used for candidate 'a' before"):
        append(store, [said("b"), said("c", token="t")])
    assert len(read(store)) == 1


def test_undone_verdicts_stay_in_the_table_and_are_left_out_on_request(store):
    first, second = append(store, [said("a"), said("b")])
    (number,) = undo(store, [first], "ada", ["u1"])
    assert undo(store, [first], "ada", ["u1"]) == [number]
    table = read(store)
    assert list(table["verdict"]) == ["real", "real", "undo"]
    assert list(table["undoes"].fillna(0)) == [0, 0, first]
    assert list(read(store, resolved=True)["verdict_id"]) == [second]


def test_one_key_that_takes_a_page_back_is_counted_once(store):
    numbers = append(store, [said(name, seconds=1500.0) for name in "abcd"])
    undo(store, numbers, "ada", list("uvwx"))
    undone = read(store).iloc[4:]
    assert undone["keys"].sum() == pytest.approx(1)
    assert undone["seconds"].isna().all()


@pytest.mark.parametrize(("number", "person"), [(1, "bob"), (9, "ada"), (2, "ada")])
def test_only_a_verdict_of_ones_own_is_undone(store, number, person):
    append(store, [said("a"), said("b")])
    undo(store, [2], "ada", ["u"])  # row 3
    with pytest.raises(InputError, match="cannot be undone"):
        undo(store, [3 if number == 2 else number], person, ["v"])


def test_rows_are_chosen_by_their_columns(store):
    append(store, [said("a", night="1"), said("a", night="2", token="x"), said("b", person="bob", night="1")])
    assert list(read(store, night="1", person="ada")["verdict_id"]) == [1]
    assert len(read(store, person="'; DROP TABLE verdicts; --")) == 0
    assert len(read(store)) == 3
    with pytest.raises(UnknownNameError, match="unknown column of verdicts 'nigth'"):
        read(store, nigth="1")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"candidate_id": ""}, "a verdict has no candidate_id"),
        ({"person": "a\x1bb"}, "none of them a control character"),
        ({"queue": "q" * 201}, "up to 200 characters"),
        ({"of": "night"}, "allowed: detection, object"),
        ({"of": "object"}, "has no object_id"),
    ],
)
def test_a_verdict_that_names_nothing_or_holds_odd_text_is_refused(more, message):
    with pytest.raises(InputError, match=message):
        Verdict(**{"survey": "s", "candidate_id": "a", "verdict": "real", "person": "p", "token": "t", **more})


def test_only_classes_of_the_survey_and_the_states_are_verdicts(store, tmp_path):
    with pytest.raises(InputError, match="candidate 'a' is 'star'; allowed: bogus, real, unsure, snooze, fast_track"):
        append(store, [said("a", "star")])
    stars = open_store("stars", data=tmp_path, class_names=("galaxy", "star"))
    assert append(stars, [said("a", "star"), said("b", "snooze")]) == [1, 2]
    stars.close()


def test_a_table_of_another_version_is_refused(store, tmp_path):
    with closing(sqlite3.connect(tmp_path / "own/verdicts/verdicts.sqlite")) as connection, connection:
        connection.execute("UPDATE verdicts_schema SET version = 2")
    with pytest.raises(InputError, match="verdicts of schema 2; this version reads schema 1"):
        open_store("own", data=tmp_path)


def test_a_place_that_cannot_hold_verdicts_is_named(tmp_path):
    (tmp_path / "own").write_text("a file")
    with pytest.raises(StorageError, match=r"verdicts\.sqlite cannot hold verdicts"):
        open_store("own", data=tmp_path)
    with pytest.raises(SettingsError, match=r"survey is '\.\./x'"):
        open_store("../x", data=tmp_path)
    with pytest.raises(SettingsError, match="engine is 'mysql'; allowed: postgresql"):
        open_store("own", DatabaseSettings(engine="mysql", name="n"), data=tmp_path)


def test_people_who_write_at_once_lose_nothing(tmp_path, store):
    def work(person):
        own = open_store("own", data=tmp_path)
        for batch in range(5):
            append(own, [said(f"{batch}-{place}", person=person) for place in range(4)])
        own.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, ("ada", "bob", "cem", "dot")))
    counts = read(store).groupby("person").size()
    assert counts.to_dict() == dict.fromkeys(("ada", "bob", "cem", "dot"), 20)


WRITER = """
    import sys
    from pathlib import Path
    from pipeline.io.verdicts import Verdict, append, open_store
    store = open_store("own", data=Path(sys.argv[1]))
    for batch in range(10**6):
        names = [f"{batch}-{place}" for place in range(3)]
        append(store, [Verdict(survey="own", candidate_id=n, verdict="real", person="p", token=n) for n in names])
        print(batch, flush=True)
"""


def test_a_writer_that_is_killed_loses_nothing_that_it_confirmed(tmp_path):
    command = [sys.executable, "-c", textwrap.dedent(WRITER), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        confirmed = [int(child.stdout.readline()) for _ in range(5)]
        child.send_signal(signal.SIGKILL)
        confirmed += [int(line) for line in child.stdout.read().splitlines()]
    store = open_store("own", data=tmp_path)
    batches = read(store)["candidate_id"].str.partition("-")[0].astype(int).value_counts()
    store.close()
    assert set(batches) == {3}  # a batch is there as a whole or not at all
    assert set(confirmed) <= set(batches.index) <= {*confirmed, len(confirmed)}
