"""The page of a report: numbers, figures and mistakes laid out in one offline HTML file.

Tested by tests/pipeline/report/test_build.py.
"""

from collections.abc import Hashable, Iterator, Mapping
from typing import Any, Final, Literal, SupportsFloat

import pandas as pd

from pipeline.metrics import METRICS, STRATA
from pipeline.plots import PLOTS, PlotResult, ReportData
from pipeline.registry import Registry
from pipeline.report.html_templates import html_template
from pipeline.report.metrics_json import ReportNumbers
from pipeline.report.wording import POINTS, caveats, difference, judged_by_nobody, measured, number, separated, worded

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
_RATES: Final[tuple[Literal["recall", "fpr"], ...]] = ("recall", "fpr")
MOST_STRATA = 12
SIGNS = {"1": "positive", "-1": "negative", "0": "not known"}
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
)


def page(data: ReportData, numbers: ReportNumbers, figures: Mapping[str, PlotResult]) -> str:
    """Return the page as HTML; what comes from data is escaped, and nothing is loaded from elsewhere."""
    judged = numbers["models"][numbers["classifier"]]
    return html_template("index.html").render(
        numbers=numbers,
        judged=judged,
        at={name: worded(judged["at_threshold"][name]) for name in _RATES},
        gap=worded(judged["injection_gap"], POINTS),
        headline=list(_headline(numbers)),
        parts=list(_parts(numbers)),
        separated=separated(numbers["separations"]),
        judged_by_nobody=judged_by_nobody(numbers["counts"]),
        notes=[*data.notes, *caveats(numbers)],
        figures=list(figure_entries(figures, PLOTS)),
        strata=list(_strata(numbers)),
        mistakes=_mistakes(data),
        provenance=list(flat(numbers.get("provenance", {}))),
        interval=f"{numbers['interval']['level']:.0%}".replace("%", " %"),
    )


def _headline(numbers: ReportNumbers) -> Iterator[dict[str, object]]:
    """Yield one row per metric: its value for every model, then classifier minus each of the others."""
    for name in HEADLINE:
        yield {
            "title": METRICS[name].title,
            "better": "higher" if METRICS[name].larger_is_better else "lower",
            "values": [measured(name, model["metrics"][name]) for model in numbers["models"].values()],
            "differences": [difference(name, other["metrics"][name]) for other in numbers["differences"].values()],
        }


def _parts(numbers: ReportNumbers) -> Iterator[dict[str, object]]:
    """Yield one row per model and part, the judged part first, with the metrics that reveal overfitting."""
    shown = ("auc", "mdr_at_fpr_5pc", "fpr_at_mdr_1pc", "ece")
    for name, model in numbers["models"].items():
        parts = {numbers["judged_part"]: model["metrics"]}
        parts |= {part: entry["metrics"] for part, entry in model["parts"].items()}
        for part, metrics in parts.items():
            values = [measured(metric, metrics[metric]) for metric in shown]
            yield {
                "model": name,
                "part": part,
                "n": metrics["auc"]["n"],
                "groups": metrics["auc"]["n_groups"],
                "values": values,
            }


def figure_entries(figures: Mapping[str, PlotResult], plots: Registry[Any]) -> Iterator[dict[str, object]]:
    """Yield what a page says of each figure.

    Parameters
    ----------
    figures : mapping of str to PlotResult
        The figures by name, in the order of the page.
    plots : Registry
        Where their titles and captions are.
    """
    for name, result in figures.items():
        metadata = plots.metadata(name)
        width, height = result.figure.get_size_inches()
        yield {
            "name": name,
            "title": metadata["title"],
            "caption": metadata["caption"],
            "note": result.note,
            "width": round(96 * width),
            "height": round(96 * height),
            "rows": len(result.table),
            "empty": result.table.empty,
        }


def _strata(numbers: ReportNumbers) -> Iterator[dict[str, object]]:
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


def _mistakes(data: ReportData) -> dict[str, object]:
    if data.mistakes is None or data.mistakes.rows.empty:
        return {"columns": [], "rows": []}
    columns = [name for name in MISTAKE_COLUMNS if name in data.mistakes.rows]
    records = data.mistakes.rows[columns].astype(object).to_dict("records")
    return {"columns": columns, "rows": [[_cell(name, row[name]) for name in columns] for row in records]}


def _cell(name: str, value: object) -> str:
    if pd.isna(value):
        return ""
    digits = {"score": 3, "magnitude": 2, "snr": 1}
    return number(float(value), digits[name]) if name in digits and isinstance(value, SupportsFloat) else str(value)


def flat(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield the leaves of nested mappings as (dotted name, text)."""
    if isinstance(value, Mapping):
        for key, entry in value.items():
            yield from flat(entry, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        yield path, ", ".join(str(entry) for entry in value)
    else:
        yield path, "" if value is None else str(value)
