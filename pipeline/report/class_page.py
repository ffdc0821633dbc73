"""The page of a report of many classes: numbers, figures and confused rows laid out in one offline HTML file.

Tested by tests/pipeline/report/test_class_build.py.
"""

from collections.abc import Iterator, Mapping

import pandas as pd

from pipeline.metrics.class_metrics import CLASS_METRICS, PER_CLASS, ClassMetric
from pipeline.plots import CLASS_PLOTS, ClassReportData, PlotResult
from pipeline.registry import Registry
from pipeline.report.class_numbers import ClassNumbers, DecisionNumbers, VetoNumbers
from pipeline.report.class_wording import class_caveats
from pipeline.report.html_templates import html_template
from pipeline.report.metrics_json import Bounds
from pipeline.report.page import figure_entries, flat
from pipeline.report.wording import number, paired, per_cent, separated, worded

HEADLINE = (
    "macro_f1",
    "macro_f1_without_0",
    "accuracy",
    "top_3_accuracy",
    "macro_precision",
    "macro_recall",
    "macro_auc",
    "log_loss",
    "brier",
    "ece",
    "class_ece",
)
OF_CLASS = ("precision", "recall", "f1", "fpr", "auc", "average_precision")
OF_PART = ("macro_f1", "accuracy", "log_loss", "ece")
VETO_RATES = ("precision", "recall", "f1", "fpr")
FEWEST_FOR_TOP_3 = 4
"""With fewer classes than this, all are among the first three."""

MISTAKE_COLUMNS = ("truth", "called", "candidate_id", "p_called", "p_true", "pair_rows", "label_source", "magnitude")


def class_page(data: ClassReportData, numbers: ClassNumbers, figures: Mapping[str, PlotResult]) -> str:
    """Return the page as HTML; what comes from data is escaped, and nothing is loaded from elsewhere.

    Parameters
    ----------
    data : ClassReportData
        Notes and confused rows.
    numbers : ClassNumbers
        The content of metrics.json.
    figures : mapping of str to PlotResult
        The figures by name, in the order of the page.
    """
    judged = numbers["models"][numbers["classifier"]]
    return html_template("class_index.html").render(
        numbers=numbers,
        judged=judged,
        tiles=list(_tiles(numbers)),
        headline=list(_headline(numbers)),
        class_heads=[PER_CLASS[name].title for name in OF_CLASS],
        classes={model: list(_classes(numbers, model)) for model in numbers["models"]},
        class_differences={model: list(_class_differences(numbers, model)) for model in numbers["differences"]},
        difference_heads=[PER_CLASS[name].title for name in ("precision", "recall", "f1")],
        part_heads=[CLASS_METRICS[name].title for name in OF_PART],
        parts=list(_parts(numbers)),
        decision=None if judged["decision"] is None else _decision(judged["decision"]),
        vetoes=None if judged["vetoes"] is None else _vetoes(judged["vetoes"]),
        separated=separated(numbers["separations"]),
        notes=[*data.notes, *class_caveats(numbers)],
        figures=list(figure_entries(figures, CLASS_PLOTS)),
        mistakes=_mistakes(data),
        provenance=list(flat(numbers.get("provenance", {}))),
        interval=f"{numbers['interval']['level']:.0%}".replace("%", " %"),
    )


def _tiles(numbers: ClassNumbers) -> Iterator[dict[str, str]]:
    """Yield what a reader wants first: macro F1, accuracy, the classes without the negative one, the worst class."""
    judged = numbers["models"][numbers["classifier"]]
    for name in ("macro_f1", "accuracy", "macro_f1_without_0"):
        title = CLASS_METRICS[name].title
        title = f"Macro F1 without {numbers['class_names'][0]}" if name == "macro_f1_without_0" else title
        yield {"what": title, **_in_words(CLASS_METRICS, name, judged["metrics"][name])}
    known = {
        name: one["metrics"]["f1"]
        for name, one in judged["classes"].items()
        if one["metrics"]["f1"]["value"] is not None
    }
    if known:
        worst = min(known, key=lambda name: known[name]["value"] or 0.0)
        yield {"what": f"worst class: F1 of {worst}", **_in_words(PER_CLASS, "f1", known[worst])}
    yield {"what": "calibration error", **_in_words(CLASS_METRICS, "ece", judged["metrics"]["ece"])}


def _headline(numbers: ClassNumbers) -> Iterator[dict[str, object]]:
    """Yield one row per metric: its value for every model, then classifier minus each of the others."""
    for name in HEADLINE:
        if name == "top_3_accuracy" and len(numbers["class_names"]) < FEWEST_FOR_TOP_3:
            continue
        entry = CLASS_METRICS[name]
        title = entry.title.replace("class 0", numbers["class_names"][0])
        yield {
            "title": title,
            "better": "higher" if entry.larger_is_better else "lower",
            "values": [_in_words(CLASS_METRICS, name, model["metrics"][name]) for model in numbers["models"].values()],
            "differences": [_apart(entry, other["metrics"][name]) for other in numbers["differences"].values()],
        }


def _classes(numbers: ClassNumbers, model: str) -> Iterator[dict[str, object]]:
    for name, one in numbers["models"][model]["classes"].items():
        cells = [_in_words(PER_CLASS, metric, one["metrics"][metric]) for metric in OF_CLASS]
        yield {"name": name, "rows": one["rows"], "groups": one["groups"], "cells": cells}


def _class_differences(numbers: ClassNumbers, model: str) -> Iterator[dict[str, object]]:
    for name, metrics in numbers["differences"][model]["classes"].items():
        yield {
            "name": name,
            "cells": [_apart(PER_CLASS[metric], metrics[metric]) for metric in ("precision", "recall", "f1")],
        }


def _parts(numbers: ClassNumbers) -> Iterator[dict[str, object]]:
    """Yield one row per model and part, the judged part first."""
    for name, model in numbers["models"].items():
        parts = {numbers["judged_part"]: model["metrics"]}
        parts |= {part: entry["metrics"] for part, entry in model["parts"].items()}
        for part, metrics in parts.items():
            yield {
                "model": name,
                "part": part,
                "n": metrics["accuracy"]["n"],
                "groups": metrics["accuracy"]["n_groups"],
                "values": [_in_words(CLASS_METRICS, metric, metrics[metric]) for metric in OF_PART],
            }


def _decision(found: DecisionNumbers) -> dict[str, object]:
    return {
        "weights": [(name, number(weight, 2)) for name, weight in found["weights"].items()],
        "fitted_on": found["fitted_on"],
        "macro_f1": _in_words(CLASS_METRICS, "macro_f1", found["macro_f1"]),
        "accuracy": _in_words(CLASS_METRICS, "accuracy", found["accuracy"]),
        "gain": _apart(CLASS_METRICS["macro_f1"], found["macro_f1_gain"]),
    }


def _vetoes(found: VetoNumbers) -> dict[str, object]:
    rows = [
        {
            "name": name,
            "vetoed": one["n_vetoed"],
            "cells": [
                " → ".join(_rate(rate, one[f"{rate}_{when}"]) for when in ("before", "after")) for rate in VETO_RATES
            ],
        }
        for name, one in found["classes"].items()
    ]
    return {
        "fallback": found["fallback"],
        "vetoed": found["vetoed"],
        "rows": rows,
        "macro_f1": _in_words(CLASS_METRICS, "macro_f1", found["macro_f1"]),
        "gain": _apart(CLASS_METRICS["macro_f1"], found["macro_f1_gain"]),
    }


def _rate(name: str, value: float | None) -> str:
    return number(value) if PER_CLASS[name].unit == "" else per_cent(value)


def _in_words(registry: Registry[ClassMetric], name: str, interval: Bounds) -> dict[str, str]:
    return worded(interval, registry[name].unit)


def _apart(entry: ClassMetric, interval: Bounds) -> dict[str, str]:
    return paired(interval, entry.unit, larger_is_better=entry.larger_is_better)


def _mistakes(data: ClassReportData) -> dict[str, object]:
    if data.mistakes is None or data.mistakes.rows.empty:
        return {"columns": [], "rows": []}
    names = dict(enumerate(data.class_names))
    rows = data.mistakes.rows.assign(
        truth=data.mistakes.rows["label"].map(names), called=data.mistakes.rows["called"].map(names)
    )
    columns = [name for name in MISTAKE_COLUMNS if name in rows]
    records = rows[columns].astype(object).to_dict("records")
    return {"columns": columns, "rows": [[_cell(name, row[name]) for name in columns] for row in records]}


def _cell(name: str, value: object) -> str:
    if pd.isna(value):
        return ""
    digits = {"p_called": 3, "p_true": 3, "magnitude": 2}
    return number(float(str(value)), digits[name]) if name in digits else str(value)
