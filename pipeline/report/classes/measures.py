"""The numbers of a report of many classes: everything that its metrics.json has; the page shows no others."""

from dataclasses import replace
from typing import cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.metrics import Interval, bootstrap_statistic, groups_of
from pipeline.metrics.abstention import abstention
from pipeline.metrics.class_confusion import class_confusion
from pipeline.metrics.class_metrics import CLASS_METRICS
from pipeline.metrics.class_resampling import ClassIntervals, class_bootstrap, class_differences
from pipeline.metrics.class_rows import judged_rows, predicted_class
from pipeline.metrics.class_sample import ClassSample
from pipeline.metrics.decision_weights import decision_weights
from pipeline.metrics.vetoes import veto_effect
from pipeline.plots.class_data import ClassReportData
from pipeline.plots.data import part_rows
from pipeline.report.bootstrap import Bootstrap
from pipeline.report.classes.numbers import ClassNumbers
from pipeline.report.measures import report_numbers, row_counts, tally
from pipeline.rng import stream

DECIDED = "label_decided"
"""Column of the class after the rules of a survey."""


def with_intervals(data: ClassReportData, how: Bootstrap) -> ClassReportData:
    """Return the data with the metrics of each model on its judged rows, and their intervals.

    Parameters
    ----------
    data : ClassReportData
        The scores.
    how : Bootstrap
        How many samples, and their seed.
    """
    return replace(data, intervals={model: _part(data, model, data.part, how) for model in data.scores})


def measure_classes(data: ClassReportData, how: Bootstrap) -> ClassNumbers:
    """Return all numbers of a report, ready for JSON: plain types, None where there is no value.

    Parameters
    ----------
    data : ClassReportData
        Scores, and the intervals of `with_intervals`.
    how : Bootstrap
        How many samples of groups, and the seed; equal seeds give equal intervals.
    """
    own: dict[str, object] = {
        "counts": _counts(data),
        "vetoes": dict(data.vetoes),
        "models": {model: _model(data, model, how) for model in data.scores},
        "differences": {model: _difference(data, model, how) for model in data.scores if model != data.classifier},
    }
    if data.overrides:
        own["overrides"] = dict(data.overrides)
    numbers = report_numbers(data, how, own, kind=data.kind, class_names=data.class_names)
    return cast("ClassNumbers", numbers)  # a test compares its keys with those of the class


def _counts(data: ClassReportData) -> dict[str, object]:
    judged, rows = data.judged(data.classifier), part_rows(data.scores[data.classifier], data.part)
    groups = groups_of(judged)
    of_class = {name: (judged["label"] == index).to_numpy() for index, name in enumerate(data.class_names)}
    by_class = {
        "by_class": {name: int(chosen.sum()) for name, chosen in of_class.items()},
        "groups_by_class": {name: len(np.unique(groups[chosen])) for name, chosen in of_class.items()},
    }
    has_label = rows["label"].fillna(-1).to_numpy() >= 0
    has_score = judged_rows(np.zeros(len(rows)), data.chances(rows))
    return {
        **row_counts(data, judged, has_label, has_score, by_class),
        "label_sources": {name: tally(judged[chosen]) for name, chosen in of_class.items()},
    }


def _model(data: ClassReportData, model: str, how: Bootstrap) -> dict[str, object]:
    found = data.intervals[model] if model in data.intervals else _part(data, model, data.part, how)
    rows = data.judged(model)
    label, groups = rows["label"].to_numpy(dtype=np.int64), groups_of(rows)
    names = dict(enumerate(data.class_names))
    kept = abstention(label, data.chances(rows))
    fewer = how.of_other_parts()
    return {
        "metrics": found.whole,
        "classes": {
            name: {
                "rows": int((label == index).sum()),
                "groups": len(np.unique(groups[label == index])),
                "metrics": found.per_class[index],
            }
            for index, name in names.items()
        },
        "parts": {
            part: {"replicates": fewer.replicates, "metrics": _part(data, model, part, fewer).whole}
            for part in data.parts(model)
            if part != data.part
        },
        "confusion": {part: _confusion(data, model, part) for part in data.parts(model)},
        "abstention": kept.assign(**{"class": kept["class_index"].map(names)})
        .drop(columns="class_index")
        .to_dict("records"),
        "decision": _decision(data, model, how),
        "vetoes": _vetoes(data, model, how),
    }


def _confusion(data: ClassReportData, model: str, part: str) -> NDArray[np.int64]:
    rows = data.rows(model, part)
    return class_confusion(rows["label"], data.chances(rows)).counts


def _part(data: ClassReportData, model: str, part: str, how: Bootstrap) -> ClassIntervals:
    rows = data.rows(model, part)
    return class_bootstrap(
        rows["label"].to_numpy(dtype=np.int64),
        data.chances(rows),
        groups_of(rows),
        replicates=how.replicates,
        level=how.level,
        rng=stream(how.seed, "report classes", f"{model}/{part}"),
    )


def _decision(data: ClassReportData, model: str, how: Bootstrap) -> dict[str, object] | None:
    """Return weights fitted on the validation rows and their macro F1 on the judged ones; None without such rows."""
    rows = data.judged(model)
    held = data.rows(model, "validation") if "split" in data.scores[model] else rows.iloc[:0]
    if rows.empty or held.empty or data.part in ("validation", "all", "train"):
        return None
    weights = decision_weights(held["label"].to_numpy(dtype=np.int64), data.chances(held))
    called = predicted_class(data.chances(rows), weights)
    return {
        "weights": dict(zip(data.class_names, weights, strict=True)),
        "fitted_on": len(held),
        **_called_otherwise(data, rows, called, how, model),
    }


def _vetoes(data: ClassReportData, model: str, how: Bootstrap) -> dict[str, object] | None:
    """Return what the survey's vetoes and overrides change on the judged rows; None without them or without rows."""
    rows = data.judged(model)
    if rows.empty or DECIDED not in rows or not (data.vetoes or data.overrides):
        return None
    before, after = predicted_class(data.chances(rows)), rows[DECIDED].to_numpy(dtype=np.int64)
    effect = veto_effect(rows["label"], before, after, data.n_classes).drop(columns="class_index")
    return {
        "fallback": data.class_names[0],
        "vetoed": int((before != after).sum()),
        "classes": dict(zip(data.class_names, effect.to_dict("records"), strict=True)),
        **_called_otherwise(data, rows, after, how, model),
    }


def _called_otherwise(
    data: ClassReportData, rows: pd.DataFrame, called: NDArray[np.int64], how: Bootstrap, model: str
) -> dict[str, Interval]:
    """Return macro F1 and accuracy if rows are called so, and the gain in macro F1 over the most probable class."""
    label, chances = rows["label"].to_numpy(dtype=np.int64), data.chances(rows)

    def share(name: str, *, gain: bool = False) -> Interval:
        metric = CLASS_METRICS[name].weighted

        def statistic(times: NDArray[np.float64]) -> NDArray[np.float64]:
            value = metric(ClassSample(label, chances, times, called))
            return value - metric(ClassSample(label, chances, times)) if gain else value

        return bootstrap_statistic(
            statistic,
            groups_of(rows),
            replicates=how.replicates,
            level=how.level,
            rng=stream(how.seed, "report decision", model),
        )

    return {
        "macro_f1": share("macro_f1"),
        "accuracy": share("accuracy"),
        "macro_f1_gain": share("macro_f1", gain=True),
    }


def _difference(data: ClassReportData, model: str, how: Bootstrap) -> dict[str, object]:
    """Return classifier minus another model on the rows that both scored."""
    own = data.judged(data.classifier)
    other = data.judged(model)[["candidate_id", *data.columns]]
    both = own.merge(other, on="candidate_id", suffixes=("", "_other"), validate="one_to_one")
    found = class_differences(
        both["label"].to_numpy(dtype=np.int64),
        data.chances(both),
        both[[f"{name}_other" for name in data.columns]].to_numpy(dtype=np.float64),
        groups_of(both),
        replicates=how.replicates,
        level=how.level,
        rng=stream(how.seed, "report class difference", model),
    )
    return {
        "minus": model,
        "n": len(both),
        "metrics": found.whole,
        "classes": dict(zip(data.class_names, found.per_class, strict=True)),
    }
