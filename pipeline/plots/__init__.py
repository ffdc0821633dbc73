"""Figures: data in, a matplotlib Figure and its numbers out; nothing here saves a file or computes a metric."""

from pipeline.plots import (
    completeness,
    gallery,
    nights,
    operating,
    score_magnitude,
    scores,
    strata,
    training,
    truth,
)
from pipeline.plots.data import Mistakes, PlotResult, ReportData
from pipeline.plots.style import PLOTS

__all__ = [
    "PLOTS",
    "Mistakes",
    "PlotResult",
    "ReportData",
    "completeness",
    "gallery",
    "nights",
    "operating",
    "score_magnitude",
    "scores",
    "strata",
    "training",
    "truth",
]
