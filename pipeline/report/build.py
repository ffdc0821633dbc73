"""Build the report: measure, draw, and fill in the page."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.plots import PLOTS, PlotResult, ReportData
from pipeline.report.measures import measure, plain
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
"""All plots in the order in which a reader wants them."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """A finished report, not yet on disk.

    Attributes
    ----------
    html : str
        The page; it links to ``figures/<name>.png`` and ``tables/<name>.csv`` beside it.
    metrics : dict
        The content of metrics.json, plain types only.
    figures : dict of str to PlotResult
        Figures and their numbers by name, in the order of the page.
    """

    html: str
    metrics: dict[str, object]
    figures: dict[str, PlotResult]


def build_report(
    data: ReportData,
    *,
    plots: Sequence[str] = DEFAULT_PLOTS,
    replicates: int = 1000,
    seed: int = 0,
    provenance: Mapping[str, object] | None = None,
) -> Report:
    """Return the report of a classifier and what it is compared with.

    Parameters
    ----------
    data : ReportData
        Scores, thresholds, base rate, cutouts of mistakes, history, truth.
    plots : sequence of str
        Names of PLOTS, in the order of the page.
    replicates : int
        Bootstrap samples over groups.
    seed : int
        Of the bootstrap.
    provenance : mapping, optional
        What made the inputs; shown folded, and put into metrics.json as it is.

    Raises
    ------
    UnknownNameError
        When a plot has no such name; before anything is computed.
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
