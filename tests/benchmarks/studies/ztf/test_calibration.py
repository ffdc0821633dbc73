"""The study of calibration by night, on rows whose scores are right or wrong by construction."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.studies.ztf import calibration as study


def fold_of(number, rng, shift=0.0):
    logits = rng.normal(0, 2, 400)
    labels = (rng.random(400) < 1 / (1 + np.exp(-logits))).astype(int)
    return pd.DataFrame(
        {
            "logit": logits + shift, "label": labels, "part": np.where(np.arange(400) < 150, "validation", "test"),
            "object_id": [f"{number}-{row}" for row in range(400)], "night": f"2019-01-{number + 1:02d}",
            "magnitude": rng.uniform(17, 20, 400),
        }
    )  # fmt: skip


@pytest.fixture(scope="module")
def folds():
    rng = np.random.default_rng(0)
    return [fold_of(number, rng) for number in range(3)]


def test_right_scores_are_near_the_truth_in_every_stratum(folds):
    rows, fewest = study.scored(folds, study.fit_platt, of_others=True)
    assert len(rows) == 750
    assert min(fewest.values()) > 200
    assert set(study.strata_of(rows)) == {"all", "bright", "faint", "before 2020-06-01"}
    assert study.worst_stratum(rows).endswith("none beyond chance of 4")


def test_a_fold_is_never_calibrated_on_its_own_test_rows(folds):
    broken = [folds[0].assign(label=np.where(folds[0]["part"] == "test", 1 - folds[0]["label"], folds[0]["label"]))]
    for of_others in (True, False):
        before, after = (study.scored([*first, *folds[1:]], study.fit_platt, of_others=of_others)[0] for first in
                         (folds[:1], broken))  # fmt: skip
        own = before["night"] == "2019-01-01"
        np.testing.assert_array_equal(before["score"][own], after["score"][own])


def test_scores_that_say_too_much_are_found(folds):
    rows, _ = study.scored(folds, study.fit_platt, of_others=True)
    told = study.worst_stratum(rows.assign(score=np.clip(rows["score"] + 0.12, 0, 1)))
    assert told.startswith("+0.1")
    assert "above 0.03 beyond chance: all" in told


def test_the_prior_is_brought_to_the_share_of_reals():
    rng = np.random.default_rng(1)
    labels = (np.arange(3000) % 10 > 0).astype(int)
    logits = rng.normal(2.0 * labels - 1.0, 1.0)
    assert study.at_own_share(logits, labels).apply(logits).mean() == pytest.approx(0.9, abs=0.03)
