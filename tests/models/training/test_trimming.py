"""Feature models under co-teaching: rows called bogus that models of other groups take for real are left out."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from models.recipes.classifier import load
from models.recipes.co_teaching import CoTeaching
from models.training.train import train
from models.training.trimming import trimmed
from pipeline.errors import DataSetError

FOREST = {"classifier": "table_boosting", "settings": {"n_estimators": 40}, "class_weight": "none", "threads": 1}


def blobs(rng, n):
    """Rows of two classes 3 sigma apart in the first of two features."""
    labels = (np.arange(n) % 4 == 0).astype(np.int64)
    return (rng.normal(size=(n, 2)) + 3 * labels[:, None] * [1, 0]).astype(np.float32), labels


def logistic(rows):
    features, labels, weights = rows
    return LogisticRegression().fit(features, labels, sample_weight=weights)


def test_planted_reals_are_left_out_and_few_others():
    features, true = blobs(np.random.default_rng(1), 800)
    given, weights = true.copy(), np.arange(800, dtype=np.float32)
    planted = np.flatnonzero(true == 1)[:60]
    given[planted] = 0
    kept = trimmed((features, given, weights), np.arange(800), CoTeaching(dropped=0.1), logistic, seed=1)
    left_out = set(range(800)) - set(kept[2].astype(int))
    assert len(left_out) == round(0.1 * (given == 0).sum())
    assert all(given[list(left_out)] == 0)
    assert len(left_out & set(planted)) >= 50
    np.testing.assert_array_equal(kept[0], features[kept[2].astype(int)])
    np.testing.assert_array_equal(kept[1], given[kept[2].astype(int)])


def test_no_row_is_judged_by_a_model_of_its_group():
    features, labels = blobs(np.random.default_rng(1), 120)
    groups = np.arange(120) // 2
    learned = []

    class Judge(LogisticRegression):
        def predict_proba(self, judged):
            mine = {tuple(row) for row in judged}
            assert not {groups[place] for place, row in enumerate(features) if tuple(row) in mine} & set(learned[-1])
            return super().predict_proba(judged)

    def fit(rows):
        known = {tuple(row) for row in rows[0]}
        learned.append([groups[place] for place, row in enumerate(features) if tuple(row) in known])
        return Judge().fit(*rows[:2])

    trimmed((features, labels, np.ones(120, np.float32)), groups, CoTeaching(dropped=0.1), fit, seed=1)
    assert len(learned) == 3


def test_too_few_groups_of_a_class_are_said():
    features, labels = blobs(np.random.default_rng(1), 40)
    groups = np.where(labels == 1, 0, np.arange(40))
    with pytest.raises(DataSetError, match=r"class 1 has rows of 1; allowed: at least 3"):
        trimmed((features, labels, np.ones(40)), groups, CoTeaching(dropped=0.1), logistic, seed=1)


@pytest.mark.parametrize("share", [0.05, 0.1, 0.2])
def test_much_of_the_auc_that_flips_cost_is_won_back(toy, tmp_path, share):
    """Of a share of the rows called bogus, which are real: the AUC with them right, wrong, and left out."""
    right = overlapping(toy)
    wrong, setting = with_flips(right, share), {"dropped": share}
    clean, plain, taught = (
        auc_of(tmp_path, of, more) for of, more in ((right, {}), (wrong, {}), (wrong, {"co_teaching": setting}))
    )
    assert clean > plain
    assert taught - plain > 0.3 * (clean - plain)


def overlapping(toy):
    """A table of two classes 1.5 sigma apart in each of five features, a quarter of it real."""
    rng, made = np.random.default_rng(2), toy.table(rows=(1200, 200, 1500), n_classes=2)
    parts = {}
    for part, (candidates, pixels) in made.parts.items():
        labels = (rng.random(len(candidates)) < 0.25).astype(np.int8)
        features = rng.normal(size=(len(labels), 5)) + 1.5 * labels[:, None]
        parts[part] = candidates.assign(label=labels), features.astype(np.float32).reshape(pixels.shape)
    return replace(made, parts=parts)


def with_flips(table, share):
    """Call reals bogus until they are a share of all rows called bogus."""
    candidates, pixels = table.parts["train"]
    labels = candidates["label"].to_numpy().copy()
    bogus, reals = (np.flatnonzero(labels == label) for label in (0, 1))
    labels[reals[: round(share / (1 - share) * len(bogus))]] = 0
    parts = {**table.parts, "train": (candidates.assign(label=labels), pixels)}
    return replace(table, parts=parts)


def auc_of(folder, dataset, more):
    fitted = train(dataset, load({**FOREST, **more}, "a"), 1, workdir=folder).fitted
    return roc_auc_score(dataset.candidates("test")["label"], fitted.logits(dataset.cutouts("test"))[:, 0])
