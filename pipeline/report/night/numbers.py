"""The numbers of a night's report, as ``night.json`` has them: counts that add up, levels, exposures, flags."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

import numpy as np
import pandas as pd

from pipeline.cutouts.dropped import left_out
from pipeline.cutouts.missing import Flag
from pipeline.metrics.night_levels import LEVEL, Level, mean_level, number_level, share_level
from pipeline.report.night.data import NightData, called_real
from pipeline.report.plain import plain
from pipeline.scores.ranking import unscored_reasons

SCHEMA: Final = 1
"""Of ``night.json``."""

OPTIONAL: Final = frozenset({"group_id", "kind", "label", "label_source", "host_offset_arcsec", "split"})
"""Columns that are blank in a night of which nobody knows more; their absence is not missed."""

QUANTILES: Final = (0.05, 0.5, 0.95)


def night_numbers(data: NightData, provenance: Mapping[str, object]) -> dict[str, Any]:
    """Return the numbers of a night's report, of plain types.

    Parameters
    ----------
    data : NightData
        What the report is made from.
    provenance : mapping
        How the report comes about.
    """
    nights = _nights(data)
    found: dict[str, Any] = {
        "schema": SCHEMA,
        "kind": "night",
        "survey": data.survey,
        "night": data.night,
        "models": sorted(set(data.candidates["model"].astype(str)) - {""}) if "model" in data.candidates else [],
        "classes": list(data.class_names),
        "threshold": data.threshold,
        "threshold_rule": data.rule,
        "frozen": dict(data.frozen),
        "counts": _counts(data),
        "dropped": _dropped(data.dropped),
        "remarks": _grouped(data.dropped.drop(left_out(data.dropped).index)),
        "not_scored": unscored_reasons(data.candidates),
        "flags": _flags(data.candidates),
        "missing_columns": _missing(data.candidates),
        "level": LEVEL,
        "levels": {name: _told(level) for name, level in _levels(nights).items()},
        "nights": nights.to_dict("records"),
        "exposures": _exposures(data.candidates).to_dict("records"),
        "provenance": dict(provenance),
    }
    told = plain(found)
    return told if isinstance(told, dict) else {}


def _counts(data: NightData) -> dict[str, int]:
    """Return how many candidates came in, were dropped and cut, have a score, and are called real."""
    scored = data.candidates["score"].notna()
    dropped, cut = len(left_out(data.dropped)), len(data.candidates)
    return {
        "in": cut + dropped,
        "dropped": dropped,
        "cut": cut,
        "scored": int(scored.sum()),
        "not_scored": int((~scored).sum()),
        "called": int((called_real(data.candidates) & scored).sum()),
        "objects": int(data.candidates.loc[data.candidates["object_id"] != "", "object_id"].nunique()),
        "exposures": int(data.about_cutouts.get("exposures") or data.candidates["exposure_id"].nunique()),
        "exposures_lost": int(data.about_cutouts.get("exposures_lost") or 0),
    }


def _dropped(dropped: pd.DataFrame) -> list[dict[str, object]]:
    return _grouped(left_out(dropped))


def _grouped(rows: pd.DataFrame) -> list[dict[str, object]]:
    """Return step, reason and number of rows, the frequent first."""
    counted = rows.groupby(["step", "reason"]).size().reset_index(name="n")
    ordered = counted.sort_values(["n", "step", "reason"], ascending=[False, True, True])
    return [{str(key): value for key, value in row.items()} for row in ordered.to_dict("records")]


def _flags(candidates: pd.DataFrame) -> dict[str, int]:
    """Return how many candidates carry each flag, those that none carries left out."""
    bits = candidates["flags"].to_numpy(np.int64)
    counts = {str(flag.name): int((bits & int(flag) != 0).sum()) for flag in Flag}
    return {name: n for name, n in counts.items() if n}


def _missing(candidates: pd.DataFrame) -> dict[str, int]:
    """Return how many candidates lack each column that they may be expected to have; complete ones are left out."""
    found: dict[str, int] = {}
    for name, column in candidates.items():
        if str(name) in OPTIONAL or str(name).startswith(("score", "p_")) or name in ("entropy", "bald", "decided_by"):
            continue
        blank = column.isna() if column.dtype.kind in "fiub" else column.fillna("").astype(str) == ""
        if blank.any():
            found[str(name)] = int(blank.sum())
    return dict(sorted(found.items(), key=lambda entry: (-entry[1], entry[0])))


def _nights(data: NightData) -> pd.DataFrame:
    """Return one row per night, the reported one last, with its counts and the spread of its scores."""
    each = [*((one.night, one.scores) for one in data.earlier), (data.night, data.candidates)]
    return pd.DataFrame([{"night": night, **_of_scores(scores)} for night, scores in each])


def _of_scores(scores: pd.DataFrame) -> dict[str, float]:
    known = scores["score"].to_numpy(np.float64)
    known = known[np.isfinite(known)]
    n, called = len(known), int((called_real(scores) & scores["score"].notna()).sum())
    quantiles = np.quantile(known, QUANTILES) if n else np.full(len(QUANTILES), np.nan)
    return {
        "candidates": len(scores),
        "scored": n,
        "called": called,
        "share": called / n if n else np.nan,
        "mean": float(known.mean()) if n else np.nan,
        "variance_of_mean": float(known.var(ddof=1)) / n if n > 1 else np.nan,
        **{f"q{round(100 * q):02d}": float(value) for q, value in zip(QUANTILES, quantiles, strict=True)},
    }


def _levels(nights: pd.DataFrame) -> dict[str, Level]:
    """Return the night's figures beside those of the earlier nights."""
    tonight, before = nights.iloc[-1], nights.iloc[:-1]
    mean, variance = float(tonight["mean"]), float(tonight["variance_of_mean"])
    return {
        "candidates": number_level(int(tonight["candidates"]), before["candidates"]),
        "share": share_level(int(tonight["called"]), int(tonight["scored"]), before["called"], before["scored"]),
        "mean": mean_level(mean, variance, before["mean"], before["variance_of_mean"]),
    }


def _told(level: Level) -> dict[str, object]:
    return {**asdict(level), "jumped": level.jumped}


def _exposures(candidates: pd.DataFrame) -> pd.DataFrame:
    """Return one row per exposure with its counts, in the order of their times."""
    rows = candidates.assign(called=called_real(candidates) & candidates["score"].notna())
    found = rows.groupby("exposure_id", sort=True).agg(
        time_mjd=("time_mjd", "min"),
        telescope=("telescope", "first"),
        detector=("detector", "first"),
        band=("band", "first"),
        candidates=("candidate_id", "size"),
        scored=("score", "count"),
        called=("called", "sum"),
        median=("score", "median"),
    )
    return found.reset_index().sort_values(["time_mjd", "exposure_id"], kind="stable", ignore_index=True)
