"""The report of real and bogus: which figures it has, what it measures and what its page tells."""

from pipeline.plots import PLOTS
from pipeline.report.binary.caveats import binary_caveats
from pipeline.report.binary.measures import measure_binary
from pipeline.report.binary.page import binary_shown
from pipeline.report.binary.summary import gate_numbers
from pipeline.report.kinds import REPORT_KINDS, ReportKind

DEFAULT_PLOTS = (
    "roc",
    "mdr_fpr",
    "calibration",
    "precision_recall",
    "score_histogram",
    "threshold_scan",
    "error_rates",
    "f1_mcc",
    "purity_completeness",
    "confusion_matrix",
    "recall_magnitude",
    "recall_kind",
    "completeness",
    "psf_quality",
    "score_magnitude",
    "truth",
    "score_by_night",
    "column_histograms",
    "training_history",
    "gallery",
    "examples",
)
"""All plots in the order of the page."""

REPORT_KINDS.register("binary")(
    ReportKind(
        template="binary/page.html",
        plots=PLOTS,
        order=DEFAULT_PLOTS,
        measure=measure_binary,
        shown=binary_shown,
        caveats=binary_caveats,
        gate=gate_numbers,
    )
)
