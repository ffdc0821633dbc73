"""The fraction found is a fraction with its interval, and the 50 % limit is where it falls to one half."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import InputError
from pipeline.metrics.completeness import COLUMNS, fit_kept, fit_limit, fraction_found, fraction_tables


def injections(number=4000, limit=21.0, width=0.3, plateau=0.97, seed=0):
    rng = np.random.default_rng(seed)
    magnitude = rng.uniform(18.0, 23.0, number)
    chance = plateau / (1.0 + np.exp((magnitude - limit) / width))
    return magnitude, rng.random(number) < chance


def test_the_limit_of_a_known_curve_comes_back_within_its_error():
    offsets = []
    for seed in range(8):
        limit = fit_limit(*injections(800, seed=seed))
        offsets.append((limit.magnitude - (21.0 + 0.3 * np.log(2 * 0.97 - 1))) / limit.error)
    assert np.abs(offsets).max() < 3.5
    assert 0.4 < np.std(offsets) < 1.8


def test_the_fitted_curve_is_one_half_at_the_limit():
    limit = fit_limit(*injections())
    assert float(limit.fraction(limit.magnitude)) == pytest.approx(0.5, abs=1e-6)
    assert limit.plateau == pytest.approx(0.97, abs=0.02)
    assert limit.width == pytest.approx(0.3, rel=0.15)


def test_weights_count_as_repeated_injections_do():
    magnitude, found = injections(600)
    double = fit_limit(np.tile(magnitude, 2), np.tile(found, 2))
    weighted = fit_limit(magnitude, found, weight=np.full(600, 2.0))
    assert weighted.magnitude == pytest.approx(double.magnitude, abs=0.01)
    assert weighted.error == pytest.approx(double.error * 2**0.5, rel=0.1)


@pytest.mark.parametrize(
    ("magnitude", "found", "reason"),
    [
        (np.arange(5.0), np.ones(5, bool), "5 injections with a magnitude"),
        (np.arange(20.0), np.ones(20, bool), "all of 20"),
        (np.arange(20.0), np.zeros(20, bool), "none of 20"),
        (np.full(20, np.nan), np.ones(20, bool), "0 injections"),
    ],
)
def test_where_there_is_no_limit_a_reason_stands(magnitude, found, reason):
    limit = fit_limit(magnitude, found)
    assert np.isnan(limit.magnitude)
    assert reason in limit.reason


def test_a_search_that_misses_most_bright_sources_has_no_limit():
    rng = np.random.default_rng(2)
    limit = fit_limit(rng.uniform(18, 22, 500), rng.random(500) < 0.3)
    assert np.isnan(limit.magnitude)
    assert "only" in limit.reason


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.floats(-30, 30), st.booleans()), max_size=40))
def test_bins_count_each_injection_once_and_intervals_hold_the_fraction(rows):
    values, found = [v for v, _ in rows], [f for _, f in rows]
    table = fraction_found(np.array(values), np.array(found, dtype=bool), [-30.0, -1.0, 0.0, 5.0, 30.0])
    assert table["n"].sum() == pytest.approx(len(rows))
    assert table["n_found"].sum() == pytest.approx(sum(found))
    some = table[table["n"] > 0]
    assert ((some["low"] <= some["fraction"] + 1e-9) & (some["fraction"] <= some["high"] + 1e-9)).all()


def test_edges_out_of_order_and_lengths_that_differ_are_refused():
    with pytest.raises(InputError, match="edges must increase"):
        fraction_found([1.0], [True], [2.0, 1.0])
    with pytest.raises(InputError, match="one length"):
        fraction_found([1.0, 2.0], [True], [0.0, 3.0])


@pytest.mark.replaces("gmadet", "O4")
def test_the_detected_fraction_is_given_by_magnitude_and_by_band():
    magnitude, found = injections(500)
    truth = pd.DataFrame(
        {
            "magnitude": magnitude,
            "snr": 10 ** (0.4 * (23 - magnitude)),
            "host_surface_brightness": np.where(magnitude > 20, 22.0 + magnitude / 10, 0.0),
            "band": np.where(np.arange(500) % 2, "r", "g"),
            "recovered": found,
        }
    )
    table = fraction_tables(truth)
    assert list(table.columns) == list(COLUMNS)
    assert set(table["column"]) == {"magnitude", "snr", "host_surface_brightness", "band"}
    bands = table[table["column"] == "band"].set_index("stratum")
    assert bands.loc["r", "fraction"] == pytest.approx(found[1::2].mean())
    assert bands.loc["g", "n"] == 250
    bins = table[table["column"] == "magnitude"]
    first = (magnitude >= bins["bin_low"].iloc[0]) & (magnitude < bins["bin_high"].iloc[0])
    assert bins["fraction"].iloc[0] == pytest.approx(found[first].mean())
    assert bins["fraction"].iloc[-1] < 0.1 < bins["fraction"].iloc[0]


def judged_in_part(seed, number=300, share=0.2, kept=0.95):
    """A search of which a few recovered sources are judged, more of the faint ones."""
    rng = np.random.default_rng(seed + 1000)
    magnitude, recovered = injections(number, seed=seed)
    judged = recovered & (rng.random(number) < share * (magnitude - 17.0) / 3.0)
    return pd.DataFrame(
        {
            "magnitude": magnitude,
            "snr": 10 ** (0.4 * (23 - magnitude)),
            "band": np.where(np.arange(number) % 3, "r", "g"),
            "recovered": recovered,
            "judged": judged,
            "kept": judged & (rng.random(number) < kept),
        }
    )


@pytest.mark.parametrize("seed", range(6))
def test_what_is_kept_never_exceeds_what_is_detected(seed):
    truth = judged_in_part(seed)
    bins = ["column", "stratum", "bin_low", "bin_high"]
    detected = fraction_tables(truth).set_index(bins)["fraction"]
    kept = fraction_tables(truth, found="kept", judged="judged").set_index(bins)["fraction"]
    assert len(kept) > 10
    assert (kept <= detected[kept.index] + 1e-12).all()
    grid = np.linspace(18.0, 23.0, 200)
    first = fit_limit(truth["magnitude"], truth["recovered"])
    second = fit_kept(truth["magnitude"], truth["recovered"], truth["judged"], truth["kept"])
    assert (second.fraction(grid) <= first.fraction(grid)).all()


def test_in_a_bin_what_is_kept_is_the_product_of_both_fractions():
    truth = pd.DataFrame({"band": "r", "recovered": [1, 1, 1, 1, 0, 0], "judged": [1, 1, 0, 0, 0, 0], "kept": 0})
    truth.loc[0, "kept"] = 1
    table = fraction_tables(truth, found="kept", judged="judged")
    assert table["fraction"].tolist() == pytest.approx([4 / 6 * 1 / 2])
    unjudged = fraction_tables(truth.assign(judged=0, kept=0), found="kept", judged="judged")
    assert unjudged.empty


def test_the_limit_of_what_is_kept_is_that_of_the_product():
    off = []
    for seed in range(12):
        truth = judged_in_part(seed, number=900, share=1.0, kept=0.8)
        limit = fit_kept(truth["magnitude"], truth["recovered"], truth["judged"], truth["kept"])
        assert float(limit.fraction(limit.magnitude)) == pytest.approx(0.5, abs=1e-6)
        off.append((limit.magnitude - (21.0 + 0.3 * np.log(2 * 0.97 * 0.8 - 1))) / limit.error)
    assert np.abs(off).max() < 3.5
    assert 0.4 < np.std(off) < 1.8


def test_a_classifier_that_keeps_all_has_the_limit_of_detection():
    truth = judged_in_part(0, kept=1.1)
    first = fit_limit(truth["magnitude"], truth["recovered"])
    second = fit_kept(truth["magnitude"], truth["recovered"], truth["judged"], truth["kept"])
    assert (second.magnitude, second.error) == pytest.approx((first.magnitude, first.error), rel=1e-3)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"judged": False, "kept": False}, "of those recovered and judged, 0 injections"),
        ({"kept": False}, "found in 0% only"),
        ({"magnitude": np.nan}, "0 injections with a magnitude"),
    ],
)
def test_where_what_is_kept_has_no_limit_a_reason_stands(change, reason):
    truth = judged_in_part(0).assign(**change)
    limit = fit_kept(truth["magnitude"], truth["recovered"], truth["judged"], truth["kept"])
    assert np.isnan(limit.magnitude)
    assert reason in limit.reason


def test_a_truth_without_anything_to_bin_by_gives_an_empty_table():
    assert fraction_tables(pd.DataFrame({"recovered": [True, False]})).empty


def test_few_injections_that_happen_to_make_a_step_have_an_error_worth_the_name():
    """Where all is found up to a magnitude and nothing beyond, a curve of no width would fit best and have no error."""
    magnitude = np.linspace(19.0, 23.5, 60)
    found = (magnitude < 21.7) & (np.arange(60) % 9 > 0)
    limit = fit_limit(magnitude, found)
    spacing = 4.5 / 60
    assert limit.magnitude == pytest.approx(21.7, abs=0.15)
    assert limit.width >= spacing
    assert spacing / 3 < limit.error < 0.3


@pytest.mark.parametrize("number", [60, 180])
def test_the_error_is_that_of_the_limit_for_few_injections(number):
    off, inner = [], 21.8 + 0.15 * np.log(2 * 0.9 - 1)
    for seed in range(60):
        rng = np.random.default_rng(seed)
        magnitude = rng.uniform(19, 23.5, number)
        limit = fit_limit(magnitude, rng.random(number) < 0.9 / (1 + np.exp((magnitude - 21.8) / 0.15)))
        off.append(abs(limit.magnitude - inner) / limit.error)
    assert np.isfinite(off).all()
    assert np.mean(np.array(off) < 1) > 0.5
    assert np.mean(np.array(off) < 3) > 0.93
