"""The structure of metrics.json that all kinds of reports share: plain types, None where there is no value.

Tested by tests/pipeline/report/binary/test_measures.py.
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


class CountNumbers(TypedDict):
    """Numbers of rows of the judged classifier; nights are dates or names, empty if none is known."""

    rows: int
    judged: int
    judged_groups: int
    unlabelled_in_part: int
    labelled_not_scored: int
    not_scored_in_part: int
    left_out_learned: dict[str, dict[str, int]]
    perhaps_learned: dict[str, int]
    nights: int
    first_night: str
    last_night: str
    label_sources: dict[str, dict[str, int]]


class PartNumbers(TypedDict):
    """The metrics of a part that is not the judged one."""

    replicates: int
    metrics: dict[str, IntervalNumbers]


class DifferenceNumbers(TypedDict):
    """The judged classifier minus another model, on the ``n`` rows that both scored."""

    minus: str
    n: int
    metrics: dict[str, IntervalNumbers]


class FigureNumbers(TypedDict):
    """What is missing from a figure and why, or an empty string."""

    note: str


class ReportNumbers(TypedDict):
    """What metrics.json has of any kind; each adds ``counts``, ``models``, ``differences`` and its own."""

    schema: int
    title: str
    survey: str
    classifier: str
    judged_part: str
    interval: BootstrapNumbers
    separations: list[dict[str, object] | None]
    unlike_training: NotRequired[dict[str, dict[str, dict[str, str | float]]]]
    figures: NotRequired[dict[str, FigureNumbers]]
    provenance: NotRequired[object]
