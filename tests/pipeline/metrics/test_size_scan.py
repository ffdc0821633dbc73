"""The tables of a scan of the training set's size."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.metrics import METRICS
from pipeline.metrics.size_scan import COLUMNS, FIGURES, size_summary

DOCS = Path(__file__).resolve().parents[3] / "docs"


@pytest.fixture
def labelled():
    rng = np.random.default_rng(4)
    labels = rng.integers(0, 2, 400)
    return labels, rng.normal(labels, 1.0)


def test_the_figures_are_those_that_no_increasing_change_of_the_scores_alters(labelled):
    labels, scores = labelled
    bent = np.sinh(3 * scores) + 7
    alike = [name for name in METRICS if METRICS[name](labels, scores) == METRICS[name](labels, bent)]
    assert alike == [name for name in METRICS if name in FIGURES]
    assert set(FIGURES) <= set(METRICS)


def row(size, auc, reason="", rows=10):
    return dict.fromkeys(COLUMNS, 0.5) | {"size": size, "auc": auc, "reason": reason, "rows": rows}


def test_a_size_is_summed_up_over_the_trainings_that_did_not_fail():
    table = pd.DataFrame([
        row("0.1", 0.8, rows=10), row("0.1", 0.9, rows=12), row("0.1", np.nan, "no luck", rows=99), row("1", 0.95),
    ])  # fmt: skip
    summary = size_summary(table)
    assert summary["size"].tolist() == ["0.1", "1"]
    assert summary[["trainings", "failed", "rows"]].iloc[0].tolist() == [3, 1, 11]
    assert summary["auc"].tolist() == pytest.approx([0.85, 0.95])
    assert summary["auc_std"].iloc[0] == pytest.approx(0.1 / np.sqrt(2))
    assert np.isnan(summary["auc_std"].iloc[1])


def test_a_size_whose_trainings_all_failed_has_no_figures():
    summary = size_summary(pd.DataFrame([row("0.1", np.nan, "no luck"), row("1", 0.9)]))
    assert summary["failed"].tolist() == [1, 0]
    assert summary["auc"].isna().tolist() == [True, False]


def test_the_page_of_formats_names_every_column():
    page = (DOCS / "formats.md").read_text(encoding="utf-8")
    section = page.split("## Scan of the training set's size\n")[1].split("\n## ")[0]
    columns = [*COLUMNS, *size_summary(pd.DataFrame([row("1", 0.9)]))]
    absent = [name for name in columns if f"`{name.removesuffix('_low').removesuffix('_high')}`" not in section]
    assert [name for name in absent if not name.endswith("_std")] == []
    for ending in ("_low", "_high", "_std"):
        assert f"`<figure>{ending}`" in section
