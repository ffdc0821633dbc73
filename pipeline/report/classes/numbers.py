"""The structure of metrics.json of kind ``classes``, beside what all kinds share.

Tested by tests/pipeline/report/classes/test_measures.py.
"""

from typing import NotRequired, TypedDict

from pipeline.report.metrics_json import CountNumbers, DifferenceNumbers, IntervalNumbers, PartNumbers, ReportNumbers


class ClassCounts(CountNumbers):
    """Numbers of judged rows and of their groups by class."""

    by_class: dict[str, int]
    groups_by_class: dict[str, int]


class OneClass(TypedDict):
    """The metrics of one class against all others, by name, and its judged rows and their groups."""

    rows: int
    groups: int
    metrics: dict[str, IntervalNumbers]


class DecisionNumbers(TypedDict):
    """Weights of the classes fitted on the validation rows, and what they do on the judged ones."""

    weights: dict[str, float]
    fitted_on: int
    macro_f1: IntervalNumbers
    accuracy: IntervalNumbers
    macro_f1_gain: IntervalNumbers


class VetoNumbers(TypedDict):
    """What vetoes and overrides change on the judged rows; ``classes`` has the rates before and after by class."""

    fallback: str
    vetoed: int
    classes: dict[str, dict[str, int | float | None]]
    macro_f1: IntervalNumbers
    accuracy: IntervalNumbers
    macro_f1_gain: IntervalNumbers


class ClassModel(TypedDict):
    """All numbers of one model; ``confusion`` has a matrix (true class by called class) for each part."""

    metrics: dict[str, IntervalNumbers]
    classes: dict[str, OneClass]
    parts: dict[str, PartNumbers]
    confusion: dict[str, list[list[int]]]
    abstention: list[dict[str, str | float | None]]
    decision: DecisionNumbers | None
    vetoes: VetoNumbers | None


class ClassDifference(DifferenceNumbers):
    """The judged classifier minus another model, with each class against all others."""

    classes: dict[str, dict[str, IntervalNumbers]]


class ClassNumbers(ReportNumbers):
    """All of metrics.json of kind ``classes``."""

    kind: str
    class_names: list[str]
    counts: ClassCounts
    vetoes: dict[str, str]
    overrides: NotRequired[dict[str, str]]
    models: dict[str, ClassModel]
    differences: dict[str, ClassDifference]
