"""Spans of time in a report of real and bogus: how well each model does before and after dates that the survey states.

Tested by tests/pipeline/report/binary/test_spans.py.
"""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Final, TypedDict

import pandas as pd

from pipeline.classes import BOGUS, REAL
from pipeline.metrics import METRICS, Interval, bootstrap_all, groups_of
from pipeline.night import ALL
from pipeline.plots.data import ReportData
from pipeline.report.bootstrap import Bootstrap
from pipeline.report.metrics_json import IntervalNumbers
from pipeline.report.wording import worded
from pipeline.rng import stream

METRICS_OF_SPAN: Final = ("auc", "mdr_at_fpr_5pc", "fpr_at_mdr_1pc")

FEWEST_FOR_RATES: Final = 50
"""Rows of a class below which a span has no rate: one row more or less would change it by points."""


class SpanNumbers(TypedDict):
    """A span of time: nights from ``since`` to before ``before``, empty where it is open; metrics by model."""

    since: str
    before: str
    n_real: int
    n_bogus: int
    models: dict[str, dict[str, IntervalNumbers]]


def measure_spans(data: ReportData, how: Bootstrap) -> dict[str, dict[str, object]]:
    """Return the metrics of each model in each span, by its words; none without dates or nights.

    Parameters
    ----------
    data : ReportData
        The scores, and the dates.
    how : Bootstrap
        How many samples of groups, and the seed.
    """
    judged = data.judged(data.classifier)
    if not data.spans or "night" not in judged:
        return {}
    return {_words(*ends): _span(data, ends, judged, how) for ends in pairwise(("", *data.spans, ""))}


def _span(data: ReportData, ends: tuple[str, str], judged: pd.DataFrame, how: Bootstrap) -> dict[str, object]:
    own = judged[_within(judged, ends)]
    return {
        "since": ends[0],
        "before": ends[1],
        "n_real": int((own["label"] == REAL).sum()),
        "n_bogus": int((own["label"] == BOGUS).sum()),
        "models": {model: _metrics(data.judged(model), model, ends, how) for model in data.scores},
    }


def _within(rows: pd.DataFrame, ends: tuple[str, str]) -> pd.Series:
    """Return which rows lie in a span; a row of no known night lies in none."""
    night = rows["night"].astype(object).where(rows["night"].notna(), "").astype(str)
    return ~night.isin(["", ALL]) & (night >= ends[0]) & ((night < ends[1]) | (ends[1] == ""))


def _metrics(judged: pd.DataFrame, model: str, ends: tuple[str, str], how: Bootstrap) -> dict[str, Interval]:
    rows = judged[_within(judged, ends)]
    found = bootstrap_all(
        rows["label"],
        rows["score"],
        groups_of(rows),
        metrics=METRICS_OF_SPAN,
        replicates=how.replicates,
        level=how.level,
        binned_above=how.binned_above,
        rng=stream(how.seed, "report spans", f"{model}/{ends[0]}"),
    )
    fewest = min(int((rows["label"] == label).sum()) for label in (REAL, BOGUS))
    if fewest >= FEWEST_FOR_RATES:
        return found
    why = f"fewer than {FEWEST_FOR_RATES} rows of a class"
    return {
        name: one if name == "auc" else Interval.nothing(how.level, one.n, one.n_groups, why)
        for name, one in found.items()
    }


def span_rows(spans: Mapping[str, SpanNumbers]) -> Iterator[Mapping[str, object]]:
    """Yield the rows of the table: span and model, numbers of rows, metrics in words."""
    for words, span in spans.items():
        for model, metrics in span["models"].items():
            yield {
                "span": words,
                "model": model,
                "n_real": span["n_real"],
                "n_bogus": span["n_bogus"],
                "values": [worded(metrics[name], METRICS[name].unit) for name in METRICS_OF_SPAN],
            }


def span_heads() -> list[str]:
    """Return the titles of the metrics."""
    return [METRICS[name].title for name in METRICS_OF_SPAN]


def _words(since: str, before: str) -> str:
    if not since:
        return f"before {before}"
    return f"{since} to before {before}" if before else f"since {since}"
