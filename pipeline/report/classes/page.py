"""What the page of a report of classes shows beside what all kinds show.

Tested by tests/pipeline/report/classes/test_page.py.
"""

from collections.abc import Iterator
from dataclasses import replace

from pipeline.metrics.class_metrics import CLASS_METRICS, PER_CLASS, ClassMetric
from pipeline.plots import ClassReportData, Mistakes
from pipeline.registry import Registry
from pipeline.report.classes.numbers import ClassNumbers, DecisionNumbers, VetoNumbers
from pipeline.report.metrics_json import Bounds
from pipeline.report.page import headline, mistakes_table, parts
from pipeline.report.wording import difference, number, per_cent, worded

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


MISTAKE_DIGITS = {"p_called": 3, "p_true": 3, "magnitude": 2}


def class_shown(data: ClassReportData, numbers: ClassNumbers) -> dict[str, object]:
    """Return what the page shows.

    Parameters
    ----------
    data : ClassReportData
        The confused rows.
    numbers : ClassNumbers
        The content of metrics.json.
    """
    judged = numbers["models"][numbers["classifier"]]
    return {
        "tiles": list(_tiles(numbers)),
        "headline": headline(numbers, list(_headline(numbers))),
        "part_heads": [CLASS_METRICS[name].title for name in OF_PART],
        "parts": parts(numbers, {name: CLASS_METRICS[name] for name in OF_PART}),
        "class_heads": [PER_CLASS[name].title for name in OF_CLASS],
        "classes": {model: list(_classes(numbers, model)) for model in numbers["models"]},
        "class_differences": {model: list(_class_differences(numbers, model)) for model in numbers["differences"]},
        "difference_heads": [PER_CLASS[name].title for name in ("precision", "recall", "f1")],
        "decision": None if judged["decision"] is None else _decision(judged["decision"]),
        "vetoes": None if judged["vetoes"] is None else _vetoes(judged["vetoes"]),
        "mistakes": mistakes_table(_mistakes(data), MISTAKE_COLUMNS, MISTAKE_DIGITS),
    }


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


def _headline(numbers: ClassNumbers) -> Iterator[tuple[str, ClassMetric, str]]:
    """Yield the metrics of the headline, with the name of the negative class in their titles."""
    for name in HEADLINE:
        if name != "top_3_accuracy" or len(numbers["class_names"]) >= FEWEST_FOR_TOP_3:
            yield name, CLASS_METRICS[name], CLASS_METRICS[name].title.replace("class 0", numbers["class_names"][0])


def _classes(numbers: ClassNumbers, model: str) -> Iterator[dict[str, object]]:
    for name, one in numbers["models"][model]["classes"].items():
        cells = [_in_words(PER_CLASS, metric, one["metrics"][metric]) for metric in OF_CLASS]
        yield {"name": name, "rows": one["rows"], "groups": one["groups"], "cells": cells}


def _class_differences(numbers: ClassNumbers, model: str) -> Iterator[dict[str, object]]:
    for name, metrics in numbers["differences"][model]["classes"].items():
        yield {
            "name": name,
            "cells": [difference(PER_CLASS[metric], metrics[metric]) for metric in ("precision", "recall", "f1")],
        }


def _decision(found: DecisionNumbers) -> dict[str, object]:
    return {
        "weights": [(name, number(weight, 2)) for name, weight in found["weights"].items()],
        "fitted_on": found["fitted_on"],
        "macro_f1": _in_words(CLASS_METRICS, "macro_f1", found["macro_f1"]),
        "accuracy": _in_words(CLASS_METRICS, "accuracy", found["accuracy"]),
        "gain": difference(CLASS_METRICS["macro_f1"], found["macro_f1_gain"]),
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
        "gain": difference(CLASS_METRICS["macro_f1"], found["macro_f1_gain"]),
    }


def _rate(name: str, value: float | None) -> str:
    return number(value) if PER_CLASS[name].unit == "" else per_cent(value)


def _in_words(registry: Registry[ClassMetric], name: str, interval: Bounds) -> dict[str, str]:
    return worded(interval, registry[name].unit)


def _mistakes(data: ClassReportData) -> Mistakes | None:
    """Return the confused rows with the names of their classes."""
    if data.mistakes is None:
        return None
    rows, names = data.mistakes.rows, dict(enumerate(data.class_names))
    return replace(data.mistakes, rows=rows.assign(truth=rows["label"].map(names), called=rows["called"].map(names)))
