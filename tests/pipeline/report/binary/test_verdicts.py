from dataclasses import replace

import numpy as np
import pytest

from pipeline.metrics.verdict_coverage import VerdictPromise
from pipeline.report import build_report
from pipeline.report.binary.measures import measure_binary
from pipeline.report.binary.verdicts import promise_words, verdict_tables
from pipeline.report.bootstrap import Bootstrap

PROMISE = VerdictPromise(error=0.1, rows={"bogus": 400, "real": 300}, by_class=True)


@pytest.fixture
def judged(report_data):
    """Return the data of a report whose classifier asks about the middle of its scores."""
    table = report_data.scores["cnn"]
    score = table["score"].to_numpy()
    verdict = np.select([np.isnan(score), score < 0.3, score > 0.7], ["", "bogus", "real"], "ask")
    return replace(report_data, scores={**report_data.scores, "cnn": table.assign(verdict=verdict)})


def measured(data):
    return measure_binary(data, Bootstrap(replicates=2, seed=3))


def test_the_share_that_is_asked_about_is_that_of_the_judged_rows(judged):
    numbers = measured(replace(judged, promises={"cnn": PROMISE}))
    rows, first = judged.judged("cnn"), numbers["models"]["cnn"]["verdicts"]["coverage"][0]
    assert first["asked"] == pytest.approx((rows["verdict"] == "ask").mean())
    denied = (rows["label"] == 1) & (rows["verdict"] == "bogus") | (rows["label"] == 0) & (rows["verdict"] == "real")
    assert first["coverage"] == pytest.approx(1 - denied.mean())
    assert isinstance(first["kept"], bool)
    assert "verdicts" not in numbers["models"]["features"]


def test_the_page_has_a_table_of_verdicts_where_there_are_any(judged, report_data):
    html = build_report(replace(judged, promises={"cnn": PROMISE}), plots=["roc"], replicates=2).html
    assert "At most 10.0 % of each class are called the other class." in html
    assert "from 400 bogus and 300 real validation rows" in html.replace("\n", " ")
    assert 'id="verdicts"' not in build_report(report_data, plots=["roc"], replicates=2).html


def test_verdicts_without_a_promise_are_not_judged(judged):
    (table,) = verdict_tables(measured(judged), {})
    assert "is not known" in table["promise"]
    assert {(row["expected"], row["kept"]) for row in table["rows"]} == {("–", "–")}


def test_a_promise_for_another_share_of_reals_says_nothing_of_these_rows(judged):
    promise = replace(PROMISE, by_class=False, base_rate=0.01)
    (table,) = verdict_tables(measured(replace(judged, promises={"cnn": promise})), {})
    assert {row["kept"] for row in table["rows"]} == {"–"}
    words = promise_words({"error": 0.1, "rows": PROMISE.rows, "by_class": False, "base_rate": 0.01})
    assert "of all rows together are called the other class where 1.00 % are real" in words.replace("1.0 %", "1.00 %")
