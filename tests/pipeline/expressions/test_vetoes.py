"""Rows outside the cuts of the class that they are called fall back, and a better known column decides outright."""

import numpy as np
import pytest

from pipeline.errors import SettingsError
from pipeline.expressions.vetoes import VetoSettings, fallback_code, overridden, vetoed_rows
from pipeline.metrics.vetoes import apply_vetoes

NAMES = ("Others", "BG", "LRG", "QSO")
ROWS = {
    "J": np.array([17.0, 18.5, 17.5, np.nan, 18.5, 19.0]),
    "p": np.array([0.5, 0.99, 0.0, 0.99, np.nan, 0.96]),
}
CALLED = np.array([1, 1, 2, 1, 3, 0])
CUTS = VetoSettings(required={"BG": "16 < J < 18", "LRG": "18 < J < 19.5"}, overrides={"LRG": "p > 0.95"})


@pytest.mark.replaces("4most", "M9")
def test_a_row_outside_the_cuts_of_its_class_is_called_the_fallback_class():
    after = apply_vetoes(CALLED, vetoed_rows(CUTS, ROWS, NAMES), n_classes=4, fallback=fallback_code(CUTS, NAMES))
    assert after.tolist() == [1, 0, 0, 0, 3, 0]


def test_an_override_names_the_class_after_all_vetoes():
    assert overridden(CUTS, np.array([1, 0, 0, 0, 3, -1]), ROWS, NAMES).tolist() == [1, 2, 0, 2, 3, 2]


def test_the_first_override_that_is_true_decides():
    settings = VetoSettings(required={}, overrides={"QSO": "p > 0.98", "BG": "p > 0.4"})
    assert overridden(settings, CALLED, ROWS, NAMES).tolist() == [1, 3, 2, 3, 3, 1]


def test_the_fallback_class_may_be_named_and_has_no_condition():
    settings = VetoSettings(required={"BG": "J < 18"}, fallback="QSO")
    assert fallback_code(settings, NAMES) == 3
    with pytest.raises(SettingsError, match="required has 'BG', the class of vetoed rows"):
        VetoSettings(required={"BG": "J < 18"}, fallback="BG")
    with pytest.raises(SettingsError, match="required has 'Others', the class of vetoed rows"):
        vetoed_rows(VetoSettings(required={"Others": "J < 18"}), ROWS, NAMES)


def test_unknown_classes_and_columns_are_named():
    with pytest.raises(SettingsError, match=r"unknown class in vetoes 'LGR' \(did you mean 'LRG'\?\)"):
        vetoed_rows(VetoSettings(required={"LGR": "J < 18"}), ROWS, NAMES)
    with pytest.raises(SettingsError, match="names no column of the table with 'K'"):
        vetoed_rows(VetoSettings(required={"BG": "K < 18"}), ROWS, NAMES)


def test_a_condition_is_read_when_the_settings_are():
    with pytest.raises(SettingsError, match=r"required\.BG: the expression 'J <' cannot be read"):
        VetoSettings(required={"BG": "J <"})
