"""The numbers of the report of a regressor: everything that metrics.json has; the page shows no others.

Tested by tests/pipeline/report/regression/test_page.py.
"""

from dataclasses import replace
from typing import Final, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.metrics import Interval, groups_of
from pipeline.metrics.interval_coverage import coverage, coverage_by, keeps_promise
from pipeline.metrics.redshift_summary import redshift_differences, redshift_summary, redshift_summary_by
from pipeline.plots.data import PARTS, part_rows
from pipeline.plots.regression_data import COVERAGE_COLUMNS, NO_TRENDS, RegressionReportData
from pipeline.report.bootstrap import Bootstrap
from pipeline.report.measures import report_numbers, row_counts, tally
from pipeline.report.regression.numbers import RegressionNumbers
from pipeline.rng import stream

KIND: Final = "regression"
_BINS: Final = 6
_ROWS_A_BIN: Final = 30
_TRENDS: Final = ("bias", "sigma_nmad", "outliers")
_BY: Final = {"target": "spectroscopic redshift", "magnitude": "magnitude (mag)"}
"""What rows are binned by, and how an axis calls it."""


def with_trends(data: RegressionReportData, how: Bootstrap) -> RegressionReportData:
    """Return the data with bias, scatter and coverage in bins of target and magnitude, of equally many rows each."""
    rows, judged = data.judged(data.classifier)
    trends, covered = [], []
    for column, name in _BY.items():
        edges = _edges(rows, column)
        if not len(edges):
            continue
        found = redshift_summary_by(
            judged, rows[column], edges, groups_of(rows), metrics=_TRENDS, replicates=how.of_other_parts().replicates,
            level=how.level, rng=stream(how.seed, "report trends", column),
        )  # fmt: skip
        trends.append(found.assign(by=name))
        for model in data.scores:
            own = data.rows(model, data.part)
            bins = coverage_by(own["target"], own["low"], own["high"], own[column], edges)
            covered.append(bins.assign(by=name, model=model)[list(COVERAGE_COLUMNS)])
    return replace(
        data,
        trends=pd.concat(trends, ignore_index=True) if trends else NO_TRENDS,
        coverage=pd.concat(covered, ignore_index=True) if covered else data.coverage,
    )


def _edges(rows: pd.DataFrame, column: str) -> NDArray[np.float64]:
    """Return the edges of bins of about as many rows each; empty where too few rows have the number."""
    values = rows[column].to_numpy(float) if column in rows else np.empty(0)
    known = values[np.isfinite(values)]
    bins = min(_BINS, len(known) // _ROWS_A_BIN)
    edges = np.unique(np.quantile(known, np.linspace(0.0, 1.0, bins + 1))) if bins else np.empty(0)
    return edges if len(edges) > 1 else np.empty(0)


def measure_regression(data: RegressionReportData, how: Bootstrap) -> RegressionNumbers:
    """Return all numbers of the report of a regressor, ready for JSON: plain types, None where there is no value.

    Parameters
    ----------
    data : RegressionReportData
        Values, distributions and targets.
    how : Bootstrap
        How many samples of groups, and the seed; equal seeds give equal intervals.
    """
    own = {
        "counts": _counts(data),
        "models": {model: _model(data, model, how) for model in data.scores},
        "differences": {model: _difference(data, model, how) for model in data.scores if model != data.classifier},
    }
    return cast("RegressionNumbers", report_numbers(data, how, own, kind=KIND))


def _counts(data: RegressionReportData) -> dict[str, object]:
    rows, judged = part_rows(data.scores[data.classifier], data.part), data.rows(data.classifier, data.part)
    has_target, has_value = (np.isfinite(rows[name].to_numpy(float)) for name in ("target", "value"))
    return {**row_counts(data, judged, has_target, has_value, {}), "label_sources": {"measured": tally(judged)}}


def _model(data: RegressionReportData, model: str, how: Bootstrap) -> dict[str, object]:
    fewer = how.of_other_parts()
    others = [part for part in PARTS.values() if part != data.part and "split" in data.scores[model]]
    return {
        "metrics": _part(data, model, data.part, how),
        "parts": {
            part: {"replicates": fewer.replicates, "metrics": _part(data, model, part, fewer)}
            for part in others
            if len(data.rows(model, part))
        },
        "coverage": _coverage(data, model, others),
    }


def _coverage(data: RegressionReportData, model: str, others: list[str]) -> dict[str, dict[str, object]]:
    """Return the coverage of the judged part and of validation rows, half of which calibrated the intervals."""
    promised, found = 1.0 - data.miscoverage[model], {}
    for part in dict.fromkeys([data.part, *others]):
        if (part != "train" or part == data.part) and len(rows := data.rows(model, part)):
            found[part] = coverage(rows["target"], rows["low"], rows["high"], groups_of(rows))
    calibrated = found["validation"]["effective"] / 2 if "validation" in found else 0.0
    return {
        part: {
            "promised": promised,
            **own,
            "kept": None if part in ("validation", "train") else keeps_promise(own, promised, calibrated),
        }
        for part, own in found.items()
    }


def _part(data: RegressionReportData, model: str, part: str, how: Bootstrap) -> dict[str, Interval]:
    rows, judged = data.judged(model, part)
    return redshift_summary(
        judged, groups_of(rows), replicates=how.replicates, level=how.level,
        rng=stream(how.seed, "report metrics", f"{model}/{part}"),
    )  # fmt: skip


def _difference(data: RegressionReportData, model: str, how: Bootstrap) -> dict[str, object]:
    """Return regressor minus another model on the rows that both predicted."""
    (own, judged), (others, judged_others) = data.judged(data.classifier), data.judged(model)
    place = pd.Series(np.arange(len(others)), index=others["candidate_id"].to_numpy())
    place = place[~place.index.duplicated()]
    at = own["candidate_id"].map(place)
    both = at.notna().to_numpy()
    found = redshift_differences(
        judged.rows(both),
        judged_others.rows(at[both].to_numpy(int)),
        groups_of(own[both]),
        replicates=how.replicates,
        level=how.level,
        rng=stream(how.seed, "report difference", model),
    )
    return {"minus": model, "n": int(both.sum()), "metrics": found}
