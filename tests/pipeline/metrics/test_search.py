import numpy as np
import pandas as pd
import pytest

from pipeline.metrics.search import STAGES, search_tables


def injections(number=400, seed=1):
    """Sources of which those brighter than magnitude 20 are detected, with a soft edge."""
    rng = np.random.default_rng(seed)
    magnitude = rng.uniform(18.0, 22.0, number)
    recovered = rng.random(number) < 1 / (1 + np.exp((magnitude - 20.0) / 0.2))
    names = np.where(recovered, [f"c{row}" for row in range(number)], "")
    return pd.DataFrame({"candidate_id": names, "recovered": recovered, "magnitude": magnitude})


def judged(injected, score):
    names = injected.loc[injected["recovered"], "candidate_id"]
    return pd.DataFrame({"candidate_id": names, "score": score})


def counted(table, stage):
    rows = table[(table["stage"] == stage) & (table["column"] == "magnitude")]
    return rows.set_index("bin_low").sort_index()


def test_without_scores_there_is_detection_alone():
    table, limits = search_tables(injections(), None, 0.5)
    assert list(limits) == [STAGES[0]]
    assert set(table["stage"]) == {STAGES[0]}


def test_the_limit_of_detection_is_where_half_were_found():
    _, limits = search_tables(injections(4000), None, 0.5)
    assert limits[STAGES[0]].magnitude == pytest.approx(20.0, abs=0.05)


def test_a_classifier_that_keeps_all_keeps_what_was_detected():
    injected = injections()
    table, _ = search_tables(injected, judged(injected, 0.9), 0.5)
    detected, kept = (counted(table, stage)["fraction"] for stage in STAGES)
    assert kept.to_numpy() == pytest.approx(detected.to_numpy())


def test_a_score_at_the_threshold_is_kept_and_one_below_is_not():
    injected = injections()
    at, below = (search_tables(injected, judged(injected, score), 0.5)[0] for score in (0.5, 0.4999))
    assert counted(at, STAGES[1])["fraction"].max() > 0.9
    assert counted(below, STAGES[1])["fraction"].max() == 0.0


def test_kept_is_the_share_detected_times_the_share_of_the_judged_that_is_kept():
    injected = injections(2000)
    scores = judged(injected, 0.9)
    scores.loc[scores.index[::2], "score"] = 0.1
    some = scores.iloc[:400]  # the others were trained on, and may not be judged
    table, _ = search_tables(injected, some, 0.5)
    detected, kept = counted(table, STAGES[0]), counted(table, STAGES[1])
    bright = kept.index[:2]
    assert kept.loc[bright, "fraction"].to_numpy() == pytest.approx(
        0.5 * detected.loc[bright, "fraction"].to_numpy(), abs=0.15
    )


def test_each_band_has_a_limit_of_its_own():
    injected = injections(4000)
    injected["band"] = np.where(np.arange(len(injected)) % 2, "g", "r")
    table, _ = search_tables(injected, None, 0.5)
    limits = table[table["column"] == "limit_50"]
    assert limits["stratum"].tolist() == ["", "g", "r"]
    assert limits["n"].tolist() == [4000.0, 2000.0, 2000.0]
    assert (limits["low"] < limits["bin_low"]).all()


def test_no_injection_gives_an_empty_table():
    table, _ = search_tables(injections(4).iloc[:0], None, 0.5)
    assert table.empty
    assert table.columns[0] == "stage"
