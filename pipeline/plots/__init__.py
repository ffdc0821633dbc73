"""Figures: data in, a matplotlib Figure and its numbers out; nothing here saves a file or computes a metric."""

from pipeline.plots import (
    class_confusion,
    class_curves,
    class_gallery,
    class_probabilities,
    class_ranking,
    class_scores,
    colour_diagrams,
    completeness,
    mistake_gallery,
    nights,
    operating,
    psf_quality,
    score_magnitude,
    scores,
    strata,
    training,
    truth,
)
from pipeline.plots.class_data import CLASS_PLOTS, ClassReportData
from pipeline.plots.data import Mistakes, PlotResult, Psfs, ReportData
from pipeline.plots.style import PLOTS

__all__ = [
    "CLASS_PLOTS",
    "PLOTS",
    "ClassReportData",
    "Mistakes",
    "PlotResult",
    "Psfs",
    "ReportData",
    "class_confusion",
    "class_curves",
    "class_gallery",
    "class_probabilities",
    "class_ranking",
    "class_scores",
    "colour_diagrams",
    "completeness",
    "mistake_gallery",
    "nights",
    "operating",
    "psf_quality",
    "score_magnitude",
    "scores",
    "strata",
    "training",
    "truth",
]
