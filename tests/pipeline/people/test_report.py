import json

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import cohen_kappa_score
from verdict_tables import verdict_table

from pipeline.people.report import people_report


def rows_of(verdicts, label=-1, snr=10.0):
    ids = sorted(set(verdicts["candidate_id"]))
    return pd.DataFrame({"candidate_id": ids, "label": label, "snr": snr})


@pytest.fixture(scope="module")
def crowd():
    """Return verdicts of three people on 400 candidates, one in 20 of them gold, their rows, and their classes."""
    rng = np.random.default_rng(1)
    truth, snr = rng.integers(0, 2, 400), 10 ** rng.uniform(0.5, 1.5, 400)
    wrong = {"ada": np.full(400, 0.03), "bob": np.full(400, 0.1), "cem": np.where(snr < 10, 0.4, 0.02)}
    said = [
        (who, f"{place:03d}0", ("bogus", "real")[truth[place] ^ (rng.random() < share[place])],
         {"gold": int(place % 20 == 0)})
        for place in range(400) for who, share in wrong.items()
    ]  # fmt: skip
    verdicts = verdict_table(*said)
    rows = pd.DataFrame({"candidate_id": [f"{place:03d}0" for place in range(400)], "label": truth, "snr": snr})
    return verdicts, rows, truth


def test_people_are_told_apart_by_how_well_they_judge(crowd):
    verdicts, rows, truth = crowd
    people = {one["person"]: one for one in people_report(verdicts, rows)["detection"]["people"]}
    said = verdicts.assign(right=verdicts["verdict"] == np.array(["bogus", "real"])[np.repeat(truth, 3)])
    for who, one in people.items():
        right = said.loc[said["person"] == who, "right"].mean()
        assert one["agrees"]["value"] < right + 0.02  # the others err as well
        assert one["votes"] == 400
        known = np.mean([one["by_consensus"][name]["value"] for name in ("bogus", "real")])
        assert known == pytest.approx(right, abs=0.04)
    assert "faint candidates are wrong more often" in people["cem"]["snr_slope"]["words"]
    assert "beyond chance" in people["ada"]["snr_slope"]["words"] or people["ada"]["snr_slope"]["value"] is None


def test_by_gold_counts_only_what_was_hidden_and_is_known(crowd):
    verdicts, rows, truth = crowd
    told = people_report(verdicts, rows)["detection"]["people"][1]
    mine = verdicts[(verdicts["person"] == "bob") & (verdicts["gold"] == 1)].sort_values("candidate_id")
    for code, name in enumerate(("bogus", "real")):
        of_class = truth[::20] == code
        assert told["by_gold"][name]["votes"] == of_class.sum()
        assert told["by_gold"][name]["value"] == pytest.approx((mine["verdict"] == name)[of_class].mean())
    unknown = people_report(verdicts, rows.assign(label=-1))["detection"]["people"][1]
    assert unknown["by_gold"]["real"] == {"value": None, "low": None, "high": None, "votes": 0}


def test_an_object_is_not_taken_for_a_candidate_of_the_same_id():
    verdicts = verdict_table(("ada", "70", "real", {"of": "object", "gold": 1}))
    rows = pd.DataFrame({"candidate_id": ["7"], "label": [0], "snr": [9.0]})
    assert people_report(verdicts, rows)["object"]["people"][0]["by_gold"]["bogus"]["votes"] == 0


def test_kappa_is_that_of_scikit_learn(crowd):
    verdicts, rows, _ = crowd
    said = verdicts.pivot(index="candidate_id", columns="person", values="verdict")
    for pair in people_report(verdicts, rows)["detection"]["pairs"]:
        assert pair["kappa"] == pytest.approx(cohen_kappa_score(said[pair["first"]], said[pair["second"]]), abs=1e-12)
        assert pair["shared"] == 400


def test_what_is_retired_open_and_undecided_adds_up():
    table = verdict_table(
        ("ada", "a1", "real"), ("bob", "a1", "real"), ("ada", "a2", "real"), ("bob", "a2", "bogus"),
        ("ada", "a3", "snooze"), ("ada", "a4", "unsure"), ("ada", "b1", "real", {"of": "object"}),
    )  # fmt: skip
    told = people_report(table, rows_of(table))
    assert told["detection"]["items"] == {"retired": 1, "open": 1, "undecided": 0}
    assert told["object"]["items"] == {"retired": 0, "open": 1, "undecided": 0}
    assert told["states"] == {"unsure": 1, "snooze": 1, "fast_track": 0}
    assert told["verdicts"] == 7


def test_nobody_one_person_and_no_known_rows_are_reports_too():
    nobody = verdict_table()
    told = people_report(nobody, rows_of(nobody))
    assert (told["sessions"], told["detection"]["people"], told["detection"]["fleiss_kappa"]) == ([], [], None)
    alone = verdict_table(("ada", "a1", "real"), ("ada", "a2", "bogus"))
    (ada,) = people_report(alone, rows_of(nobody))["detection"]["people"]
    assert ada["agrees"] == {"value": None, "low": None, "high": None, "votes": 0}
    assert ada["snr_slope"]["words"].startswith("too few votes")


def test_the_object_is_plain_json(crowd):
    verdicts, rows, _ = crowd
    told = people_report(verdicts.iloc[:50], rows.assign(snr=np.nan))
    assert json.loads(json.dumps(told, allow_nan=False)) == told


def test_of_more_classes_each_has_a_rate():
    names = ("Others", "ELG", "QSO")
    table = verdict_table(("ada", "a1", "QSO"), ("bob", "a1", "QSO"), ("ada", "a2", "ELG"), ("bob", "a2", "Others"))
    (ada, _) = people_report(table, rows_of(table), names)["detection"]["people"]
    assert list(ada["by_consensus"]) == list(names)
