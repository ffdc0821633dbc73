import numpy as np
import pandas as pd
import pytest
from small_datasets import small_dataset

from models.recipes.classifier import ClassifierRecipe
from models.searches import out_of_fold
from models.searches.out_of_fold import FoldPlan, score_out_of_fold
from models.training.in_memory import MemoryDataSet
from pipeline.cutouts.missing import Flag
from pipeline.errors import SettingsError


@pytest.fixture
def table():
    """Return a data set of a table, whose first feature follows the label and whose second names the group."""
    rng, parts = np.random.default_rng(1), {}
    for part, (rows, _) in small_dataset().parts.items():
        group = rows["group_id"].str.split("-").str[1].astype(float).to_numpy()
        features = np.stack([rows["label"] + rng.normal(0, 0.6, len(rows)), group], axis=1)
        parts[part] = rows, features.astype(np.float32)[:, None, None, :]
    return MemoryDataSet(parts=parts, channels=("signal", "group"), pixel_scale_arcsec=float("nan"))


def scored(table, tmp_path, **plan):
    recipe = ClassifierRecipe(classifier="table_boosting", settings={"n_estimators": 20}, threads=1)
    asked = FoldPlan(**({"folds": 3, "by": "object", "seed": 1} | plan))
    return score_out_of_fold(table, recipe, asked, model="held out", workdir=tmp_path / "work.folds")


def test_every_row_gets_a_score_of_its_part(table, tmp_path):
    scores = scored(table, tmp_path)
    every = pd.concat([table.candidates(part) for part in ("train", "validation", "test")])
    assert scores["candidate_id"].tolist() == every["candidate_id"].tolist()
    assert scores["split"].value_counts().sort_index().tolist() == [400, 150, 100]
    assert np.isfinite(scores["score"]).all()
    np.testing.assert_allclose(scores["p_0"] + scores["p_1"], 1, atol=1e-6)
    assert scores["score_std"].notna().tolist() == [False] * 550 + [True] * 100
    real = every["label"].to_numpy() == 1
    assert scores["score"][real].mean() > scores["score"][~real].mean() + 0.2


def test_what_a_model_knows_of_a_group_by_heart_does_not_show(table, tmp_path):
    """Labels that are the group's alone, which a model that saw the group would repeat, are not told."""
    rng = np.random.default_rng(2)
    for part, (rows, features) in table.parts.items():
        verdict = dict(zip(rows["group_id"].unique(), rng.integers(0, 2, rows["group_id"].nunique()), strict=True))
        rows["label"] = rows["group_id"].map(verdict).astype(np.int8)
        features[:, 0, 0, 0] = 0.0
        table.parts[part][0]["label"] = rows["label"]
    scores = scored(table, tmp_path)
    labels = pd.concat([table.candidates(part) for part in ("train", "validation")])["label"].to_numpy()
    told = scores["score"].to_numpy()[: len(labels)]
    rank = pd.Series(told).rank().to_numpy()
    reals = labels == 1
    auc = (rank[reals].mean() - (reals.sum() + 1) / 2) / (~reals).sum()
    assert abs(auc - 0.5) < 0.1


def test_a_row_without_pixels_has_no_score_and_says_so(table, tmp_path):
    table.parts["train"][1][3] = np.nan
    scores = scored(table, tmp_path)
    assert np.isnan(scores["score"][3])
    assert scores["label_predicted"][3] == -1
    assert scores["flags"][3] & Flag.NOT_SCORED
    assert np.isfinite(scores["score"].drop(3)).all()


def test_folds_that_are_done_are_not_trained_again(table, tmp_path, monkeypatch):
    first = scored(table, tmp_path)
    monkeypatch.setattr(out_of_fold, "train", None)
    pd.testing.assert_frame_equal(scored(table, tmp_path), first)
    out_of_fold.clear(tmp_path / "work.folds")
    assert not (tmp_path / "work.folds").exists()


@pytest.mark.parametrize("folds", [1, 101])
def test_a_number_of_folds_that_cannot_be_is_refused(folds):
    with pytest.raises(SettingsError, match=rf"folds is {folds}; allowed: 2 to 100"):
        FoldPlan(folds=folds, by="object", seed=1)
