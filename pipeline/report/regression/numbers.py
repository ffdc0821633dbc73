"""The structure of metrics.json of the report of a regressor, beside what all kinds share.

Tested by tests/pipeline/report/regression/test_page.py.
"""

from typing import TypedDict

from pipeline.report.metrics_json import CountNumbers, DifferenceNumbers, IntervalNumbers, PartNumbers, ReportNumbers


class CoverageNumbers(TypedDict):
    """How often the intervals of a model held the target in a part, with the binomial interval of 95 %.

    ``kept`` says whether that may be chance, see `pipeline.metrics.interval_coverage.keeps_promise`; None if it is not
    known how many rows calibrated them, or they are those that did.
    """

    promised: float
    n: int
    hits: int
    effective: float
    kept: bool | None
    coverage: float | None
    coverage_low: float | None
    coverage_high: float | None
    width: float | None


class RegressionModel(TypedDict):
    """All numbers of one model."""

    metrics: dict[str, IntervalNumbers]
    parts: dict[str, PartNumbers]
    coverage: dict[str, CoverageNumbers]


class RegressionNumbers(ReportNumbers):
    """The content of metrics.json."""

    kind: str
    counts: CountNumbers
    models: dict[str, RegressionModel]
    differences: dict[str, DifferenceNumbers]
