"""The report of a classifier: one page, its figures with their numbers, and metrics.json; nothing here saves."""

from pipeline.report.build import DEFAULT_PLOTS, Report, build_report

__all__ = ["DEFAULT_PLOTS", "Report", "build_report"]
