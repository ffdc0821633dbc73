"""The choice for a fold rests on rows of other folds, scored by models that saw neither."""

from contextlib import nullcontext
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.studies.ztf import inner_folds
from benchmarks.studies.ztf.inner_folds import VARIANTS, file_name, inner_scores, recipe_of, shared_rows

FOLDS = [Path(f"fold{number}.h5") for number in range(3)]


class Fold:
    survey, channels, class_names, pixel_scale_arcsec = "ztf", ("difference",), ("bogus", "real"), 1.0

    def __init__(self, train, validation, test):
        self.fingerprint = test[0]
        self._parts = {"train": train, "validation": validation, "test": test}

    def candidates(self, part):
        return pd.DataFrame({"candidate_id": list(self._parts[part])})

    def cutouts(self, part):
        names = [ord(name) for name in self._parts[part]]
        return np.array(names, np.float32)[:, None, None, None]


def test_a_model_of_two_folds_learns_from_what_both_of_them_may_learn_from(monkeypatch):
    files = {"fold0.h5": Fold("abcd", "vw", "xy"), "fold1.h5": Fold("bcxy", "wx", "ad")}
    monkeypatch.setattr(inner_folds, "open_dataset", lambda path: nullcontext(files[path.name]))
    rows = shared_rows(*FOLDS[:2])
    for part, expected in {"train": "bc", "validation": "w", "test": "xyad"}.items():
        assert "".join(rows.candidates(part)["candidate_id"]) == expected
        assert "".join(chr(int(pixel)) for pixel in rows.cutouts(part).ravel()) == expected
    assert rows.candidates("test")["fold"].tolist() == ["fold0", "fold0", "fold1", "fold1"]


def test_a_fold_is_chosen_for_by_models_that_saw_neither_it_nor_what_they_score(tmp_path):
    for one, other in combinations(range(3), 2):
        rows = pd.DataFrame(
            {
                "candidate_id": [
                    *(f"{one}{other}-{fold}-{label}" for fold in (one, other) for label in (0, 1)),
                    "v",
                    "w",
                ],
                "fold": [f"fold{fold}" for fold in (one, other) for _ in (0, 1)] + [None, None],
                "part": ["test"] * 4 + ["validation"] * 2,
                "label": [0, 1] * 3,
                "logit": [-1.0, 1.0] * 3,
            }
        )
        rows.to_parquet(tmp_path / file_name("ensemble", 1, one, other))
    found = {fold: "".join(rows["candidate_id"].str[:4]) for fold, rows in inner_scores(tmp_path, "ensemble", 1, FOLDS)}
    assert found == {0: "01-101-102-202-2", 1: "01-001-012-212-2", 2: "02-002-012-112-1"}


@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_is_a_recipe_on_one_thread(name):
    assert recipe_of(name).threads == 1
