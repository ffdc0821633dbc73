import json

import pytest

from commands.gate import REFUSED, gate
from pipeline.errors import InputError, MissingInputError, SettingsError


def numbers():
    """Return the numbers of a report as far as a gate reads them, beside a second model ``features``."""
    ends = {"value": 0.98, "low": 0.97, "high": 0.99}
    small = {"value": 0.02, "low": 0.01, "high": 0.03}
    figures = {"auc": ends, "mdr_at_fpr_5pc": small, "ece": small}
    model = {
        "metrics": figures, "at_threshold": {"recall": ends, "fpr": small}, "strata": [],
        "injection_gap": {"value": 0.05},
    }  # fmt: skip
    return {
        "classifier": "cnn", "judged_part": "test", "models": {"cnn": model, "features": model},
        "differences": {"features": {"metrics": {name: {"value": 0.0, "low": 0.0, "high": 0.0} for name in figures}}},
        "counts": {"real": 300, "bogus": 500, "judged": 800, "injected": 20, "rows_sha256": "a1"},
    }  # fmt: skip


@pytest.fixture
def report(tmp_path):
    """Return the folder of a report."""
    (tmp_path / "metrics.json").write_text(json.dumps(numbers()), encoding="utf-8")
    return str(tmp_path)


@pytest.fixture
def rules(tmp_path):
    def written(text):
        path = tmp_path / "rules.yaml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return written


def test_rules_that_are_kept_are_exit_code_0_and_the_last_line_says_promote(report, rules, capsys):
    assert gate(report, rules("{least_real: 1, least_bogus: 1}"), "", False) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "promote: cnn keeps all rules"


def test_a_refusal_is_exit_code_3_with_its_reason_first(report, rules, capsys):
    asked = rules("{least_real: 1, least_bogus: 100000}")
    assert gate(report, asked, "features", False) == REFUSED == 3
    first, *_, last = capsys.readouterr().out.splitlines()
    assert first.startswith("refuse  least_bogus: ")
    assert last.startswith("refuse: 1 of ")


def test_a_script_reads_one_object(report, rules, capsys):
    gate(report, rules("{least_real: 1, least_bogus: 1, worse_than_champion: {auc: 1}}"), report, True)
    told = json.loads(capsys.readouterr().out)
    assert (told["classifier"], told["promote"]) == ("cnn", True)
    assert {"rule", "verdict", "words"} == set(told["findings"][0])
    assert "unpaired" in told["findings"][-1]["words"]


def test_the_rules_that_come_along_are_valid(report):
    assert gate(report, "default", "features", False) == 0


@pytest.mark.parametrize(
    ("report_name", "rules_name", "champion", "error", "words"),
    [
        ("nowhere", "default", "", MissingInputError, "nowhere is no report: it has no metrics.json"),
        ("", "defalt", "", SettingsError, "defalt"),
        ("", "./absent.yaml", "", MissingInputError, "no file ./absent.yaml"),
        ("", "default", "some/folder", MissingInputError, "the champion some/folder is no report"),
    ],
)
def test_what_is_not_there_is_told(report, report_name, rules_name, champion, error, words):
    with pytest.raises(error, match=words):
        gate(report_name or report, rules_name, champion, False)


def test_a_report_of_another_kind_is_refused(tmp_path):
    (tmp_path / "metrics.json").write_text('{"kind": "classes"}', encoding="utf-8")
    with pytest.raises(InputError, match="kind 'classes'; allowed: a report of real and bogus"):
        gate(str(tmp_path), "default", "", False)
