"""The report of a regressor, such as one of redshifts: its figures, what it measures and what its page tells."""

from pipeline.plots.regression_data import REGRESSION_PLOTS
from pipeline.report.kinds import REPORT_KINDS, ReportKind
from pipeline.report.regression.caveats import regression_caveats
from pipeline.report.regression.measures import measure_regression, with_trends
from pipeline.report.regression.numbers import RegressionNumbers
from pipeline.report.regression.page import regression_shown
from pipeline.report.wording import number, per_cent

REGRESSION_REPORT_PLOTS = (
    "redshift_scatter",
    "redshift_pit",
    "redshift_trends",
    "interval_coverage",
    "residual_histogram",
)
"""All plots in the order of the page."""


def _in_short(numbers: RegressionNumbers) -> str:
    own = numbers["models"][numbers["classifier"]]["metrics"]
    return f": scatter {number(own['sigma_nmad']['value'], 4)}, outliers {per_cent(own['outliers']['value'])}"


REPORT_KINDS.register("regression")(
    ReportKind(
        template="regression/page.html",
        plots=REGRESSION_PLOTS,
        order=REGRESSION_REPORT_PLOTS,
        measure=measure_regression,
        shown=regression_shown,
        caveats=regression_caveats,
        completed=with_trends,
        in_short=_in_short,
    )
)
