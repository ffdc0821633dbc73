"""The study of what a package is worth on alerts, on rows whose scores are made up."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from benchmarks.studies.starter import REFERENCE, lines_of, rank_correlation


@pytest.fixture
def rows():
    count = 80
    label = np.arange(count) % 2
    return pd.DataFrame(
        {
            "object_id": [f"o{number // 2}" for number in range(count)],
            "label": label,
            "label_source": np.where(np.arange(count) < 60, "eye", "teacher"),
            "score": np.where(np.arange(count) < 60, label, 1 - label) * 0.5 + np.arange(count) / 200,
        }
    )


def test_rows_that_a_teacher_labelled_do_not_judge(rows):
    counts, auc, mdr = lines_of(rows)
    assert counts == "30 real and 30 bogus"
    assert auc.startswith("auc: 1.0000")
    assert mdr.startswith("mdr_at_fpr_5pc: 0.0000")


def test_a_survey_without_labels_is_compared_with_its_own_score(rows):
    known = rows.assign(label=-1, **{f"{REFERENCE}reliability": -rows["score"]})
    known.loc[:9, f"{REFERENCE}reliability"] = np.nan
    known.loc[70:, "score"] = np.nan
    (line,) = lines_of(known)
    assert line.startswith("reliability: Spearman's rank correlation -1.000 (95 %: -1.000 to -1.000), 60 alerts")


def test_the_interval_of_a_rank_correlation_holds_it_and_is_as_wide_as_theory_says():
    rng = np.random.default_rng(2)
    first = rng.normal(size=200)
    second = 0.5 * first + rng.normal(size=200)
    value, low, high = rank_correlation(pd.Series(first), pd.Series(second))
    assert value == pytest.approx(spearmanr(first, second).statistic)
    fisher = np.tanh(np.arctanh(value) + np.array([-1.96, 1.96]) * np.sqrt((1 + value**2 / 2) / 197))
    assert (low, high) == pytest.approx(tuple(fisher), abs=0.04)
