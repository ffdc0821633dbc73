"""Blocks of a table become features, labels, cuts and weights, the same however the table is divided."""

from functools import reduce
from itertools import pairwise
from operator import add

import numpy as np
import pytest

from pipeline.errors import SettingsError
from pipeline.expressions.column_settings import ColumnSettings
from pipeline.expressions.columns import evaluate_block, needed_columns, require_columns
from pipeline.expressions.totals import total_block, total_faults
from pipeline.settings import parse

NAMES = ("Others", "BG", "QSO")
SETTINGS = {
    "features": {"g": "g", "g_r": "g - r", "is_bright": "g < 20"},
    "missing": {"?": [99, -99]},
    "first_known": {"z": ["z_spec", "z_phot"]},
    "named_cuts": {"noout": "not (g >= 90)", "nostar": "z_spec != 0 or not isfinite(z_spec)"},
    "cuts": ["nostar", "z < 5"],
    "cuts_as_read": ["noout"],
    "class_rules": {"rules": {"BG": "z < 0.4", "QSO": "r > 18 and z < 3"}},
    "weight": {"value": "conf", "from_least": True, "full": ["QSO"]},
}
TABLE = {
    "g": np.array([19.0, 99.0, 21.0, 22.0, 23.0, 20.5]),
    "r": np.array([18.5, 18.0, -99.0, 21.0, 22.5, 17.0]),
    "z_spec": np.array([0.1, 0.3, 0.2, 0.0, np.nan, np.nan]),
    "z_phot": np.array([2.0, 2.0, 2.0, 2.0, 2.5, 9.0]),
    "conf": np.array([0.5, 0.6, 0.2, 0.9, np.nan, 0.4]),
}


@pytest.fixture(scope="module")
def settings():
    return parse(ColumnSettings, SETTINGS, "survey.yaml")


@pytest.fixture(scope="module")
def totals(settings):
    return total_block(settings, TABLE, class_names=NAMES)


def test_a_small_table_becomes_what_was_worked_out_by_hand(settings, totals):
    values = evaluate_block(settings, TABLE, class_names=NAMES, totals=totals)
    np.testing.assert_array_equal(values.features[:4], np.array(
        [[19, 0.5, 1], [np.nan, np.nan, 0], [21, np.nan, 0], [22, 1, 0]], dtype=np.float32))  # fmt: skip
    assert values.keep.tolist() == [True, False, True, False, True, False]
    assert values.reason.tolist() == ["", "noout", "", "nostar", "", "z < 5"]
    assert values.label[values.keep].tolist() == [1, 1, 2]  # as many match BG as QSO, and BG is named first
    assert values.weight[values.keep].tolist() == pytest.approx([0.375, 0.0, 1.0])
    assert values.features.dtype == values.weight.dtype == np.float32


def test_totals_are_those_worked_out_by_hand(totals):
    assert (totals.rows, totals.kept, totals.several) == (6, 3, 1)
    assert dict(totals.dropped) == {"noout": 1, "nostar": 1, "z < 5": 1}
    assert totals.known.tolist() == [3, 2, 3]
    assert totals.matched.tolist() == [2, 2]
    assert totals.least_weight.tolist() == [np.inf, 0.2, 0.5]


@pytest.mark.parametrize("cuts", [(1,), (2, 3), (1, 2, 3, 4, 5), (4,)])
def test_blocks_give_what_the_whole_table_gives(cuts, settings):
    edges = [0, *cuts, 6]
    blocks = [{name: values[low:high] for name, values in TABLE.items()} for low, high in pairwise(edges)]
    whole = total_block(settings, TABLE, class_names=NAMES)
    totals = reduce(add, [total_block(settings, block, class_names=NAMES) for block in blocks])
    assert (totals.rows, totals.kept, totals.several) == (whole.rows, whole.kept, whole.several)
    assert dict(totals.dropped) == dict(whole.dropped)
    for name in ("known", "matched", "least_weight"):
        np.testing.assert_array_equal(getattr(totals, name), getattr(whole, name))
    parts = [evaluate_block(settings, block, class_names=NAMES, totals=totals) for block in blocks]
    at_once = evaluate_block(settings, TABLE, class_names=NAMES, totals=whole)
    for mine, all_rows in zip(zip(*parts, strict=True), at_once, strict=True):
        np.testing.assert_array_equal(np.concatenate(mine), all_rows)


def test_labels_of_a_column_stand_in_place_of_the_rules(settings):
    label = np.array([2, -1, 0, 1, 1, 0], dtype=np.int8)
    totals = total_block(settings, TABLE, class_names=NAMES, label=label)
    assert totals.least_weight.tolist() == [0.2, np.inf, 0.5]
    assert evaluate_block(settings, TABLE, class_names=NAMES, totals=totals, label=label).label is label


def test_without_rules_and_weights_rows_are_unlabelled_and_count_the_same():
    settings = ColumnSettings(features={"g": "g"})
    values = evaluate_block(settings, TABLE)
    assert set(values.label.tolist()) == {-1}
    assert set(values.weight.tolist()) == {1.0}
    assert total_block(settings, TABLE).matched.shape == (0,)


def test_only_the_features_of_the_named_sets_are_used():
    settings = ColumnSettings(
        features={"g": "g", "conf": "conf", "g-r": "g - r"},
        feature_sets={"colors": ("*-*",), "mag": ("g",), "err": ("conf",)},
        use=("colors", "mag"),
    )
    assert list(settings.used) == ["g", "g-r"]
    assert needed_columns(settings) == {"g", "r"}
    assert evaluate_block(settings, TABLE).features.shape == (6, 2)


def test_only_needed_columns_are_read(settings):
    assert needed_columns(settings) == {"g", "r", "z_spec", "z_phot", "conf"}
    assert needed_columns(ColumnSettings(features={"a": "b"}, first_known={"z": ("z_spec",)})) == {"b"}


def test_every_unknown_column_is_named_at_once(settings):
    with pytest.raises(SettingsError) as caught:
        require_columns(settings, ["G", "r", "z_spec", "z"], "table.fits")
    message = str(caught.value)
    assert message.startswith("table.fits: first_known makes 'z', which is a column of the table; "
                              "first_known.z names 'z_phot', which is none; ")  # fmt: skip
    assert "features.g: the expression 'g' names no column of the table with 'g' (did you mean 'G'?)" in message
    assert "weight.value: the expression 'conf' names no column" in message
    assert message.endswith("; columns: G, r, z, z_spec")


def test_a_pattern_that_fits_no_column_is_named():
    settings = ColumnSettings(features={"g": "g"}, missing={"DES_*": (99.0,)})
    with pytest.raises(SettingsError, match=r"missing names 'DES_\*', which fits no column"):
        require_columns(settings, ["g"], "t")


def test_what_is_suspicious_about_a_table_is_said():
    settings = parse(ColumnSettings, SETTINGS | {
        "features": {"g": "g", "none": "log10(-r)"},
        "class_rules": {"rules": {"BG": "z < 0.15", "QSO": "r > 30"}},
    }, "s")  # fmt: skip
    faults = list(total_faults(settings, total_block(settings, TABLE, class_names=NAMES), class_names=NAMES))
    assert faults == [
        "class_rules.rules.BG matches one row of 3, too few to train and judge",
        "class_rules.rules.QSO matches none of 3 rows: 'r > 30'",
        "features.none is missing in all of 3 rows: 'log10(-r)'",
    ]


def test_a_table_of_which_nothing_is_left_is_said_to_be_so():
    settings = ColumnSettings(features={"g": "g"}, cuts=("g < 1",))
    assert list(total_faults(settings, total_block(settings, TABLE))) == [
        "none of 6 rows passes the cuts (g < 1 6)"
    ]  # fmt: skip


@pytest.mark.parametrize(("changed", "message"), [
    ({"features": {}}, "features is empty"),
    ({"features": {"x": "open(g)"}}, "features.x: the expression 'open(g)' has the call"),
    ({"use": ["mag"]}, "unknown set of features in use 'mag'; known: none"),
    ({"feature_sets": {"mag": ["DES_*"]}}, "feature_sets.mag names 'DES_*', which fits none of features"),
    ({"cuts": ["noout", "nostra"]}, "cuts names 'nostra'; allowed: noout, nostar"),
    ({"cuts": ["g - r"]}, "cuts: the expression 'g - r' gives numbers"),
    ({"named_cuts": {"bad": "g."}}, "named_cuts.bad: the expression 'g.' cannot be read"),
    ({"first_known": {"z": []}}, "first_known.z is empty"),
    ({"class_rules": {"rules": {"BG": "z <"}}}, "class_rules.rules.BG: the expression 'z <' cannot be read"),
    ({"missing": {"g": ["99"]}}, "'missing.g[0]' is '99'; allowed: a finite number"),
])  # fmt: skip
def test_settings_are_checked_with_their_key(changed, message):
    with pytest.raises(SettingsError) as caught:
        parse(ColumnSettings, {**SETTINGS, "cuts": [], "cuts_as_read": [], **changed}, "s.yaml")
    assert message in str(caught.value)


def test_missing_totals_are_asked_for_rather_than_guessed(settings):
    with pytest.raises(SettingsError, match="needs the counts of the whole table"):
        evaluate_block(settings, TABLE, class_names=NAMES)
    weighted = ColumnSettings(features={"g": "g"}, weight=settings.weight)
    with pytest.raises(SettingsError, match="needs the totals of the whole table"):
        evaluate_block(weighted, TABLE, class_names=NAMES)
