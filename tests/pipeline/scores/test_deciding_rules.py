import numpy as np
import pytest

from pipeline.errors import SettingsError
from pipeline.scores.deciding_rules import DecidingRules

NAMES = ("Others", "BG", "QSO")
J = np.array([17.0, 21.0, np.nan, 17.0, 21.0])
MASS = np.array([0.1, 0.1, 0.1, 0.99, 0.99])


@pytest.mark.replaces("4most", "M9")
def test_a_veto_takes_a_row_to_the_negative_class_and_an_override_decides_after_it():
    rules = DecidingRules.of({"BG": "not (16 < J < 18)"}, {"BG": "MASS > 0.95 and J > 20", "QSO": "MASS > 0.95"}, NAMES)
    assert rules.columns == {"J", "MASS"}
    decided, rule = rules.decide([1, 1, 1, 0, 1], {"J": J, "MASS": MASS})
    assert decided.tolist() == [1, 0, 0, 2, 1], "of two overrides the first counts"
    assert rule.tolist() == ["", "veto BG", "veto BG", "override QSO", ""], "vetoed and taken back"


def test_rows_without_a_score_stay_without_a_class():
    rules = DecidingRules.of({"BG": "J > 0"}, {"QSO": "J > 0"}, NAMES)
    decided, rule = rules.decide([-1, 2, 0], {"J": np.array([17.0, 17.0, np.nan])})
    assert decided.tolist() == [-1, 2, 0]
    assert rule.tolist() == ["", "", ""], "an override that agrees with the classifier changes nothing"


def test_rules_of_other_classes_are_left_out_with_a_warning(caplog):
    rules = DecidingRules.of({"LRG": "J > 0"}, {}, NAMES)
    assert not rules
    assert "the rules for LRG are left out: the scores are of Others, BG, QSO" in caplog.text


def test_what_is_stated_is_what_was_given_and_unknown_columns_are_refused():
    rules = DecidingRules.of({"BG": "J > 0"}, {"QSO": "z > 1"}, NAMES)
    assert rules.stated() == {"vetoes": {"BG": "J > 0"}, "overrides": {"QSO": "z > 1"}}
    with pytest.raises(SettingsError, match="overrides: QSO: the expression 'z > 1' names no column"):
        rules.require(["J", "label"])
