"""The report of a classifier: its page, the numbers of metrics.json, and their wording; nothing here saves a file.

Its figures are drawn in `pipeline.plots`, the mistake gallery among them in `pipeline.plots.mistake_gallery`.
The page of a night's candidates is made here as well, in `pipeline.report.candidates`.
"""

from pipeline.report.build import DEFAULT_PLOTS, Report, build_report
from pipeline.report.class_build import build_class_report

__all__ = ["DEFAULT_PLOTS", "Report", "build_class_report", "build_report"]
