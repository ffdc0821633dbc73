"""The report of classes with names of their own: its figures, what it measures and what its page tells."""

from pipeline.plots import CLASS_PLOTS
from pipeline.report.classes.caveats import class_caveats
from pipeline.report.classes.measures import measure_classes, with_intervals
from pipeline.report.classes.numbers import ClassNumbers
from pipeline.report.classes.page import class_shown
from pipeline.report.kinds import REPORT_KINDS, ReportKind
from pipeline.report.wording import number

CLASS_REPORT_PLOTS = (
    "class_scores",
    "confusion",
    "confusion_thresholds",
    "class_precision_recall",
    "class_roc",
    "class_recall_at",
    "class_reliability",
    "abstention",
    "class_magnitude",
    "colour_diagrams",
    "training_history",
    "gallery",
)
"""All plots in the order of the page."""


def _in_short(numbers: ClassNumbers) -> str:
    own = numbers["models"][numbers["classifier"]]["metrics"]
    k, accuracy, macro_f1 = len(numbers["class_names"]), own["accuracy"]["value"], own["macro_f1"]["value"]
    return f" of {k} classes: accuracy {number(accuracy)}, macro F1 {number(macro_f1)}"


REPORT_KINDS.register("classes")(
    ReportKind(
        template="classes/page.html",
        plots=CLASS_PLOTS,
        order=CLASS_REPORT_PLOTS,
        measure=measure_classes,
        shown=class_shown,
        caveats=class_caveats,
        completed=with_intervals,
        in_short=_in_short,
    )
)
