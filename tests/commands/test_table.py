import json

import pytest

from commands.table import class_lines, lines, table
from pipeline.errors import MissingInputError


def interval(value, low=None, high=None):
    return {"value": value, "low": low, "high": high}


def a_stratum(column, name, recall, fpr):
    row = {"column": column, "stratum": name, "n_real": 20, "n_bogus": 40}
    for key, value in (("recall", recall), ("fpr", fpr)):
        row |= {key: value, f"{key}_low": value, f"{key}_high": value}
    return row


METRICS = {
    "judged_part": "test",
    "classifier": "cnn",
    "counts": {"real": 20, "bogus": 40, "judged_groups": 30},
    "interval": {"level": 0.68, "replicates": 100},
    "models": {
        "cnn": {
            "metrics": {"auc": interval(0.9876, 0.98, 0.99), "mdr_at_fpr_1pc": interval(0.0512, None, 0.07)},
            "threshold": 0.51234,
            "strata": [a_stratum("kind", "mover", 0.95, None), a_stratum("night", "2026-01-05", 1.0, 0.0)],
        },
        "old": {"metrics": {"auc": interval(None)}},
    },
    "differences": {"old": {"n": 60, "metrics": {"auc": interval(0.01, 0.005, 0.02)}}},
    "column_alone": {"magnitude": 0.61, "snr": None},
}


@pytest.fixture
def shown_lines():
    """Return the lines of the tables of a small report."""
    return list(lines(METRICS))


def test_a_metric_is_a_number_and_a_rate_is_in_per_cent(shown_lines):
    assert "| auc | 0.9876 (0.9800 to 0.9900) | - |" in shown_lines
    assert "| mdr_at_fpr_1pc | 5.1 (- to 7.0) % | - |" in shown_lines


def test_differences_say_on_how_many_rows(shown_lines):
    assert "|  | old (60 rows) |" in shown_lines
    assert "| auc | 0.0100 (0.0050 to 0.0200) |" in shown_lines


def test_only_some_columns_are_tabled_and_what_was_not_measured_is_a_dash(shown_lines):
    assert "| kind mover | 95.0 (95.0 to 95.0) % of 20 | - |" in shown_lines
    assert not [line for line in shown_lines if "2026-01-05" in line]


def test_the_threshold_and_the_columns_alone_are_named(shown_lines):
    assert "cnn at its threshold 0.512:" in shown_lines
    assert "AUC of a column alone: magnitude 0.610." in shown_lines


def test_every_table_is_of_one_width(shown_lines):
    block = []
    for line in [*shown_lines, ""]:
        if line.startswith("|"):
            block.append(line.count("|"))
        elif block:
            assert len(set(block)) == 1
            block = []


def test_each_report_is_printed_and_what_is_none_is_refused(tmp_path, capsys):
    (tmp_path / "metrics.json").write_text(json.dumps(METRICS))
    assert table([str(tmp_path), str(tmp_path)]) == 0
    assert capsys.readouterr().out.count("20 real and 40 bogus of the test part, 30 groups") == 2
    with pytest.raises(MissingInputError, match=r"is no report: it has no metrics.json"):
        table([str(tmp_path / "absent")])


CLASSES = {
    "kind": "classes",
    "judged_part": "test",
    "classifier": "mlp",
    "counts": {"judged": 60, "by_class": {"Others": 40, "ELG": 20}, "judged_groups": 55},
    "interval": {"level": 0.68, "replicates": 100},
    "models": {
        "mlp": {
            "metrics": {"macro_f1": interval(0.81, 0.8, 0.82), "accuracy": interval(0.9, 0.89, 0.91)},
            "classes": {"ELG": {"rows": 20, "metrics": {"recall": interval(0.75, 0.7, 0.8), "f1": interval(None)}}},
        },
        "forest": {"metrics": {"macro_f1": interval(0.8)}, "classes": {}},
    },
    "differences": {"forest": {"n": 59, "metrics": {"macro_f1": interval(0.01, -0.01, 0.02)}}},
}


def test_a_report_of_many_classes_has_its_own_tables(tmp_path, capsys):
    found = list(class_lines(CLASSES))
    assert found[0].startswith("60 rows of the test part (40 Others, 20 ELG), 55 groups; 68% intervals")
    assert "| macro_f1 | 0.8100 (0.8000 to 0.8200) | 0.8000 (- to -) |" in found
    assert "| accuracy | 90.0 (89.0 to 91.0) % | - |" in found
    assert "|  | forest (59 rows) |" in found
    assert "| ELG | 20 | - | 75.0 (70.0 to 80.0) % | - | - | - |" in found
    (tmp_path / "metrics.json").write_text(json.dumps(CLASSES), encoding="utf-8")
    assert table([str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines() == found
