"""Folds of the synthetic side: places stay together, every row is judged once, cut rows do not teach."""

import numpy as np
import pandas as pd

from benchmarks.studies.synthetic.compared_samples import Sample
from benchmarks.studies.synthetic.transfer import strata
from benchmarks.studies.synthetic.transfer_sides import FOLDS, synthetic_sides


def sides(count=400):
    rng = np.random.default_rng(1)
    table = pd.DataFrame(
        {"label": np.arange(count) % 2, "group": (np.arange(count) // 3).astype(str), "kind": "noise", "sign": 1}
    )
    sample = Sample(cutouts=np.zeros((count, 5, 5, 3), np.float32), rows=table)
    return synthetic_sides(sample, rng.random(count) < 0.5)


def test_every_row_is_judged_once():
    for side in sides():
        assert side.judged()["row"].tolist() == list(range(400))


def test_no_place_is_in_two_parts():
    every, _ = sides()
    for fold in range(FOLDS):
        groups = [set(rows["group_id"]) for rows in every.parts(fold).values()]
        assert not groups[0] & groups[1]
        assert not groups[2] & (groups[0] | groups[1])


def test_rows_that_are_cut_are_judged_and_never_teach():
    _, cut = sides()
    parts = cut.parts(0)
    assert cut.teaches[parts["train"]["row"]].all()
    assert not cut.teaches[parts["test"]["row"]].all()
    assert cut.teaches[cut.whole()["train"]["row"]].all()


def test_a_stratum_is_a_kind_with_all_of_the_other_class():
    rows = pd.DataFrame({"label": [1] * 6 + [0] * 6, "kind": ["a"] * 5 + ["b"] + ["c"] * 6})
    chosen = dict(strata(rows))
    assert list(chosen) == ["real a", "bogus c"]
    assert chosen["real a"].tolist() == [True] * 5 + [False] + [True] * 6
