"""What the calibration of each model does for the judged rows, and the best threshold by each rule.

Tested by tests/pipeline/report/binary/test_calibration.py.
"""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from pipeline.metrics import METRICS, confusion, groups_of
from pipeline.metrics.best_thresholds import merits_at
from pipeline.metrics.calibration_merits import OF_PROBABILITIES, calibration_merits
from pipeline.plots.data import ReportData
from pipeline.report.binary.numbers import BinaryNumbers
from pipeline.report.bootstrap import Bootstrap
from pipeline.report.wording import difference, per_cent, worded
from pipeline.rng import stream
from pipeline.scores.class_calibration import ClassScaling, calibration_of
from pipeline.scores.prevalence import weights_at
from pipeline.scores.raw_logits import raw_logits


def calibration_numbers(data: ReportData, model: str, how: Bootstrap) -> dict[str, object]:
    """Return calibration error, Brier score and log loss before and after calibration, on the judged rows.

    Scores before calibration are sigmoids of the logits from which the packages that the rows name made the scores. If
    a package is calibrated to the survey's base rate, rows are weighed so that they have that share of reals.

    Parameters
    ----------
    data : ReportData
        Scores, and the calibrations of packages.
    model : str
        Which of the models.
    how : Bootstrap
        How many samples of groups, and the seed.

    Returns
    -------
    dict
        ``prevalence weighed before after change``; empty if it is not known how the scores were made.
    """
    stated, rows = data.calibrations.get(model, {}), data.judged(model)
    if not stated or "model" not in rows:
        return {}
    raw = _raw(rows, stated)
    known = np.isfinite(raw)
    labels = rows["label"].to_numpy(np.int64)[known]
    if len(np.unique(labels)) < 2 or not rows.loc[known, "score"].between(0, 1).all():
        return {}
    wanted = [entry["prevalence"] for entry in stated.values() if entry.get("fitted_prevalence") is not None]
    weighed = len(wanted) == len(stated) and len(set(wanted)) == 1
    share = float(wanted[0]) if weighed else float(labels.mean())
    merits = calibration_merits(
        labels,
        expit(raw[known]),
        rows["score"].to_numpy(np.float64)[known],
        groups_of(rows)[known],
        weights=weights_at(labels, share) if weighed else None,
        replicates=how.replicates,
        level=how.level,
        binned_above=how.binned_above,
        rng=stream(how.seed, "report metrics", f"{model}/{data.part}"),  # its samples, so that one figure has one value
    )
    return {"prevalence": share, "weighed": weighed, **merits}


def _raw(rows: pd.DataFrame, stated: Mapping[str, Mapping[str, object]]) -> NDArray[np.float64]:
    """Return the logits of rows before the calibration of the package that each names, NaN where it is not known."""
    raw = np.full(len(rows), np.nan)
    names, scores = rows["model"].astype(str).to_numpy(), rows["score"].to_numpy(np.float64)
    for name, entry in stated.items():
        calibration = calibration_of(entry)
        own = names == name
        if entry["method"] != "none" and not isinstance(calibration, ClassScaling) and own.any():
            raw[own] = raw_logits(calibration, scores[own])
    return raw


def threshold_numbers(data: ReportData, model: str) -> dict[str, dict[str, float]]:
    """Return by rule the threshold that it chose on the validation rows, and what that gives on the judged rows.

    Parameters
    ----------
    data : ReportData
        The thresholds of packages.
    model : str
        Which of the models; one without a package has none.
    """
    rows = data.judged(model)
    return {
        rule: {
            "threshold": threshold,
            **merits_at(confusion(rows["label"], rows["score"], float(np.float32(threshold)))),
        }
        for rule, threshold in data.best_thresholds.get(model, {}).items()
    }


def calibration_shown(numbers: BinaryNumbers) -> Iterator[dict[str, object]]:
    """Yield the calibration of each model as the page tells it: its name, at which share of reals, a row a metric.

    Parameters
    ----------
    numbers : BinaryNumbers
        The content of metrics.json.
    """
    for name, model in numbers["models"].items():
        found = model["calibration"]
        if "before" in found:
            rows = [
                {
                    "title": METRICS[metric].title,
                    "before": worded(found["before"][metric], "", 4),
                    "after": worded(found["after"][metric], "", 4),
                    "change": difference(METRICS[metric], found["change"][metric]),
                }
                for metric in OF_PROBABILITIES
            ]
            share = per_cent(found["prevalence"]) if found["weighed"] else ""
            yield {"model": name, "share": share, "rows": rows}
