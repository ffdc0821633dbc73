import numpy as np
import pandas as pd
import pytest

from pipeline.errors import DataSetError
from pipeline.labels.confident_learning import COLUMNS, confident_joint, noise_table, suspicious_labels

NAMES = ("bogus", "real")


def of_two(real):
    real = np.asarray(real, np.float64)
    return np.stack([1 - real, real], axis=1)


def by_hand(labels, probabilities):
    """Return thresholds and the confident class of each row by plain loops over the definition."""
    classes = range(probabilities.shape[1])
    thresholds = [
        np.mean([p[k] for label, p in zip(labels, probabilities, strict=True) if label == k]) for k in classes
    ]
    found = []
    for row in probabilities:
        able = [k for k in classes if row[k] >= thresholds[k]]
        found.append(max(able, key=lambda k, row=row: row[k]) if able else -1)
    return thresholds, found


def frame(labels, probabilities, source="eye"):
    ids = [f"c{row}" for row in range(len(labels))]
    columns = {f"p_{k}": probabilities[:, k] for k in range(probabilities.shape[1])}
    texts = {"object_id": "o", "night": "2026-01-05", "part": "train", "label_source": source}
    return pd.DataFrame({"candidate_id": ids, "label": labels, "score": probabilities[:, -1], **columns}).assign(
        **texts
    )


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_the_joint_is_that_of_plain_loops_over_its_definition(classes):
    rng = np.random.default_rng(classes)
    labels = rng.integers(0, classes, 300)
    probabilities = rng.dirichlet(np.ones(classes), 300)
    probabilities[np.arange(300), labels] += 1.0
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    joint = confident_joint(labels, probabilities)
    thresholds, confident = by_hand(labels, probabilities)
    assert joint.thresholds == pytest.approx(thresholds)
    assert joint.confident.tolist() == confident
    counted = [[sum(1 for a, b in zip(labels, confident, strict=True) if (a, b) == (i, j)) for j in range(classes)]
               for i in range(classes)]  # fmt: skip
    assert joint.counts.tolist() == counted


def test_rows_without_label_or_score_are_never_suspicious_and_move_no_threshold():
    labels, real = np.array([0, 0, 1, 1, 1, -1, 0]), [0.1, 0.2, 0.9, 0.7, 0.1, 0.99, np.nan]
    joint = confident_joint(labels, of_two(real))
    assert joint.thresholds == pytest.approx([0.85, 1.7 / 3])
    assert joint.confident.tolist() == [0, -1, 1, 1, 0, -1, -1]
    listed = suspicious_labels(frame(labels, of_two(real)), joint, NAMES)
    assert listed["candidate_id"].tolist() == ["c4"]


def test_a_class_without_a_score_is_refused():
    with pytest.raises(DataSetError, match="no row that is labelled class 1 has a score"):
        confident_joint(np.array([0, 0, 1]), of_two([0.1, 0.2, np.nan]))


def test_the_list_is_ranked_by_how_much_more_probable_the_other_class_is():
    labels, real = np.array([0, 0, 0, 0, 1, 1, 1, 1]), [0.1, 0.0, 0.8, 0.95, 0.9, 0.8, 0.02, 0.9]
    listed = suspicious_labels(frame(labels, of_two(real)), confident_joint(labels, of_two(real)), NAMES)
    assert tuple(listed) == COLUMNS
    assert listed["candidate_id"].tolist() == ["c6", "c3", "c2"]
    assert listed["rank"].tolist() == [1, 2, 3]
    assert listed["given_label"].tolist() == ["real", "bogus", "bogus"]
    assert listed["suspected_label"].tolist() == ["bogus", "real", "real"]
    assert listed["self_confidence"].tolist() == pytest.approx([0.02, 0.05, 0.2])
    assert listed["margin"].tolist() == pytest.approx([0.96, 0.9, 0.6])


def test_the_noise_of_each_class_and_source_is_the_share_that_was_planted():
    rng = np.random.default_rng(3)
    truth = np.repeat([0, 1], 5000)
    real = np.clip(np.where(truth == 1, 0.95, 0.05) + rng.normal(0, 0.02, 10_000), 0, 1)
    flipped = (rng.random(10_000) < 0.2) & (np.arange(10_000) % 2 == 0)
    labels = np.where(flipped, 1 - truth, truth)
    rows = frame(labels, of_two(real), source=np.where(np.arange(10_000) % 2 == 0, "bad", "good"))
    joint = confident_joint(labels, of_two(real))
    noise = noise_table(rows, joint, NAMES).set_index(["class", "label_source"])
    for name in NAMES:
        assert noise.loc[(name, "bad"), "noise"] == pytest.approx(0.2, abs=0.03)
        assert noise.loc[(name, "good"), "noise"] == 0
        assert noise.loc[(name, "all"), "noise"] == pytest.approx(0.1, abs=0.02)
        assert noise.loc[(name, "all"), "rows"] == (labels == NAMES.index(name)).sum()
    assert joint.noise == pytest.approx([noise.loc[(name, "all"), "noise"] for name in NAMES])
