"""A row has the class of the rule that it matches; of several, the rarest or the first, unless one overrides all."""

import numpy as np
import pytest

from pipeline.errors import SettingsError
from pipeline.expressions.class_rules import class_codes, labels_by_rule, rule_matches
from pipeline.expressions.column_settings import ClassRules

NAMES = ("Others", "ELG", "LRG", "BG", "QSO")
ROWS = {"J": np.array([17.0, 18.5, 25.0, np.nan, 17.5]), "z": np.array([0.1, 0.5, 0.9, 0.9, 2.5])}
RULES = {"BG": "16 < J < 18", "LRG": "J > 17.2", "QSO": "z > 2"}


def labels(counts=None, **settings):
    """Names of the labels of ROWS by RULES."""
    rules = ClassRules(rules=RULES, **settings)
    codes = labels_by_rule(rules, rule_matches(rules, ROWS), NAMES, counts)
    return [NAMES[code] if code >= 0 else "" for code in codes]


def test_the_first_rule_that_a_row_matches_names_its_class():
    assert labels(several="first") == ["BG", "LRG", "LRG", "Others", "BG"]


@pytest.mark.parametrize(("counts", "last"), [([2, 3, 1], "QSO"), ([2, 1, 3], "LRG"), ([2, 2, 2], "BG")])
def test_the_rarest_class_is_kept_where_several_match(counts, last):
    assert labels(np.array(counts)) == ["BG", "LRG", "LRG", "Others", last]


def test_an_override_decides_whatever_the_rules_say():
    assert labels(several="first", overrides={"QSO": "z > 0.8", "BG": "J > 20"})[2:] == ["QSO", "QSO", "QSO"]


def test_rows_without_a_rule_may_stay_unlabelled():
    assert labels(several="first", unmatched="unlabelled") == ["BG", "LRG", "LRG", "", "BG"]


def test_rarity_without_counts_is_refused_rather_than_taken_from_a_block():
    with pytest.raises(SettingsError, match="needs the counts of the whole table"):
        labels()


def test_a_rule_for_a_class_that_there_is_not_is_named_with_the_nearest():
    with pytest.raises(SettingsError, match=r"unknown class in class_rules 'QS0' \(did you mean 'QSO'\?\)"):
        class_codes(ClassRules(rules={"QS0": "z > 2"}), NAMES)


def test_empty_rules_are_refused():
    with pytest.raises(SettingsError, match="rules is empty"):
        ClassRules(rules={})


def test_a_rule_that_is_a_number_is_refused_with_its_key():
    with pytest.raises(SettingsError, match=r"rules\.BG: the expression 'J - z' gives numbers"):
        ClassRules(rules={"BG": "J - z"})
