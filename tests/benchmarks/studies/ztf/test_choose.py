"""The table of mixtures: figures of rows whose scores are made up, and sums of calibrated logits."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.studies.ztf.choose import MIXTURES, figures_of, line_of, merits, pair_figures
from benchmarks.studies.ztf.inner_folds import VARIANTS, file_name

FOLDS = [Path(f"fold{number}.h5") for number in range(3)]


def rows(logits, labels, kinds):
    return pd.DataFrame({"logit": logits, "label": labels, "kind": kinds})


def test_variables_count_as_found_above_the_bogus_that_may_pass():
    bogus = np.arange(40.0)  # two of them may pass: the threshold is the third from above
    table = rows([*bogus, 36.5, 37.5, 50.0], [0] * 40 + [1] * 3, ["bogus"] * 40 + ["variable", "variable", "mover"])
    found = merits(table)
    assert found["variables"] == 0.5
    assert found["mdr_at_fpr_5pc"] == pytest.approx(1 / 3)
    assert found["auc"] == pytest.approx((37 + 38 + 40) / 120)


def written(folder, variant, seed):
    rng = np.random.default_rng(seed)
    label = np.tile([0, 1], 60)
    for one, other in combinations(range(3), 2):
        table = pd.DataFrame(
            {
                "candidate_id": [f"{one}{other}{number}" for number in range(120)],
                "fold": np.repeat([f"fold{one}", f"fold{other}", "-"], 40),
                "part": np.repeat(["test", "test", "validation"], 40),
                "label": label,
                "kind": np.where(label, "variable", "bogus"),
                "logit": 1.5 * label + rng.normal(size=120),
            }
        )
        table.to_parquet(folder / file_name(variant, 1, one, other))


def test_two_variants_that_err_apart_are_better_together(tmp_path):
    written(tmp_path, "ensemble", 1)
    written(tmp_path, "histograms", 2)
    alone = figures_of({"ensemble": 1.0}, tmp_path, 1, FOLDS)
    both = figures_of({"ensemble": 0.5, "histograms": 0.5}, tmp_path, 1, FOLDS)
    assert len(both) == 3
    assert both["auc"].mean() > alone["auc"].mean() + 0.03
    line = line_of({"ensemble": 0.5, "histograms": 0.5}, both, alone)
    assert line.startswith("| 0.5 ensemble + 0.5 histograms | 0.9")


def test_members_that_scored_other_rows_are_refused(tmp_path):
    written(tmp_path, "ensemble", 1)
    written(tmp_path, "histograms", 1)
    path = tmp_path / file_name("histograms", 1, 0, 1)
    pd.read_parquet(path)[::-1].reset_index(drop=True).to_parquet(path)
    with pytest.raises(ValueError, match="fold 0: the members scored other rows"):
        figures_of({"ensemble": 0.5, "histograms": 0.5}, tmp_path, 1, FOLDS)


def test_a_pair_of_folds_is_judged_by_itself(tmp_path):
    written(tmp_path, "ensemble", 1)
    (auc,) = pair_figures({"ensemble": 1.0}, tmp_path, 1, ["02"])["auc"]
    table = pd.read_parquet(tmp_path / file_name("ensemble", 1, 0, 2))
    assert auc == pytest.approx(merits(table[table["part"] == "test"])["auc"])


def test_every_mixture_is_of_variants():
    assert {name for mixture in MIXTURES for name in mixture} <= set(VARIANTS)
