"""A comparison counts who changes side, stratum by stratum, and hands the gate differences that are paired."""

import numpy as np
import pandas as pd
import pytest
from compared_models import report_numbers
from scipy import stats
from sklearn.metrics import roc_auc_score

from pipeline.report.binary.gate_rules import GateRules
from pipeline.report.bootstrap import Bootstrap
from pipeline.report.compare import Comparison, Side, comparison_numbers

HOW = Bootstrap(replicates=20, seed=1)
RULES = GateRules(least_real=1, least_bogus=1, worse_than_champion={"auc": 0.01})


def compared(rows, rules=RULES, **more):
    champion = Side(name="old", place="r/old", numbers=report_numbers("old", threshold=0.5))
    challenger = Side(name="new", place="r/new", numbers=report_numbers("new", threshold=0.7))
    comparison = Comparison(champion=champion, challenger=challenger, rows=rows, **more)
    return comparison_numbers(comparison, HOW, rules, {})


@pytest.fixture
def rows():
    """Eight rows, two of which are one object, called at 0.5 by the champion and at 0.7 by the challenger."""
    return pd.DataFrame({
        "candidate_id": list("abcdefgh"),
        "object_id": ["o1", "o1", "o2", "o3", "o4", "o5", "o6", "o7"],
        "kind": ["transient", "transient", "mover", "transient", "star", "star", "spike", "spike"],
        "label": [1, 1, 1, 1, 0, 0, 0, 0],
        "score_champion": np.array([0.4, 0.3, 0.9, 0.6, 0.6, 0.1, 0.8, 0.2], np.float32),
        "score_challenger": np.array([0.9, 0.8, 0.9, 0.6, 0.6, 0.1, 0.2, 0.7], np.float32),
    })  # fmt: skip


def test_each_changes_side_at_its_own_threshold(rows):
    changes = compared(rows)["changes"]
    assert {key: changes["real"][key] for key in ("both", "challenger_alone", "champion_alone", "neither")} == {
        "both": 1, "challenger_alone": 2, "champion_alone": 1, "neither": 0,
    }  # fmt: skip
    assert (changes["bogus"]["challenger_alone"], changes["bogus"]["champion_alone"]) == (1, 2)  # 0.7 reaches 0.7


def test_the_sign_test_counts_a_group_once(rows):
    changes = compared(rows)["changes"]
    assert changes["real"]["p"] == pytest.approx(stats.binomtest(1, 2).pvalue)
    assert changes["bogus"]["p"] == pytest.approx(stats.binomtest(1, 3).pvalue)


def test_strata_have_the_changes_of_their_rows(rows):
    strata = {row["stratum"]: row for row in compared(rows)["strata"] if row["column"] == "kind"}
    assert set(strata) == {"transient", "star", "spike"}  # the mover stays
    assert (strata["transient"]["n"], strata["transient"]["real_gained"], strata["transient"]["real_lost"]) == (3, 2, 1)
    assert (strata["spike"]["bogus_let_in"], strata["spike"]["bogus_turned_away"]) == (1, 1)


def test_strata_of_a_number_stand_in_its_order(rows):
    snr = [5.0, 7.0, 9.0, 12.0, 5.0, 9.0, 80.0, 200.0]
    found = [row["stratum"] for row in compared(rows.assign(snr=snr))["strata"] if row["column"] == "snr"]
    lows = [float(name.split()[0]) for name in found]
    assert len(lows) > 2
    assert lows == sorted(lows)


def test_differences_are_challenger_minus_champion_and_the_gate_takes_them(rows):
    numbers = compared(rows)
    auc = [roc_auc_score(rows["label"], rows[f"score_{side}"]) for side in ("challenger", "champion")]
    assert numbers["differences"]["auc"]["value"] == pytest.approx(auc[0] - auc[1])
    (finding,) = (one for one in numbers["gate"]["findings"] if one["rule"] == "worse_than_champion.auc")
    assert "(paired)" in finding["words"]
    assert f"{auc[0] - auc[1]:+.4f}" in finding["words"]


def test_the_calls_of_a_night_are_counted_by_both(rows):
    night = rows[["candidate_id", "score_champion", "score_challenger"]]
    counted = compared(rows, night="2026-01-05", of_night=night)["night"]["counted"]
    assert counted == {
        "night": "2026-01-05", "candidates": 8, "both": 1, "gained": 3, "lost": 3, "neither": 1,
    }  # fmt: skip


def test_a_model_beside_itself_changes_nothing(rows):
    numbers = compared(rows.assign(score_champion=0.75, score_challenger=np.float32(0.75)))
    assert numbers["strata"] == []
    assert numbers["changes"]["real"]["p"] == 1.0
    assert numbers["differences"]["auc"]["value"] == 0.0
