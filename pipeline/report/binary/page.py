"""What the page of a report of real and bogus shows beside what all kinds show.

Tested by tests/pipeline/report/test_build.py.
"""

from collections.abc import Hashable, Iterator, Mapping
from typing import Any, Final, Literal

import pandas as pd

from pipeline.metrics import METRICS, STRATA
from pipeline.plots import ReportData
from pipeline.report.binary.calibration import calibration_shown
from pipeline.report.binary.caveats import judged_by_nobody
from pipeline.report.binary.injection_gap import gap_rows, gap_words
from pipeline.report.binary.numbers import BinaryNumbers
from pipeline.report.binary.spans import span_heads, span_rows
from pipeline.report.binary.summary import SIGNS, summary
from pipeline.report.binary.verdicts import verdict_tables
from pipeline.report.page import headline, mistakes_table, parts
from pipeline.report.wording import NONE, POINTS, number, per_cent, worded

HEADLINE = (
    "auc",
    "mdr_at_fpr_1pc",
    "mdr_at_fpr_5pc",
    "fpr_at_mdr_1pc",
    "fpr_at_mdr_5pc",
    "equal_error",
    "average_precision",
    "accuracy",
    "mcc",
    "f1",
    "ece",
    "brier",
    "log_loss",
)
OF_PART = ("auc", "mdr_at_fpr_5pc", "fpr_at_mdr_1pc", "ece")
_RATES: Final[tuple[Literal["recall", "fpr"], ...]] = ("recall", "fpr")
MOST_STRATA = 12
MISTAKE_COLUMNS = (
    "mistake",
    "candidate_id",
    "score",
    "kind",
    "label_source",
    "flux_sign",
    "magnitude",
    "snr",
    "night",
    "failed_cuts",
)
MISTAKE_DIGITS = {"score": 3, "magnitude": 2, "snr": 1}


def binary_shown(data: ReportData, numbers: BinaryNumbers) -> dict[str, object]:
    """Return what the page shows.

    Parameters
    ----------
    data : ReportData
        The mistakes.
    numbers : BinaryNumbers
        The content of metrics.json.
    """
    return {
        "summary": summary(numbers),
        "tiles": list(_tiles(numbers)),
        "headline": headline(numbers, [(name, METRICS[name], METRICS[name].title) for name in HEADLINE]),
        "part_heads": [METRICS[name].title for name in OF_PART],
        "parts": parts(numbers, {name: METRICS[name] for name in OF_PART}),
        "judged_by_nobody": judged_by_nobody(numbers["counts"]),
        "gap": gap_words(numbers["injection"]),
        "gap_rows": gap_rows(numbers["injection"]),
        "span_heads": span_heads(),
        "span_rows": list(span_rows(numbers.get("spans", {}))),
        "strata": list(_strata(numbers)),
        "calibrations": list(calibration_shown(numbers)),
        "verdicts": list(verdict_tables(numbers, SIGNS)),
        "mistakes": mistakes_table(data.mistakes, MISTAKE_COLUMNS, MISTAKE_DIGITS),
    }


def _tiles(numbers: BinaryNumbers) -> Iterator[dict[str, str]]:
    """Yield what a reader wants first: AUC, the rates at the threshold, purity, whether injections are like reals."""
    judged = numbers["models"][numbers["classifier"]]
    bogus, real = numbers["class_names"]
    at, survey = judged["at_threshold"], judged["survey"]
    yield {"what": METRICS["auc"].title, **worded(judged["metrics"]["auc"], METRICS["auc"].unit)}
    found = {"look": "real", "what": f"reals found at threshold {number(judged['threshold'])}"}
    yield {**found, **worded(at["recall"]), "reason": f"no {real} rows"}
    yield {"look": "bogus", "what": "bogus called real", **worded(at["fpr"]), "reason": f"no {bogus} rows"}
    purity = {"what": "expected purity", "value": NONE, "spread": "the survey states no base rate"}
    if survey["base_rate"] is not None:
        purity["value"] = per_cent(survey.get("expected_purity"))
        purity["spread"] = f"if {per_cent(survey['base_rate'])} of all candidates are {real}"
    yield purity
    yield {"what": "recall, injected minus other reals", **worded(judged["injection_gap"], POINTS)}


def _strata(numbers: BinaryNumbers) -> Iterator[dict[str, object]]:
    """Yield one table per column, one row per stratum: recall and false positive rate of the classifier in words."""
    table = pd.DataFrame(numbers["models"][numbers["classifier"]]["strata"])
    for column in table["column"].unique() if len(table) else []:
        rows = [_stratum(row) for row in table[table["column"] == column].astype(object).to_dict("records")]
        yield {"title": STRATA[column].title, "rows": rows, "folded": len(rows) > MOST_STRATA}


def _stratum(row: Mapping[Hashable, Any]) -> dict[Hashable, object]:
    entry = {key: None if pd.isna(value) else value for key, value in row.items()}
    words = {
        share: worded({"value": entry[share], "low": entry[f"{share}_low"], "high": entry[f"{share}_high"]})
        for share in _RATES
    }
    if entry["column"] == "flux_sign":
        entry["stratum"] = SIGNS.get(str(entry["stratum"]), str(entry["stratum"]))
    return {**entry, "recall": words["recall"], "fpr": words["fpr"]}
