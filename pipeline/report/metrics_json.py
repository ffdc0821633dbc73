"""The structure of metrics.json, the numbers of a report: plain types, None where there is no value.

Tested by tests/pipeline/report/test_measures.py.
"""

from typing import NotRequired, TypedDict


class Bounds(TypedDict):
    """A value with the ends of its interval, and the reason if there is no value."""

    value: float | None
    low: float | None
    high: float | None
    reason: NotRequired[str]


class IntervalNumbers(Bounds):
    """An interval as `pipeline.metrics.Interval` states it."""

    level: float
    n: int
    n_groups: int


class BootstrapNumbers(TypedDict):
    """How the intervals were made."""

    level: float
    replicates: int
    over: str
    seed: int


class NightNumbers(TypedDict):
    """The candidates of one night that was scored as a whole."""

    candidates: int
    called_real: int


class CountNumbers(TypedDict):
    """Numbers of rows of the judged classifier; nights are ISO dates, empty if none is known."""

    rows: int
    judged: int
    judged_groups: int
    real: int
    bogus: int
    unlabelled_in_part: int
    labelled_not_scored: int
    not_scored_in_part: int
    left_out_learned: dict[str, dict[str, int]]
    perhaps_learned: dict[str, int]
    nights: int
    first_night: str
    last_night: str
    injected: int
    label_sources: dict[str, dict[str, int]]
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


class PartNumbers(TypedDict):
    """The metrics of a part that is not the judged one."""

    replicates: int
    metrics: dict[str, IntervalNumbers]


class BaseRateNumbers(TypedDict):
    """What a threshold means at the survey's own share of reals; only ``base_rate`` if that is not known."""

    base_rate: float | None
    expected_purity: NotRequired[float | None]
    candidates_per_night: NotRequired[float | None]
    called_real_per_night: NotRequired[float | None]
    bogus_among_them: NotRequired[float | None]
    real_missed_per_night: NotRequired[float | None]


class ModelNumbers(TypedDict):
    """All numbers of one model; ``strata`` are the rows of `pipeline.metrics.all_strata`."""

    threshold: float
    threshold_rule: str
    at_threshold: ThresholdNumbers
    metrics: dict[str, IntervalNumbers]
    parts: dict[str, PartNumbers]
    survey: BaseRateNumbers
    injection_gap: IntervalNumbers
    strata: list[dict[str, str | float | None]]


class DifferenceNumbers(TypedDict):
    """The judged classifier minus another model, on the ``n`` rows that both scored."""

    minus: str
    n: int
    metrics: dict[str, IntervalNumbers]


class PsfNumbers(TypedDict, total=False):
    """How well the PSFs of injected sources fit the stars; empty if no sources were put into images."""

    images: int
    without_stars: int
    poor: int
    poor_above: float
    worst_residual_fraction: float | None
    worst_chi2: float | None


class FigureNumbers(TypedDict):
    """What is missing from a figure and why, or an empty string."""

    note: str


class ReportNumbers(TypedDict):
    """All of metrics.json."""

    schema: int
    title: str
    survey: str
    class_names: list[str]
    classifier: str
    judged_part: str
    interval: BootstrapNumbers
    counts: CountNumbers
    models: dict[str, ModelNumbers]
    differences: dict[str, DifferenceNumbers]
    column_alone: dict[str, float | None]
    psfs: PsfNumbers
    separations: list[dict[str, object] | None]
    unlike_training: NotRequired[dict[str, dict[str, dict[str, str | float]]]]
    figures: NotRequired[dict[str, FigureNumbers]]
    provenance: NotRequired[object]
