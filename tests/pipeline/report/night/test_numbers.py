"""The numbers of a night's report are those of its rows: counts that add up, exposures, flags, earlier scores."""

import numpy as np
import pandas as pd
import pytest
from ranked_candidates import scored

from pipeline.cutouts.missing import Flag
from pipeline.report.night.data import EarlierNight, NightData
from pipeline.report.night.earlier import earlier_scores
from pipeline.report.night.numbers import night_numbers

NIGHT = "2026-01-05"
NO_DROP = pd.DataFrame({"candidate_id": [], "step": [], "reason": []}, dtype="str")


def night_data(candidates, earlier=(), dropped=NO_DROP, **more):
    return NightData(
        survey="toy", night=NIGHT, class_names=("bogus", "real"), threshold=0.5, rule="fixed", frozen={"candidates": 9},
        dropped=dropped, candidates=candidates, about_cutouts={}, earlier=earlier, unlike={}, **more,
    )  # fmt: skip


@pytest.fixture
def candidates(make_rows):
    """Five candidates of two exposures, one of them without a score."""
    return scored(
        make_rows,
        ["a", "b", "c", "d", "e"],
        [0.9, 0.2, 0.5, np.nan, 0.1],
        exposure_id=["x", "x", "y", "y", "y"],
        object_id=["o1", "", "o1", "o2", "o3"],
        time_mjd=[61045.2, 61045.2, 61045.1, 61045.1, 61045.1],
        flags=[0, int(Flag.EDGE), int(Flag.EDGE), int(Flag.NOT_SCORED | Flag.ALL_MISSING), 0],
        snr=[5.0, np.nan, 6.0, 7.0, 8.0],
        band=["r"] * 5,
    )


def test_the_counts_add_up_from_what_came_in_to_what_is_called_real(candidates):
    dropped = pd.DataFrame({
        "candidate_id": ["p", "q", "r", "exposure x"],
        "step": ["cut", "cut", "clean", "zeropoint"],
        "reason": ["outside", "outside", "variable", "no stars"],
    })  # fmt: skip
    numbers = night_numbers(night_data(candidates, dropped=dropped), {})
    counts = numbers["counts"]
    assert counts["in"] == 8 == counts["dropped"] + counts["cut"] == 3 + 5
    assert counts["cut"] == counts["scored"] + counts["not_scored"] == 4 + 1
    assert counts["called"] == 2
    assert numbers["dropped"] == [
        {"step": "cut", "reason": "outside", "n": 2},
        {"step": "clean", "reason": "variable", "n": 1},
    ]
    assert sum(row["n"] for row in numbers["dropped"]) == counts["dropped"]
    assert numbers["remarks"] == [{"step": "zeropoint", "reason": "no stars", "n": 1}]
    assert numbers["not_scored"] == {"ALL_MISSING": 1}
    assert sum(row["called"] for row in numbers["exposures"]) == counts["called"]


def test_the_rules_of_a_survey_decide_what_is_called_real(candidates):
    decided = candidates.assign(label_decided=pd.Series([0, 0, 1, -1, 0], dtype="int8"))
    assert night_numbers(night_data(decided), {})["counts"]["called"] == 1


def test_flags_missing_columns_and_exposures_are_those_of_the_rows(candidates):
    numbers = night_numbers(night_data(candidates), {})
    assert numbers["flags"] == {"EDGE": 2, "ALL_MISSING": 1, "NOT_SCORED": 1}
    assert numbers["missing_columns"]["snr"] == 1
    assert numbers["missing_columns"]["telescope"] == 5
    assert "band" not in numbers["missing_columns"]
    first, second = numbers["exposures"]
    assert (first["exposure_id"], first["candidates"], first["scored"], first["called"]) == ("y", 3, 2, 1)
    assert first["median"] == pytest.approx(0.3)
    assert (second["exposure_id"], second["called"]) == ("x", 1)


def test_nights_are_summed_up_and_the_share_is_compared(candidates, make_rows):
    rng = np.random.default_rng(3)
    before = [
        EarlierNight(
            night=f"2026-01-0{day}",
            scores=scored(
                make_rows, [f"n{day}-{row}" for row in range(200)], rng.choice([0.1, 0.9], 200, p=[0.9, 0.1])
            ),
        )
        for day in (1, 2, 3, 4)
    ]
    numbers = night_numbers(night_data(candidates, before), {})
    assert [row["night"] for row in numbers["nights"]] == [*(one.night for one in before), NIGHT]
    own = numbers["nights"][-1]
    assert (own["scored"], own["called"], own["share"]) == (4, 2, 0.5)
    assert own["q50"] == pytest.approx(0.35)
    assert numbers["levels"]["candidates"]["jumped"]  # 5 candidates after four nights of 200
    share = numbers["levels"]["share"]
    assert share["nights"] == 4
    assert share["low"] <= 0.1 <= share["high"]


def test_an_empty_night_has_numbers(make_rows):
    numbers = night_numbers(night_data(scored(make_rows, [], [])), {})
    assert numbers["counts"]["in"] == numbers["counts"]["called"] == 0
    assert numbers["nights"][-1]["share"] is None
    assert numbers["exposures"] == []


def test_earlier_scores_are_those_of_the_same_object_before_the_candidate(candidates, make_rows):
    before = EarlierNight(
        night="2026-01-04",
        scores=scored(make_rows, ["f", "g"], [0.7, np.nan], object_id=["o1", "o9"], exposure_id=["w", "w"]),
    )
    found = earlier_scores(night_data(candidates, [before]), ["a", "b", "c", "e"])
    assert [(visit.night, visit.exposure_id, round(visit.score, 3)) for visit in found["a"]] == [
        ("2026-01-04", "w", 0.7),
        (NIGHT, "y", 0.5),
    ]
    assert [visit.night for visit in found["c"]] == ["2026-01-04"]  # a is later in the night
    assert set(found) == {"a", "c"}  # b has no object, and o3 was not seen before
