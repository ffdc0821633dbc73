"""Weights are those of the expression, on the scale of their class where that is asked for."""

import numpy as np
import pytest
from scipy.interpolate import interp1d

from pipeline.errors import SettingsError
from pipeline.expressions.column_settings import WeightSettings
from pipeline.expressions.weights import least_weights, raw_weights, weights_of

NAMES = ("Others", "BG", "QSO")
CONFIDENCE = "(1 - risk) * conf"


def test_a_negative_or_missing_weight_is_not_known():
    raw = raw_weights(WeightSettings(value="conf"), {"conf": np.array([0.5, -1.0, np.nan, 0.0])})
    np.testing.assert_array_equal(raw, [0.5, np.nan, np.nan, 0.0])


def test_a_weight_that_float32_does_not_hold_is_not_known_rather_than_infinite():
    raw = raw_weights(WeightSettings(value="1 / e ** 2"), {"e": np.array([0.5, 1e-20])})
    np.testing.assert_array_equal(raw, [4, np.nan])


def test_the_least_weight_of_each_class_is_taken_over_its_rows():
    raw, matches = (
        np.array([0.5, 0.2, np.nan]),
        np.array([[True, False, True], [False, False, True], [True, True, True]]),
    )
    assert least_weights(raw, matches).tolist() == [0.5, np.inf, 0.2]


def test_the_scale_of_each_class_begins_at_its_least_weight():
    rng = np.random.default_rng(3)
    columns = {"risk": rng.uniform(0, 0.9, 300), "conf": rng.uniform(0.1, 1, 300)}
    label = rng.integers(0, 3, 300).astype(np.int8)
    settings = WeightSettings(value=CONFIDENCE, from_least=True, full=("QSO",))
    raw = raw_weights(settings, columns)
    least = least_weights(raw, label[:, None] == np.arange(3))
    values = weights_of(settings, raw, label, NAMES, least)
    wanted = np.ones(300)
    for code in (0, 1):
        mine = label == code
        product = (1 - columns["risk"][mine]) * columns["conf"][mine]
        wanted[mine] = interp1d([product.min(), 1.0], [0.0, 1.0])(product)
    np.testing.assert_allclose(values, wanted, atol=1e-6)


def test_rows_without_weight_count_as_stated():
    settings = WeightSettings(value="conf", missing=0.25)
    values = weights_of(settings, np.array([np.nan, 2.0]), np.array([0, -1], dtype=np.int8), NAMES, None)
    assert values.tolist() == [0.25, 2.0]


def test_a_class_whose_least_weight_is_1_weighs_1():
    settings = WeightSettings(value="conf", from_least=True)
    assert weights_of(settings, np.array([1.0]), np.zeros(1, np.int8), NAMES, np.ones(3)).tolist() == [1.0]


def test_an_unknown_class_of_full_weight_is_named():
    with pytest.raises(SettingsError, match=r"unknown class in weight\.full 'QSOs' \(did you mean 'QSO'\?\)"):
        weights_of(WeightSettings(value="c", full=("QSOs",)), np.ones(1), np.zeros(1, np.int8), NAMES, None)


def test_settings_of_weights_are_checked():
    with pytest.raises(SettingsError, match=r"missing is -1; allowed: at least 0"):
        WeightSettings(value="conf", missing=-1)
    with pytest.raises(SettingsError, match=r"value: the expression 'conf\[0\]' has"):
        WeightSettings(value="conf[0]")
