import numpy as np
import pytest

from models.recipes.classifier import load
from models.training.rows import select_rows
from pipeline.errors import DataSetError


def recipe(**settings):
    return load({"classifier": "braai", **settings}, "test")


@pytest.fixture
def mixed(toy):
    """Return 100 rows a part; of each ten, 7 real and 1 unlabelled in training."""
    dataset = toy.dataset(rows=(100, 100, 10))
    train = dataset.candidates("train")
    train["label"] = np.where(np.arange(100) % 10 < 7, 1, np.where(np.arange(100) % 10 == 9, -1, 0)).astype(np.int8)
    train["label_source"] = np.where(np.arange(100) < 50, "teacher", "list")
    return dataset


def test_balanced_classes_weigh_the_same_and_one_on_average(mixed):
    train, _ = select_rows(mixed, recipe())
    sums = [train.weights[train.labels == label].sum() for label in (0, 1)]
    assert sums[0] == pytest.approx(sums[1])
    assert train.weights[train.used].mean() == pytest.approx(1.0)


@pytest.mark.replaces("gotorb", "G8")
def test_class_weights_are_gotorbs_where_that_is_asked_for(mixed):
    train, _ = select_rows(mixed, recipe(class_weight="gotorb"))
    by_class = [set(train.weights[train.used & (train.labels == label)]) for label in (0, 1)]
    inverse = np.array([1 / 20, 1 / 70])
    expected = inverse / np.linalg.norm(inverse)
    assert by_class == [{np.float32(weight)} for weight in expected / expected.max()]


def test_rows_without_pixels_take_no_part_and_weigh_nothing(mixed):
    scorable = {"train": np.arange(100) % 10 != 7}
    train, validation = select_rows(mixed, recipe(), scorable)
    assert not train.used[~scorable["train"]].any()
    assert train.weights[train.used].mean() == pytest.approx(1.0)
    assert validation.used.all()


def test_unlabelled_rows_take_no_part(mixed):
    train, _ = select_rows(mixed, recipe(class_weight="none"))
    assert (train.weights[train.labels < 0] == 0).all()
    assert train.counts["class"] == {"bogus": 20, "real": 70}


def test_the_source_of_a_label_weighs_a_row(mixed):
    train, _ = select_rows(mixed, recipe(class_weight="none", label_source_weight={"teacher": 0.25}))
    assert set(train.weights[:50][train.used[:50]]) == {np.float32(0.25)}
    assert set(train.weights[50:][train.used[50:]]) == {np.float32(1.0)}


@pytest.mark.parametrize("source", ["teacher", "bogus_draw", "unlabelled"])
def test_untrusted_labels_never_judge(mixed, source):
    validation = mixed.candidates("validation")
    validation.loc[:39, "label_source"] = source
    _, judges = select_rows(mixed, recipe())
    assert judges.used.tolist() == [False] * 40 + [True] * 60
    assert source not in judges.counts["label_source"]


@pytest.mark.parametrize("part", ["train", "validation"])
def test_a_missing_class_is_refused_by_part_and_name(mixed, part):
    mixed.candidates(part)["label"] = np.int8(1)
    with pytest.raises(DataSetError, match=f"the {part} part has no usable row of class bogus; it has 0 bogus, 100"):
        select_rows(mixed, recipe())


def test_a_class_known_from_a_teacher_alone_cannot_be_judged(mixed):
    validation = mixed.candidates("validation")
    validation["label_source"] = np.where(validation["label"] == 0, "bogus_draw", "list")
    with pytest.raises(DataSetError, match="validation part has no usable row of class bogus"):
        select_rows(mixed, recipe())


@pytest.mark.replaces("4most", "M5")
def test_weights_of_rows_count_in_training_times_those_of_their_class_and_judge_nothing(toy):
    dataset = toy.table(rows=(60, 30, 3))
    given = np.tile([0.0, 0.5, 2.0], 20)
    for part in ("train", "validation"):
        dataset.candidates(part)["weight"] = given[: len(dataset.candidates(part))]
    labels = dataset.candidates("train")["label"].to_numpy()
    plain, balanced = (
        select_rows(dataset, load({"classifier": "mlp", "class_weight": rule}, "test")) for rule in ("none", "balanced")
    )
    np.testing.assert_allclose(plain[0].weights, given)
    sums = np.bincount(labels, weights=given)
    np.testing.assert_allclose(balanced[0].weights, given * (given.sum() / 3 / sums)[labels], rtol=1e-6)
    np.testing.assert_array_equal(plain[1].weights, np.ones(30))


@pytest.mark.parametrize("weight", [-1.0, np.nan, np.inf])
def test_a_weight_that_cannot_be_is_named_with_its_row(toy, weight):
    dataset = toy.table(rows=(60, 30, 3))
    dataset.candidates("train")["weight"] = [1.0] * 7 + [weight] * 53
    with pytest.raises(
        DataSetError, match=f"53 training rows have no weight that can be, the first 'c000007' with {weight:g}"
    ):
        select_rows(dataset, load({"classifier": "mlp"}, "test"))
