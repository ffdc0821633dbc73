import json

import pandas as pd
import pytest
from verdict_tables import verdict_table

from pipeline.errors import InputError
from pipeline.io.tables.label_snapshot import read_snapshot
from pipeline.labels import parse_chain
from pipeline.recipes.people_labels import PeopleLabels
from pipeline.stages.snapshot_labels import snapshot_labels
from pipeline.surveys.label_tables import read_reference

LATER = "2026-02-01T00:00:00"
OBJECT = {"of": "object"}


@pytest.fixture
def snapshot(tmp_path):
    """Return a function that takes a snapshot, and gives the tables of detections and objects by their ids."""

    def take(*rows, until=LATER, class_names=("bogus", "real"), **rules):
        snapshot_labels(tmp_path, verdict_table(*rows), PeopleLabels(until=until, **rules), class_names)
        files = {"candidate_id": "detections.csv", "object_id": "objects.csv"}
        read = [pd.read_csv(tmp_path / file, dtype={item: str}, keep_default_na=False) for item, file in files.items()]
        return [table.set_index(item) for table, item in zip(read, files, strict=True)]

    return take


def test_labels_are_what_people_agree_on_and_say_on_how_many_votes(snapshot):
    detections, objects = snapshot(("ada", "a1", "real"), ("bob", "a1", "real"), ("ada", "a2", "bogus"))
    assert detections["label"].to_dict() == {"a1": "real", "a2": "bogus"}
    assert detections["label_source"].tolist() == ["eyeball", "eyeball"]
    assert detections["votes"].tolist() == detections["agreeing"].tolist() == [2, 1]
    assert detections["state"].tolist() == ["retired", "open"]
    assert detections["verdict_id"].tolist() == [2, 3]
    assert (detections["probability"] > 0.5).all()
    assert not len(objects)


def test_snoozed_unsure_fast_track_and_undone_verdicts_are_no_labels(snapshot):
    detections, _ = snapshot(
        ("ada", "a1", "snooze"), ("ada", "a2", "unsure"), ("ada", "a3", "fast_track"), ("ada", "a4", "real"),
        ("ada", "a4", "undo", {"undoes": 4}),
    )  # fmt: skip
    assert not len(detections)


def test_a_verdict_on_a_detection_is_none_on_its_object(snapshot):
    detections, objects = snapshot(("ada", "a1", "bogus"), ("ada", "a2", "real", OBJECT))
    assert detections["label"].to_dict() == {"a1": "bogus"}
    assert objects["label"].to_dict() == {"a": "real"}


def test_what_people_say_later_does_not_count_nor_does_what_they_take_back_later(snapshot):
    rows = [("ada", "a1", "real"), ("ada", "a1", "undo", {"undoes": 1}), ("ada", "a1", "bogus")]
    first, _ = snapshot(*rows, until="2026-01-05T20:00:01")
    assert first["label"].to_dict() == {"a1": "real"}
    assert not len(snapshot(*rows, until="2026-01-05T20:00:02")[0])
    assert snapshot(*rows)[0]["label"].to_dict() == {"a1": "bogus"}


def test_a_snapshot_is_the_same_while_people_go_on(snapshot, tmp_path):
    rows = [("ada", "a1", "real"), ("bob", "a1", "bogus"), ("bob", "a2", "real"), ("ada", "a3", "bogus")]
    snapshot(*rows[:3], until="2026-01-05T20:00:03")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    snapshot(*rows, until="2026-01-05T20:00:03")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_tie_is_no_label_and_more_may_be_asked_for(snapshot):
    detections, _ = snapshot(("ada", "a1", "real"), ("bob", "a1", "bogus"), ("ada", "a2", "real"))
    assert detections["label"].to_dict() == {"a1": "", "a2": "real"}
    common = [(who, f"c{place}0", "bogus") for who in ("ada", "bob") for place in range(20)]
    assert snapshot(("ada", "a1", "real"), ("bob", "a1", "bogus"), *common)[0]["label"]["a1"] == ""
    detections, _ = snapshot(("ada", "a1", "real"), ("bob", "a1", "real"), ("ada", "a2", "real"), least_votes=2)
    assert detections["label"].to_dict() == {"a1": "real", "a2": ""}
    assert detections["label_source"].to_dict() == {"a1": "eyeball", "a2": ""}


def test_hidden_gold_teaches_how_well_people_judge_and_is_no_new_label(snapshot, tmp_path):
    (tmp_path / "gold.csv").write_text("candidate_id,label\ng1,real\ng2,bogus\ng3,real\ng4,bogus\n")
    truth = {"g1": "real", "g2": "bogus", "g3": "real", "g4": "bogus"}
    other = {"real": "bogus", "bogus": "real"}
    gold = [("ada", name, said, {"gold": 1}) for name, said in truth.items()]
    gold += [(who, name, other[said], {"gold": 1}) for name, said in truth.items() for who in ("bob", "bea")]
    said = [("ada", "a1", "real"), ("bob", "a1", "bogus"), ("bea", "a1", "bogus")]
    detections, _ = snapshot(*gold, *said, gold=str(tmp_path / "gold.csv"))
    assert detections["label"].to_dict() == {"a1": "real"}
    people = json.loads((tmp_path / "people.json").read_text())["detection"]["people"]
    assert people["ada"]["confusion"][1][1] > 0.8 > people["bob"]["confusion"][1][1]


def test_the_labels_read_back_and_a_provider_of_lists_reads_them_too(snapshot, tmp_path):
    snapshot(("ada", "a1", "real"), ("ada", "a2", "bogus"), ("bob", "b1", "real", OBJECT), ("ada", "a3", "real"),
             ("bob", "a3", "bogus"))  # fmt: skip
    found = read_snapshot(tmp_path, ("bogus", "real"))
    assert found.detections.to_dict() == {"a1": 1, "a2": 0}
    assert found.objects.to_dict() == {"b": 1}
    entry = {"provider": "list", "table": "people", "unknown_ids": "ignore"}
    chain = parse_chain(
        [entry | {"file": str(tmp_path / "detections.csv")},
         entry | {"file": str(tmp_path / "objects.csv"), "of": "object"}], "toy")  # fmt: skip
    tables = [read_reference(Toy(), link.reads["list"], "2026-01-05") for link in chain]
    candidates = pd.DataFrame({"candidate_id": ["a1", "b7", "c1"], "object_id": ["a", "b", "c"]})
    said = [
        link.verdict(candidates, {link.reads["list"].key: table}) for link, table in zip(chain, tables, strict=True)
    ]
    assert [one.label.tolist() for one in said] == [[1, -1, -1], [-1, 1, -1]]
    assert [one.source.tolist()[place] for place, one in enumerate(said)] == ["eyeball", "eyeball"]


class Toy:
    class settings:  # noqa: N801
        class_names = ("bogus", "real")


def test_three_classes_and_ids_like_numbers_and_formulas_survive(snapshot, tmp_path):
    names = ("Others", "ELG", "QSO")
    snapshot(("ada", "0017", "QSO"), ("ada", "=1+1", "ELG"), class_names=names)
    found = read_snapshot(tmp_path, names).detections
    assert found.to_dict() == {"0017": 2, "=1+1": 1}
    with pytest.raises(InputError, match="verdict 1 on candidate 'a1' is 'QSO'; allowed: bogus, real"):
        snapshot(("ada", "a1", "QSO"))


def test_nothing_at_all_is_a_snapshot_of_nothing(snapshot, tmp_path):
    assert [len(table) for table in snapshot()] == [0, 0]
    assert read_snapshot(tmp_path, ("bogus", "real")).detections.to_dict() == {}
