"""A report from its data: measure, draw, and fill in the page."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.plots import PLOTS, PlotResult, ReportData
from pipeline.report.class_numbers import ClassNumbers
from pipeline.report.measures import measure, plain
from pipeline.report.metrics_json import ReportNumbers
from pipeline.report.page import page

log = logging.getLogger(__name__)

DEFAULT_PLOTS = (
    "roc",
    "mdr_fpr",
    "calibration",
    "precision_recall",
    "score_histogram",
    "threshold_scan",
    "confusion_matrix",
    "recall_magnitude",
    "recall_kind",
    "completeness",
    "psf_quality",
    "score_magnitude",
    "truth",
    "score_by_night",
    "training_history",
    "gallery",
)
"""All plots in the order of the page."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """A finished report, not yet on disk.

    Attributes
    ----------
    html : str
        The page; it links to ``figures/<name>.png`` and ``tables/<name>.csv`` beside it.
    metrics : ReportNumbers or ClassNumbers
        The content of metrics.json; plain types only.
    figures : dict of str to PlotResult
        Figures and their numbers by name, in the order of the page.
    """

    html: str
    metrics: ReportNumbers | ClassNumbers
    figures: dict[str, PlotResult]


def build_report(
    data: ReportData,
    *,
    plots: Sequence[str] = DEFAULT_PLOTS,
    replicates: int = 1000,
    seed: int = 0,
    provenance: Mapping[str, object] | None = None,
) -> Report:
    """Return the report of a classifier and of the models that it is compared with.

    Parameters
    ----------
    data : ReportData
        Scores, thresholds, base rate, cutouts of mistakes, history, truth.
    plots : sequence of str
        Names in PLOTS, in the order of the page.
    replicates : int
        Number of bootstrap samples of groups.
    seed : int
        Seed of the bootstrap.
    provenance : mapping, optional
        How the report comes about; it is folded on the page, and part of metrics.json.

    Raises
    ------
    UnknownNameError
        If there is no plot of a name; nothing is computed before.
    """
    draws = {name: PLOTS[name] for name in plots}
    numbers = measure(data, replicates=replicates, seed=seed)
    figures = {}
    for name, draw in draws.items():
        figures[name] = draw(data)
        log.debug("drew %s with %d rows of numbers", name, len(figures[name].table))
    numbers["figures"] = {name: {"note": result.note} for name, result in figures.items()}
    numbers["provenance"] = plain(dict(provenance or {}))
    log.info(
        "measured %d models on %d rows, drew %d figures",
        len(data.scores),
        numbers["counts"]["judged"],
        len(figures),
    )
    return Report(html=page(data, numbers, figures), metrics=numbers, figures=figures)
