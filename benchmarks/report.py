"""The report of a survey's scores: seconds and memory for a million rows, beside samples of the rows themselves."""

import resource
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.rows import Row
from pipeline.classes import REAL, TEST
from pipeline.metrics import bootstrap_all, groups_of
from pipeline.plots import ReportData
from pipeline.report import build_report
from pipeline.stages.report_folder import write_report

REPLICATES = 1000
_TRIED = 2
"""Samples of rows of which the time is taken; the time of the others is as long."""


def run(folder: Path, *, full: bool) -> Iterator[Row]:
    """Write the report of scores of two cutouts an object, with strata by ten columns."""
    scores = many_scores(1_000_000 if full else 200_000)
    data = ReportData(title="many", survey="many", scores={"cnn": scores}, base_rate=0.02, candidates_per_night=2000.0)
    start = time.perf_counter()
    write_report(folder / "report", build_report(data, replicates=REPLICATES))
    ours = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rng, groups = np.random.default_rng(1), groups_of(scores)
    start = time.perf_counter()
    bootstrap_all(scores["label"], scores["score"], groups, replicates=_TRIED, rng=rng)
    naive = (time.perf_counter() - start) * REPLICATES / _TRIED
    yield Row(
        what=f"report of {len(scores):,} scores, {REPLICATES} samples, all figures",
        budget="60 s and 2 GB for 1,000,000",
        measured=f"{ours:.0f} s",
        naive=f"its metrics alone from samples of rows: {naive:,.0f} s",
        ratio=ours / naive,
        holds=ours < 60 and peak < 2000,
        peak_mb=peak,
    )


def many_scores(n: int) -> pd.DataFrame:
    """Return labelled scores with all columns that strata are of, two rows a group."""
    rng = np.random.default_rng(0)
    group = np.arange(n) // 2
    label = (rng.random(group[-1] + 1) < 0.3).astype(int)[group]
    injected = (label == REAL) & (rng.random(n) < 0.3)
    own = rng.normal(2.2 * (2 * label - 1), 1.3) + rng.normal(0.0, 0.7, group[-1] + 1)[group]
    names = pd.Series(group).map(lambda number: f"o{number}")
    return pd.DataFrame(
        {
            "candidate_id": [f"c{number:09d}" for number in range(n)],
            "object_id": names,
            "group_id": names,
            "label": label,
            "score": (1.0 / (1.0 + np.exp(-own))).astype("f4"),
            "kind": np.select([injected, label == REAL], ["injected", "transient"], "bogus"),
            "label_source": np.where(injected, "injected", "eyeball"),
            "flux_sign": np.where(rng.random(n) < 0.2, -1, 1),
            "magnitude": rng.normal(19, 1, n).astype("f4"),
            "snr": rng.exponential(20, n).astype("f4"),
            "band": rng.choice(list("gri"), n),
            "detector": rng.choice([f"d{number}" for number in range(16)], n),
            "night": [f"2026-01-{1 + number % 28:02d}" for number in range(n)],
            "split": TEST,
            "edge_fraction": 0.0,
            "nan_fraction": rng.random(n).astype("f4") * 0.02,
        }
    )
