"""Wrong labels that were planted are found, and leaving them out wins back much of what they cost."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from small_datasets import rows_of

from models.recipes.classifier import ClassifierRecipe
from models.searches.out_of_fold import FoldPlan, score_out_of_fold
from models.training.in_memory import MemoryDataSet
from models.training.train import train
from pipeline.labels.confident_learning import confident_joint

RECIPE = ClassifierRecipe(classifier="table_boosting", settings={"n_estimators": 40, "min_samples_leaf": 5}, threads=1)
LEARNED = ("train", "validation")


@pytest.fixture(scope="module")
def clean():
    """Return a table of 1500 rows of two classes, whose six features tell nearly all of them."""
    rng, parts = np.random.default_rng(7), {}
    for part, start, count in (("train", 0, 700), ("validation", 1000, 300), ("test", 2000, 500)):
        rows = rows_of(count, start, rng)
        rows["label"] = (rng.random(count) < 0.4).astype(np.int8)
        rows["label_source"] = "eye"
        features = 1.3 * rows["label"].to_numpy()[:, None] + rng.normal(0, 1, (count, 6))
        parts[part] = rows, features.astype(np.float32)[:, None, None, :]
    return MemoryDataSet(parts=parts, channels=tuple("abcdef"), pixel_scale_arcsec=float("nan"))


def with_labels(table, labels):
    """Return the table with other labels of the rows that teach."""
    parts, start = dict(table.parts), 0
    for part in LEARNED:
        rows, pixels = table.parts[part]
        parts[part] = rows.assign(label=labels[start : start + len(rows)]), pixels
        start += len(rows)
    return replace(table, parts=parts)


def without(table, listed):
    parts, start = dict(table.parts), 0
    for part in LEARNED:
        rows, pixels = table.parts[part]
        stays = ~listed[start : start + len(rows)]
        parts[part] = rows[stays].reset_index(drop=True), pixels[stays]
        start += len(rows)
    return replace(table, parts=parts)


def auc_of(table, folder):
    trained = train(table, RECIPE, 1, workdir=folder)
    return roc_auc_score(table.candidates("test")["label"], trained.fitted.logits(table.cutouts("test"))[:, 0])


@pytest.mark.parametrize(
    ("share", "least_precision", "least_recall", "least_back"),
    [(0.05, 0.6, 0.7, 0.4), (0.1, 0.7, 0.65, 0.2), (0.2, 0.65, 0.65, 0.3)],
)
def test_planted_labels_are_found_and_much_of_the_auc_is_won_back(
    clean, tmp_path, share, least_precision, least_recall, least_back
):
    right = np.concatenate([clean.candidates(part)["label"].to_numpy() for part in LEARNED])
    wrong = np.random.default_rng(1).random(len(right)) < share
    given = np.where(wrong, 1 - right, right).astype(np.int8)
    noisy = with_labels(clean, given)
    scores = score_out_of_fold(noisy, RECIPE, FoldPlan(folds=4, by="object", seed=1), model="m", workdir=tmp_path)
    joint = confident_joint(given, scores[["p_0", "p_1"]].to_numpy()[: len(given)])
    listed = (joint.confident >= 0) & (joint.confident != given)
    precision, recall = (listed & wrong).sum() / listed.sum(), (listed & wrong).sum() / wrong.sum()
    best, noisy_auc, left = (
        auc_of(table, tmp_path / name) for name, table in (("a", clean), ("b", noisy), ("c", without(noisy, listed)))
    )
    back = (left - noisy_auc) / (best - noisy_auc)
    assert precision > least_precision
    assert recall > least_recall
    assert best > left > noisy_auc
    assert back > least_back
    by_class = [wrong[given == label].mean() for label in (0, 1)]
    assert joint.noise == pytest.approx(by_class, abs=0.1)
