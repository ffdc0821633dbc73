"""``nightsift table``: the figures of a report as Markdown, for ``docs/results.md`` and for papers."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypedDict

from pipeline.errors import MissingInputError
from pipeline.redaction import shown

SHOWN = ("auc", "mdr_at_fpr_1pc", "mdr_at_fpr_5pc", "fpr_at_mdr_1pc", "fpr_at_mdr_5pc", "accuracy", "mcc", "ece")
STRATA = ("label_source", "kind", "flux_sign")
SHOWN_OF_CLASSES = ("macro_f1", "macro_f1_without_0", "accuracy", "macro_recall", "macro_auc", "log_loss", "ece")
OF_CLASS = ("precision", "recall", "f1", "fpr", "auc")
SHOWN_OF_VALUES = ("bias", "sigma_nmad", "outliers", "crps", "cde_loss", "pit_ks")
_PER_CENT = ("mdr", "fpr", "acc", "precision", "recall", "macro_recall")


class Interval(TypedDict):
    """A figure with the ends of its interval; None where there is none."""

    value: float | None
    low: float | None
    high: float | None


class Model(TypedDict):
    """What a report says of one classifier."""

    metrics: Mapping[str, Interval]
    threshold: float
    strata: Iterable[Mapping[str, object]]


class Difference(TypedDict):
    """How the judged classifier differs from another, on the rows that both score."""

    n: int
    metrics: Mapping[str, Interval]


class Bootstrap(TypedDict):
    """How intervals were drawn."""

    level: float
    replicates: int


class OneClass(TypedDict):
    """What a report of many classes says of one."""

    rows: int
    metrics: Mapping[str, Interval]


class ClassModel(TypedDict):
    """What a report of many classes says of one classifier."""

    metrics: Mapping[str, Interval]
    classes: Mapping[str, OneClass]


class ClassMetrics(TypedDict):
    """What ``metrics.json`` of a report of many classes holds, as far as it is printed."""

    counts: Mapping[str, Any]
    interval: Bootstrap
    judged_part: str
    classifier: str
    models: Mapping[str, ClassModel]
    differences: Mapping[str, Difference]


class ValueModel(TypedDict):
    """What a report says of one regressor."""

    metrics: Mapping[str, Interval]
    coverage: Mapping[str, Mapping[str, float]]


class ValueMetrics(TypedDict):
    """What ``metrics.json`` of a report of a regressor holds, as far as it is printed."""

    counts: Mapping[str, int]
    interval: Bootstrap
    judged_part: str
    classifier: str
    models: Mapping[str, ValueModel]
    differences: Mapping[str, Difference]


class Metrics(TypedDict):
    """What ``metrics.json`` of a report holds, as far as it is printed."""

    counts: Mapping[str, int]
    interval: Bootstrap
    judged_part: str
    classifier: str
    models: Mapping[str, Model]
    differences: Mapping[str, Difference]
    column_alone: Mapping[str, float | None]


def table(reports: Iterable[str]) -> int:
    """Print the tables of each report directory."""
    for name in reports:
        file = Path(name) / "metrics.json"
        if not file.is_file():
            raise MissingInputError(f"{name} is no report: it has no metrics.json")
        metrics = json.loads(file.read_text(encoding="utf-8"))
        kinds: dict[object, Callable[[Any], Iterator[str]]] = {"classes": class_lines, "regression": value_lines}
        found = kinds.get(metrics.get("kind"), lines)(metrics)
        sys.stdout.writelines(f"{shown(line)}\n" for line in found)
    return 0


def lines(metrics: Metrics) -> Iterator[str]:
    """Yield the Markdown of one report: metrics, paired differences, strata, single columns."""
    counts, interval = metrics["counts"], metrics["interval"]
    yield (
        f"{counts['real']} real and {counts['bogus']} bogus of the {metrics['judged_part']} part, "
        f"{counts['judged_groups']} groups; {interval['level']:.0%} intervals over groups, "
        f"{interval['replicates']} bootstrap replicates."
    )
    yield from grid(["", *metrics["models"]], (_metric_row(metrics, name) for name in SHOWN))
    yield f"{metrics['classifier']} less each other, on the rows that both score:"
    others = metrics["differences"]
    rows = ([name, *(_cell(others[other]["metrics"].get(name), name) for other in others)] for name in SHOWN)
    heads = [f"{other} ({others[other]['n']} rows)" for other in others]
    yield from grid(["", *heads], rows)
    yield f"{metrics['classifier']} at its threshold {metrics['models'][metrics['classifier']]['threshold']:.3f}:"
    yield from _strata(metrics["models"][metrics["classifier"]]["strata"])
    alone = ", ".join(f"{name} {value:.3f}" for name, value in metrics["column_alone"].items() if value is not None)
    yield f"AUC of a column alone: {alone}."
    yield ""


def _whole(metrics: "ClassMetrics | ValueMetrics", shown: Iterable[str], of_what: str = "") -> Iterator[str]:
    """Yield how many rows were judged, the figures of all models, and their paired differences."""
    counts, interval, others = metrics["counts"], metrics["interval"], metrics["differences"]
    yield (
        f"{counts['judged']} rows of the {metrics['judged_part']} part{of_what}, {counts['judged_groups']} groups; "
        f"{interval['level']:.0%} intervals over groups, {interval['replicates']} bootstrap replicates."
    )
    models = metrics["models"]
    yield from grid(["", *models], ([name, *_cells(models, name)] for name in shown))
    if others:
        yield f"{metrics['classifier']} less each other, on the rows that both score:"
        heads = [f"{other} ({others[other]['n']} rows)" for other in others]
        yield from grid(["", *heads], ([name, *_cells(others, name)] for name in shown))


def class_lines(metrics: ClassMetrics) -> Iterator[str]:
    """Yield the Markdown of one report of many classes: metrics, paired differences, each class of the classifier."""
    by_class = ", ".join(f"{n} {name}" for name, n in metrics["counts"]["by_class"].items())
    yield from _whole(metrics, SHOWN_OF_CLASSES, f" ({by_class})")
    models = metrics["models"]
    yield f"Each class against all others, {metrics['classifier']}:"
    classes = models[metrics["classifier"]]["classes"]
    rows = (
        [name, str(one["rows"]), *(_cell(one["metrics"].get(figure), figure) for figure in OF_CLASS)]
        for name, one in classes.items()
    )
    yield from grid(["class", "rows", *OF_CLASS], rows)


def value_lines(metrics: ValueMetrics) -> Iterator[str]:
    """Yield the Markdown of one report of a regressor: measures, paired differences, coverage of the intervals."""
    yield from _whole(metrics, SHOWN_OF_VALUES)
    models = metrics["models"]
    yield "Conformal intervals, with the binomial interval of 95 %:"
    covered = (
        [name, part, *_covered(found)] for name, model in models.items() for part, found in model["coverage"].items()
    )
    yield from grid(["model", "part", "rows", "promised", "found", "mean width"], covered)


def _covered(found: Mapping[str, float]) -> list[str]:
    share, low, high = (f"{100 * found[key]:.2f}" for key in ("coverage", "coverage_low", "coverage_high"))
    return [f"{found['n']}", f"{100 * found['promised']:g} %", f"{share} ({low} to {high}) %", f"{found['width']:.3f}"]


def _cells(
    entries: Mapping[str, ClassModel] | Mapping[str, ValueModel] | Mapping[str, Difference], name: str
) -> Iterator[str]:
    return (_cell(entry["metrics"].get(name), name) for entry in entries.values())


def _metric_row(metrics: Metrics, name: str) -> list[str]:
    return [name, *(_cell(model["metrics"].get(name), name) for model in metrics["models"].values())]


def _cell(interval: Interval | None, name: str) -> str:
    if not interval or interval["value"] is None:
        return "-"
    scale, form = (100, "{:.1f}") if name.startswith(_PER_CENT) else (1, "{:.4f}")
    ends = (interval["value"], interval["low"], interval["high"])
    value, low, high = ("-" if end is None else form.format(scale * end) for end in ends)
    return f"{value} ({low} to {high})" + (" %" if scale == 100 else "")


def _strata(strata: Iterable[Mapping[str, object]]) -> Iterator[str]:
    rows = (
        [f"{row['column']} {row['stratum']}", _share(row, "recall", "real"), _share(row, "fpr", "bogus")]
        for row in strata
        if row["column"] in STRATA
    )
    return grid(["stratum", "found of the real", "passed of the bogus"], rows)


def _share(row: Mapping[str, object], name: str, of: str) -> str:
    if row[name] is None:
        return "-"
    value, low, high = (f"{100 * _number(row, key):.1f}" for key in (name, f"{name}_low", f"{name}_high"))
    return f"{value} ({low} to {high}) % of {row[f'n_{of}']}"


def _number(row: Mapping[str, object], name: str) -> float:
    value = row[name]
    return value if isinstance(value, int | float) else float("nan")


def grid(head: list[str], rows: Iterable[list[str]]) -> Iterator[str]:
    """Yield a table in Markdown, with an empty line before and after."""
    yield ""
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)
    yield ""
