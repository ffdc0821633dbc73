import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta

from pipeline.metrics import column_alone, injection_gap, threshold_rates


def generator():
    return np.random.default_rng(0)


def reals(n=200, found_injected=0.98, found_real=0.74):
    passed = np.r_[np.arange(n) < found_injected * n, np.arange(n) < found_real * n]
    return pd.DataFrame(
        {
            "label": 1,
            "score": np.where(passed, 0.9, 0.1),
            "label_source": ["injected"] * n + ["eyeball"] * n,
            "group_id": [f"g{i}" for i in range(2 * n)],
        }
    )


def test_the_gap_is_recall_on_injected_minus_recall_on_the_others():
    gap = injection_gap(reals(), threshold=0.5, replicates=300, rng=generator())
    assert gap.value == pytest.approx(0.24)
    assert gap.low < 0.24 < gap.high
    assert gap.high - gap.low == pytest.approx(2 * np.sqrt(0.74 * 0.26 / 200 + 0.98 * 0.02 / 200), rel=0.25)


def test_without_one_of_the_two_there_is_no_gap_but_a_reason():
    only = reals()[lambda rows: rows["label_source"] == "injected"]
    assert "not injected" in injection_gap(only, threshold=0.5, rng=generator()).reason
    none = reals()[lambda rows: rows["label_source"] == "eyeball"]
    assert "no injected transients" in injection_gap(none, threshold=0.5, rng=generator()).reason


def test_rates_at_a_threshold_have_intervals():
    rows = pd.DataFrame({"label": [1] * 50 + [0] * 50, "score": [0.9] * 45 + [0.1] * 50 + [0.8] * 5})
    rates = threshold_rates(rows, threshold=0.5, replicates=200, rng=generator())
    assert rates["recall"].value == 0.9
    assert rates["fpr"].value == pytest.approx(0.1)
    assert rates["precision"].value == 0.9
    assert rates["recall"].low < 0.9 < rates["recall"].high


def test_none_of_eight_bogus_is_no_certainty():
    rows = pd.DataFrame({"label": [1] * 50 + [0] * 8, "score": [0.9] * 50 + [0.1] * 8})
    rates = threshold_rates(rows, threshold=0.5, replicates=200, rng=generator())
    assert (rates["fpr"].value, rates["fpr"].low) == (0.0, 0.0)
    assert rates["fpr"].high == pytest.approx(beta.ppf(0.84, 0.5, 8.5))
    assert rates["recall"].low == pytest.approx(beta.ppf(0.16, 50.5, 0.5))
    assert rates["precision"].low == pytest.approx(beta.ppf(0.16, 50.5, 0.5))


def test_eight_bogus_of_one_object_are_one_trial():
    rows = pd.DataFrame({"label": [1, 1] + [0] * 8, "score": [0.9, 0.2] + [0.1] * 8, "object_id": [*"ab", *["c"] * 8]})
    rates = threshold_rates(rows, threshold=0.5, replicates=200, rng=generator())
    assert rates["fpr"].high == pytest.approx(beta.ppf(0.84, 0.5, 1.5))


def test_a_gap_of_two_full_recalls_has_the_width_of_both_intervals():
    gap = injection_gap(reals(20, 1.0, 1.0), threshold=0.5, replicates=50, rng=generator())
    miss = 1.0 - beta.ppf(0.16, 20.5, 0.5)
    assert (gap.value, gap.low, gap.high) == pytest.approx((0.0, -miss, miss))


def test_rates_of_an_absent_class_are_nan():
    rates = threshold_rates(pd.DataFrame({"label": [1], "score": [0.9]}), threshold=0.5, rng=generator())
    assert np.isnan(rates["fpr"].value)


def test_a_column_that_tells_the_classes_apart_is_told_whichever_way_it_points():
    rows = pd.DataFrame({"label": [0, 0, 1, 1], "magnitude": [16.0, 17.0, 19.0, 20.0], "snr": [9.0, 8.0, 2.0, 1.0]})
    assert column_alone(rows, "magnitude") == 1.0
    assert column_alone(rows, "snr") == 1.0
    assert np.isnan(column_alone(rows[rows["label"] == 1], "snr"))
