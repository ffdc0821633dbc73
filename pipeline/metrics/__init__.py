"""Figures of merit: metrics with intervals over groups, threshold rules, and recall by stratum."""

from pipeline.metrics.binning import STRATA, Stratification
from pipeline.metrics.curves import Curves, operating_points, scored_mask
from pipeline.metrics.definitions import METRICS, Metric, summary
from pipeline.metrics.intervals import binomial_interval, expected_purity
from pipeline.metrics.mistakes import worst_mistakes
from pipeline.metrics.rates import column_alone, injection_gap, is_injected, threshold_rates
from pipeline.metrics.resampling import (
    Interval,
    bootstrap,
    bootstrap_all,
    bootstrap_statistic,
    paired_differences,
)
from pipeline.metrics.strata import all_strata, groups_of, recall_by
from pipeline.metrics.thresholds import THRESHOLD_RULES, Confusion, confusion

__all__ = [
    "METRICS",
    "STRATA",
    "THRESHOLD_RULES",
    "Confusion",
    "Curves",
    "Interval",
    "Metric",
    "Stratification",
    "all_strata",
    "binomial_interval",
    "bootstrap",
    "bootstrap_all",
    "bootstrap_statistic",
    "column_alone",
    "confusion",
    "expected_purity",
    "groups_of",
    "injection_gap",
    "is_injected",
    "operating_points",
    "paired_differences",
    "recall_by",
    "scored_mask",
    "summary",
    "threshold_rates",
    "worst_mistakes",
]
