"""Reports: their page, the numbers of metrics.json, and their wording; nothing here saves a file.

Each kind of report is a folder, `binary` for real and bogus, `classes` for other classes and `regression` for values;
what lies beside the folders is shared by all.

Its figures are drawn in `pipeline.plots`, the mistake gallery among them in `pipeline.plots.mistake_gallery`.
The page of a night's candidates is made here as well, in `pipeline.report.candidates`.
"""

from pipeline.report.build import Report, build_report
from pipeline.report.kinds import REPORT_KINDS, ReportKind

__all__ = ["REPORT_KINDS", "Report", "ReportKind", "build_report"]
