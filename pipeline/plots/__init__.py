"""Figures: data in, a matplotlib Figure and its numbers out; nothing here saves a file or computes a metric."""

from pipeline.plots import (
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
from pipeline.plots.data import Mistakes, PlotResult, Psfs, ReportData
from pipeline.plots.style import PLOTS

__all__ = [
    "PLOTS",
    "Mistakes",
    "PlotResult",
    "Psfs",
    "ReportData",
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
