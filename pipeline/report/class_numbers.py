"""The structure of metrics.json of kind ``classes``: plain types, None where there is no value.

Tested by tests/pipeline/report/test_class_measures.py.
"""

from typing import NotRequired, TypedDict

from pipeline.report.metrics_json import BootstrapNumbers, FigureNumbers, IntervalNumbers


class ClassCounts(TypedDict):
    """Numbers of rows of the judged classifier; nights are dates or names, empty if none is known."""

    rows: int
    judged: int
    judged_groups: int
    by_class: dict[str, int]
    groups_by_class: dict[str, int]
    unlabelled_in_part: int
    labelled_not_scored: int
    not_scored_in_part: int
    left_out_learned: dict[str, dict[str, int]]
    perhaps_learned: dict[str, int]
    nights: int
    first_night: str
    last_night: str
    label_sources: dict[str, dict[str, int]]


class OneClass(TypedDict):
    """The metrics of one class against all others, by name, and its judged rows and their groups."""

    rows: int
    groups: int
    metrics: dict[str, IntervalNumbers]


class ClassPart(TypedDict):
    """The metrics of a part that is not the judged one."""

    replicates: int
    metrics: dict[str, IntervalNumbers]


class DecisionNumbers(TypedDict):
    """Weights of the classes fitted on the validation rows, and what they do on the judged ones."""

    weights: dict[str, float]
    fitted_on: int
    macro_f1: IntervalNumbers
    accuracy: IntervalNumbers
    macro_f1_gain: IntervalNumbers


class VetoNumbers(TypedDict):
    """What the survey's vetoes change on the judged rows; ``classes`` has the rates before and after by class."""

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
    parts: dict[str, ClassPart]
    confusion: dict[str, list[list[int]]]
    abstention: list[dict[str, str | float | None]]
    decision: DecisionNumbers | None
    vetoes: VetoNumbers | None


class ClassDifference(TypedDict):
    """The judged classifier minus another model, on the ``n`` rows that both scored."""

    minus: str
    n: int
    metrics: dict[str, IntervalNumbers]
    classes: dict[str, dict[str, IntervalNumbers]]


class ClassNumbers(TypedDict):
    """All of metrics.json of kind ``classes``."""

    schema: int
    kind: str
    title: str
    survey: str
    class_names: list[str]
    classifier: str
    judged_part: str
    interval: BootstrapNumbers
    counts: ClassCounts
    vetoes: dict[str, str]
    models: dict[str, ClassModel]
    differences: dict[str, ClassDifference]
    separations: list[dict[str, object] | None]
    unlike_training: NotRequired[dict[str, dict[str, dict[str, str | float]]]]
    figures: NotRequired[dict[str, FigureNumbers]]
    provenance: NotRequired[object]
