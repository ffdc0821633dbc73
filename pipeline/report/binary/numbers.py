"""The structure of metrics.json of a report of real and bogus, beside what all kinds share.

Tested by tests/pipeline/report/binary/test_measures.py.
"""

from typing import NotRequired, TypedDict

from pipeline.report.binary.injection_gap import GapNumbers
from pipeline.report.binary.spans import SpanNumbers
from pipeline.report.metrics_json import CountNumbers, DifferenceNumbers, IntervalNumbers, PartNumbers, ReportNumbers


class NightNumbers(TypedDict):
    """The candidates of one night that was scored as a whole."""

    candidates: int
    called_real: int


class BinaryCounts(CountNumbers):
    """Numbers of rows of each class, and of each night that was scored as a whole."""

    real: int
    bogus: int
    rows_sha256: str
    injected: int
    called_real_by_night: dict[str, NightNumbers]


class ThresholdNumbers(TypedDict):
    """The confusion of a model at its threshold, and its rates there with their intervals."""

    threshold: float
    true_positives: int
    false_positives: int
    false_negatives: int
    true_negatives: int
    recall: IntervalNumbers
    fpr: IntervalNumbers
    precision: IntervalNumbers
    f1: float | None
    mcc: float | None


class CalibrationNumbers(TypedDict, total=False):
    """What a calibration does for the judged rows, at their own share of reals or weighed to that of the package."""

    prevalence: float
    weighed: bool
    before: dict[str, IntervalNumbers]
    after: dict[str, IntervalNumbers]
    change: dict[str, IntervalNumbers]


class RuleNumbers(TypedDict):
    """The threshold that a rule chose on the validation rows, and what it gives on the judged ones."""

    threshold: float
    recall: float | None
    fpr: float | None
    precision: float | None
    f1: float | None
    mcc: float | None


class RateNumbers(TypedDict):
    """The threshold that keeps ``fpr`` or ``mdr`` at or below a rate, and both rates there."""

    kept: str
    rate: float
    threshold: float
    fpr: float
    mdr: float


class BaseRateNumbers(TypedDict):
    """What a threshold means at the survey's own share of reals; only ``base_rate`` if that is not known."""

    base_rate: float | None
    expected_purity: NotRequired[float | None]
    candidates_per_night: NotRequired[float | None]
    called_real_per_night: NotRequired[float | None]
    bogus_among_them: NotRequired[float | None]
    real_missed_per_night: NotRequired[float | None]


class PromiseNumbers(TypedDict):
    """What was promised of verdicts, as in `pipeline.metrics.verdict_coverage.VerdictPromise`."""

    error: float
    rows: dict[str, int]
    by_class: bool
    base_rate: float | None


class VerdictNumbers(TypedDict):
    """What verdicts kept of their promise: the rows of `pipeline.metrics.verdict_coverage`; no promise is None."""

    promise: PromiseNumbers | None
    coverage: list[dict[str, str | float | bool | None]]


class BinaryModel(TypedDict):
    """All numbers of one model; ``strata`` are the rows of `pipeline.metrics.all_strata`."""

    threshold: float
    threshold_rule: str
    at_threshold: ThresholdNumbers
    metrics: dict[str, IntervalNumbers]
    parts: dict[str, PartNumbers]
    survey: BaseRateNumbers
    calibration: CalibrationNumbers
    at_rates: dict[str, RateNumbers]
    best_thresholds: dict[str, RuleNumbers]
    injection_gap: IntervalNumbers
    strata: list[dict[str, str | float | None]]
    verdicts: NotRequired[VerdictNumbers]


class PsfNumbers(TypedDict, total=False):
    """How well the PSFs of injected sources fit the stars; empty if no sources were put into images."""

    images: int
    without_stars: int
    poor: int
    poor_above: float
    worst_residual_fraction: float | None
    worst_chi2: float | None


class ClassCounts(TypedDict):
    """Numbers of judged rows of each class."""

    real: int
    bogus: int


class CutNumbers(TypedDict):
    """A cut on a feature: its range in words, whom it rejects, and whom no other cut does."""

    feature: str
    range: str
    rejected: ClassCounts
    rejected_alone: ClassCounts


class CutsNumbers(TypedDict, total=False):
    """What the cuts of the baseline of rules reject; empty without such a baseline."""

    rows: ClassCounts
    passed: ClassCounts
    by_cut: dict[str, CutNumbers]


class TrainedNumbers(TypedDict, total=False):
    """What the classifier learned from, as its package says it: of its first one, if there are folds."""

    survey: str
    rows: dict[str, int]
    label_sources: dict[str, int]
    nights: int
    first_night: str
    last_night: str
    folds: int


class GateNumbers(TypedDict):
    """What the rules of a gate say of the classifier; each of the findings has ``rule verdict words``."""

    rules: str
    promote: bool
    findings: list[dict[str, str]]


class BinaryNumbers(ReportNumbers):
    """All of metrics.json of real and bogus."""

    class_names: list[str]
    counts: BinaryCounts
    models: dict[str, BinaryModel]
    differences: dict[str, DifferenceNumbers]
    column_alone: dict[str, float | None]
    psfs: PsfNumbers
    cuts: CutsNumbers
    injection: GapNumbers
    trained_on: NotRequired[TrainedNumbers]
    gate: NotRequired[GateNumbers]
    spans: NotRequired[dict[str, SpanNumbers]]
    unknown_training: NotRequired[list[str]]
