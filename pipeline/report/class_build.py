"""A report of many classes from its data: measure, draw, and fill in the page."""

import logging
from collections.abc import Mapping
from dataclasses import replace

from pipeline.plots import CLASS_PLOTS, ClassReportData
from pipeline.report.build import Report
from pipeline.report.class_measures import Bootstrap, judged_intervals, measure_classes
from pipeline.report.class_page import class_page
from pipeline.report.measures import plain

log = logging.getLogger(__name__)

CLASS_REPORT_PLOTS = (
    "class_scores",
    "confusion",
    "confusion_thresholds",
    "class_precision_recall",
    "class_roc",
    "class_reliability",
    "abstention",
    "class_magnitude",
    "training_history",
    "gallery",
)
"""All plots in the order of the page."""


def build_class_report(
    data: ClassReportData, *, replicates: int = 1000, seed: int = 0, provenance: Mapping[str, object] | None = None
) -> Report:
    """Return the report of a classifier of many classes and of the models that it is compared with.

    Parameters
    ----------
    data : ClassReportData
        Scores, names of the classes, cutouts of confused rows, history.
    replicates : int
        Number of bootstrap samples of groups.
    seed : int
        Seed of the bootstrap.
    provenance : mapping, optional
        How the report comes about; it is folded on the page, and part of metrics.json.
    """
    how = Bootstrap(replicates=replicates, seed=seed)
    data = replace(data, intervals=judged_intervals(data, how))
    numbers = measure_classes(data, how)
    figures = {name: CLASS_PLOTS[name](data) for name in CLASS_REPORT_PLOTS}
    numbers["figures"] = {name: {"note": result.note} for name, result in figures.items()}
    numbers["provenance"] = plain(dict(provenance or {}))
    own = numbers["models"][data.classifier]["metrics"]
    log.info(
        "measured %d models on %d rows of %d classes: accuracy %s, macro F1 %s",
        len(data.scores),
        numbers["counts"]["judged"],
        data.n_classes,
        own["accuracy"]["value"],
        own["macro_f1"]["value"],
    )
    return Report(html=class_page(data, numbers, figures), metrics=numbers, figures=figures)
