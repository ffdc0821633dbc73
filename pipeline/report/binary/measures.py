"""The numbers of a report of real and bogus: everything that metrics.json has; the page shows no others."""

import hashlib
from dataclasses import asdict
from typing import cast

import numpy as np
import pandas as pd

from pipeline.classes import BOGUS, REAL
from pipeline.metrics import (
    METRICS,
    Interval,
    all_strata,
    bootstrap_all,
    column_alone,
    confusion,
    expected_purity,
    groups_of,
    injection_gap,
    is_injected,
    paired_differences,
    scored_mask,
    threshold_rates,
)
from pipeline.metrics.at_rates import at_rates
from pipeline.metrics.best_thresholds import merits_at
from pipeline.metrics.intervals import called_real
from pipeline.metrics.verdict_coverage import verdict_coverage
from pipeline.plots.data import PARTS, ReportData, labelled_rows, part_rows, whole_nights
from pipeline.report.binary.calibration import calibration_numbers, threshold_numbers
from pipeline.report.binary.injection_gap import measure_gap
from pipeline.report.binary.numbers import BinaryNumbers
from pipeline.report.binary.spans import measure_spans
from pipeline.report.bootstrap import Bootstrap
from pipeline.report.measures import report_numbers, row_counts, tally
from pipeline.rng import stream

POOR_PSF = 0.1
"""If a PSF puts a larger share of a star's light into wrong pixels, sources made with it do not stand for real ones.

What is left of a source after its true image is subtracted then has about 0.1 of its signal to noise. For a signal to
noise of 50, which every bright injection exceeds, these are five sigma: a detection of its own. Chi-squared does not
measure this, because it grows with the brightness of the stars.
"""

CONTROLS = ("magnitude", "snr", "fwhm_pixel", "nan_fraction", "edge_fraction")
"""Columns whose AUC on their own is compared with the classifier's."""


def measure_binary(data: ReportData, how: Bootstrap) -> BinaryNumbers:
    """Return all numbers of a report of real and bogus, ready for JSON: plain types, None where there is no value.

    Parameters
    ----------
    data : ReportData
        Scores, thresholds and base rate.
    how : Bootstrap
        How many samples of groups, and the seed; equal seeds give equal intervals.
    """
    own = {
        "counts": _counts(data),
        "models": {model: _model(data, model, how) for model in data.scores},
        "differences": {model: _difference(data, model, how) for model in data.scores if model != data.classifier},
        "column_alone": _controls(data),
        "psfs": _psfs(data),
        "cuts": _cuts(data),
        "injection": measure_gap(data, how),
        **({"trained_on": dict(data.trained_on)} if data.trained_on else {}),
        **({"spans": spans} if (spans := measure_spans(data, how)) else {}),
        **({"unknown_training": data.unknown_training} if data.unknown_training else {}),
    }
    numbers = report_numbers(data, how, own, class_names=data.class_names)
    return cast("BinaryNumbers", numbers)  # a test compares its keys and types with those of the class


def _counts(data: ReportData) -> dict[str, object]:
    judged, rows = data.judged(data.classifier), part_rows(data.scores[data.classifier], data.part)
    of_class = {name: judged[judged["label"] == label] for name, label in {"real": REAL, "bogus": BOGUS}.items()}
    has_label = rows["label"].isin([BOGUS, REAL]).to_numpy()
    has_score = np.isfinite(rows["score"].to_numpy(dtype=float))
    return {
        **row_counts(data, judged, has_label, has_score, {name: len(own) for name, own in of_class.items()}),
        "rows_sha256": rows_digest(judged),
        "injected": int(is_injected(of_class["real"]).sum()),
        "label_sources": {name: tally(own) for name, own in of_class.items()},
        "called_real_by_night": _called_by_night(data),
    }


def rows_digest(judged: pd.DataFrame) -> str:
    """Return what tells whether two reports judge the same rows: their ids and labels, in any order.

    Parameters
    ----------
    judged : DataFrame
        With ``candidate_id`` and ``label``.
    """
    lines = judged["candidate_id"].astype(str) + "\t" + judged["label"].astype(int).astype(str) + "\n"
    return hashlib.sha256("".join(sorted(lines)).encode()).hexdigest()


def _called_by_night(data: ReportData) -> dict[str, dict[str, int]]:
    """Return how many candidates every completely scored night (split -1) has, and how many are called real."""
    rows = whole_nights(data)
    passed = rows["score"] >= data.threshold(data.classifier)
    return {
        str(night): {"candidates": len(group), "called_real": int(passed[group.index].sum())}
        for night, group in rows.groupby("night")
    }


def _model(data: ReportData, model: str, how: Bootstrap) -> dict[str, object]:
    rows, threshold = data.judged(model), data.threshold(model)
    rates = threshold_rates(
        rows,
        threshold=threshold,
        replicates=how.replicates,
        level=how.level,
        binned_above=how.binned_above,
        rng=stream(how.seed, "report rates", model),
    )
    counts = confusion(rows["label"], rows["score"], threshold)
    gap = injection_gap(
        rows,
        threshold=threshold,
        replicates=how.replicates,
        level=how.level,
        binned_above=how.binned_above,
        rng=stream(how.seed, "report gap", model),
    )
    return {
        "threshold": threshold,
        "threshold_rule": data.threshold_rule(model),
        "at_threshold": {**asdict(counts), **rates, **{name: merits_at(counts)[name] for name in ("f1", "mcc")}},
        "metrics": _part(data, model, data.part, how),
        "parts": _parts(data, model, how),
        "survey": _at_base_rate(data, rates["recall"].value, rates["fpr"].value),
        "calibration": calibration_numbers(data, model, how),
        "at_rates": at_rates(rows["label"], rows["score"], data.drawn.guides),
        "best_thresholds": threshold_numbers(data, model),
        "injection_gap": gap,
        "strata": all_strata(rows, threshold=threshold, level=how.level, bins=data.drawn.stratum_bins).to_dict(
            "records"
        ),
        **_verdicts(data, model),
    }


def _verdicts(data: ReportData, model: str) -> dict[str, object]:
    """Return how often the verdicts of a model deny the truth and ask, where its scores have any."""
    rows, promise = data.judged(model), data.promises.get(model)
    if "verdict" not in rows:
        return {}
    coverage = verdict_coverage(rows, promise).to_dict("records")
    return {"verdicts": {"promise": None if promise is None else asdict(promise), "coverage": coverage}}


def _part(data: ReportData, model: str, part: str, how: Bootstrap) -> dict[str, Interval]:
    rows = labelled_rows(data.scores[model], part)
    return bootstrap_all(
        rows["label"],
        rows["score"],
        groups_of(rows),
        replicates=how.replicates,
        level=how.level,
        binned_above=how.binned_above,
        rng=stream(how.seed, "report metrics", f"{model}/{part}"),
    )


def _parts(data: ReportData, model: str, how: Bootstrap) -> dict[str, dict[str, object]]:
    """Return the metrics of the other parts that have labelled rows."""
    fewer = how.of_other_parts()
    parts = [part for part in PARTS.values() if part != data.part and "split" in data.scores[model]]
    return {
        part: {"replicates": fewer.replicates, "metrics": _part(data, model, part, fewer)}
        for part in parts
        if len(labelled_rows(data.scores[model], part))
    }


def _at_base_rate(data: ReportData, recall: float, fpr: float) -> dict[str, object]:
    """Return what the threshold means if a share ``base_rate`` of the survey's candidates is real."""
    if data.base_rate is None:
        return {"base_rate": None}
    found, false = called_real(recall, fpr, data.base_rate)
    nightly = _nightly(data)
    return {
        "base_rate": data.base_rate,
        "expected_purity": float(expected_purity(recall, fpr, data.base_rate)),
        "candidates_per_night": nightly,
        "called_real_per_night": None if nightly is None else nightly * float(found + false),
        "bogus_among_them": None if nightly is None else nightly * float(false),
        "real_missed_per_night": None if nightly is None else nightly * float(data.base_rate - found),
    }


def _nightly(data: ReportData) -> float | None:
    """Return the candidates of a usual night: as stated, or else the mean over the completely scored nights."""
    if data.candidates_per_night is not None:
        return data.candidates_per_night
    nights = [night["candidates"] for night in _called_by_night(data).values()]
    return float(np.mean(nights)) if nights else None


def _difference(data: ReportData, model: str, how: Bootstrap) -> dict[str, object]:
    """Return classifier minus another model on the rows that both scored."""
    own, other = data.judged(data.classifier), data.judged(model)[["candidate_id", "score"]]
    both = own.merge(other, on="candidate_id", suffixes=("", "_other"), validate="one_to_one")
    both = both[scored_mask(both["label"], both["score_other"])]
    return {
        "minus": model,
        "n": len(both),
        "metrics": paired_differences(
            both["label"],
            both["score"],
            both["score_other"],
            groups_of(both),
            metrics=list(METRICS),
            replicates=how.replicates,
            level=how.level,
            binned_above=how.binned_above,
            rng=stream(how.seed, "report difference", model),
        ),
    }


def _controls(data: ReportData) -> dict[str, float]:
    rows = data.judged(data.classifier)
    return {name: column_alone(rows, name) for name in CONTROLS if name in rows}


def _psfs(data: ReportData) -> dict[str, object]:
    """Return how well the PSFs of injected sources fit the stars; empty if no sources were put into images."""
    if data.psfs is None or data.psfs.rows.empty:
        return {}
    rows = data.psfs.rows
    residual = rows["residual_fraction"].to_numpy(dtype=np.float64)
    known = np.isfinite(residual)
    worst = int(np.nanargmax(residual)) if known.any() else None
    return {
        "images": len(rows),
        "without_stars": int((~known).sum()),
        "poor": int((residual[known] > POOR_PSF).sum()),
        "poor_above": POOR_PSF,
        "worst_residual_fraction": None if worst is None else residual[worst],
        "worst_chi2": None if worst is None else float(rows["chi2"].iloc[worst]),
    }


def _cuts(data: ReportData) -> dict[str, object]:
    """Return how many reals and bogus each cut of the baseline of rules rejects; empty without such a baseline."""
    if data.cuts is None:
        return {}
    labels = data.judged(data.classifier)[["candidate_id", "label"]]
    rows = data.cuts.failed.merge(labels, on="candidate_id", validate="one_to_one")
    failed = rows[list(data.cuts.ranges)]
    alone = failed.mul(failed.sum(axis=1) == 1, axis=0).astype(bool)
    passed = ~failed.any(axis=1)
    of_class = {"real": rows["label"] == REAL, "bogus": rows["label"] == BOGUS}
    return {
        "rows": {name: int(own.sum()) for name, own in of_class.items()},
        "passed": {name: int(passed[own].sum()) for name, own in of_class.items()},
        "by_cut": {
            cut: {
                "feature": feature,
                "range": words,
                "rejected": {name: int(failed[cut][own].sum()) for name, own in of_class.items()},
                "rejected_alone": {name: int(alone[cut][own].sum()) for name, own in of_class.items()},
            }
            for cut, (feature, words) in data.cuts.ranges.items()
        },
    }
