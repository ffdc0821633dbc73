"""What the page of the report of a regressor shows beside what all kinds show.

Tested by tests/pipeline/report/regression/test_page.py.
"""

from collections.abc import Iterator
from typing import Any, Final

from pipeline.metrics.redshift_residuals import REDSHIFT_METRICS, residuals
from pipeline.plots.data import Mistakes
from pipeline.plots.regression_data import RegressionReportData
from pipeline.report.metrics_json import Bounds
from pipeline.report.page import headline, mistakes_table, parts
from pipeline.report.regression.numbers import RegressionNumbers
from pipeline.report.wording import number, per_cent, worded

HEADLINE: Final = ("sigma_nmad", "outliers", "bias", "mean_residual", "crps", "cde_loss", "pit_ks", "pit_extreme")
OF_PART: Final = ("sigma_nmad", "outliers", "bias", "crps", "pit_ks")
NEAR_ZERO: Final = ("bias", "mean_residual")
"""Measures of which neither more nor less is better."""

DIGITS: Final = 4
"""Decimals of what is no share: a bias is a few thousandths."""

MOST_MISTAKES: Final = 20
MISTAKE_COLUMNS: Final = ("candidate_id", "target", "value", "residual", "q05", "q95", "low", "high", "magnitude")
MISTAKE_DIGITS: Final = {"magnitude": 2} | dict.fromkeys(
    ("target", "value", "residual", "q05", "q95", "low", "high"), 3
)


def regression_shown(data: RegressionReportData, numbers: RegressionNumbers) -> dict[str, object]:
    """Return what the page shows.

    Parameters
    ----------
    data : RegressionReportData
        The judged rows, for the largest residuals.
    numbers : RegressionNumbers
        The content of metrics.json.
    """
    return {
        "tiles": list(_tiles(numbers)),
        "headline": _headline(numbers),
        "part_heads": [REDSHIFT_METRICS[name].title for name in OF_PART],
        "parts": _parts(numbers),
        "coverage": list(_coverage(numbers)),
        "mistakes": mistakes_table(_largest(data), MISTAKE_COLUMNS, MISTAKE_DIGITS),
    }


def _words(name: str, interval: Bounds) -> dict[str, str]:
    unit = REDSHIFT_METRICS[name].unit
    return worded(interval, unit, 0 if unit else DIGITS)


def _headline(numbers: RegressionNumbers) -> list[dict[str, object]]:
    rows = headline(numbers, [(name, REDSHIFT_METRICS[name], REDSHIFT_METRICS[name].title) for name in HEADLINE])
    for name, row in zip(HEADLINE, rows, strict=True):
        row["values"] = [_words(name, model["metrics"][name]) for model in numbers["models"].values()]
        if name in NEAR_ZERO:
            apart: Any = row["differences"]
            row |= {"better": "near 0", "differences": [{**entry, "verdict": ""} for entry in apart]}
    return rows


def _parts(numbers: RegressionNumbers) -> list[dict[str, object]]:
    rows = parts(numbers, {name: REDSHIFT_METRICS[name] for name in OF_PART})
    for row in rows:
        model = numbers["models"][str(row["model"])]
        own = row["part"] == numbers["judged_part"]
        metrics = model["metrics"] if own else model["parts"][str(row["part"])]["metrics"]
        row["values"] = [_words(name, metrics[name]) for name in OF_PART]
    return rows


def _tiles(numbers: RegressionNumbers) -> Iterator[dict[str, str]]:
    """Yield what a reader wants first: scatter, outliers, bias, calibration, coverage."""
    judged = numbers["models"][numbers["classifier"]]
    for name in ("sigma_nmad", "outliers", "bias", "pit_ks"):
        yield {"what": REDSHIFT_METRICS[name].title, **_words(name, judged["metrics"][name])}
    found = judged["coverage"].get(numbers["judged_part"])
    if found is not None:
        yield {
            "what": f"in intervals of {per_cent(found['promised'], 0)}",
            "value": per_cent(found["coverage"]),
            "spread": f"{per_cent(found['coverage_low'])} to {per_cent(found['coverage_high'])} (95 %)",
        }


def _coverage(numbers: RegressionNumbers) -> Iterator[dict[str, object]]:
    """Yield one row per model and part."""
    for name, model in numbers["models"].items():
        for part, found in model["coverage"].items():
            low, high = found["coverage_low"], found["coverage_high"]
            yield {
                "model": name,
                "part": part,
                "n": found["n"],
                "hits": found["hits"],
                "promised": per_cent(found["promised"], 0),
                "coverage": per_cent(found["coverage"], 2),
                "spread": f"{per_cent(low, 2)} to {per_cent(high, 2)}",
                "kept": {True: "yes", False: "no", None: "–"}[found["kept"]],
                "width": number(found["width"]),
            }


def _largest(data: RegressionReportData) -> Mistakes:
    """Return the judged rows with the largest residuals."""
    rows = data.rows(data.classifier, data.part)
    rows = rows.assign(residual=residuals(rows["value"], rows["target"]))
    order = rows["residual"].abs().sort_values(ascending=False, kind="stable").index
    return Mistakes(rows=rows.loc[order[:MOST_MISTAKES]], cutouts=None)
