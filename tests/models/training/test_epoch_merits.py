import numpy as np
import pytest

from models.recipes.classifier import ClassifierRecipe, load
from models.training.callbacks import State
from models.training.epoch_merits import epoch_merits
from models.training.train import train
from pipeline.errors import DataSetError, SettingsError

LOGITS = np.array([[2, 1, 0], [0, 2, 1], [0, 3, 1], [5, 0, 1]], np.float32)
LABELS = np.array([0, 1, 2, 2])


def merits_of(class_names, **settings):
    recipe = ClassifierRecipe(classifier="triplet_cnn", **settings)
    weights = np.array([1, 1, 1, 0], np.float32)
    return epoch_merits(recipe, None, class_names, LOGITS[:, : len(class_names)], LABELS, weights)


def test_three_classes_have_their_merits_in_every_epoch_though_no_recipe_asks_for_them():
    merits = merits_of(["a", "b", "c"])
    each = np.log(np.exp(LOGITS).sum(axis=1)) - LOGITS[np.arange(4), LABELS]
    assert merits["loss"] == pytest.approx(each[:3].mean(), rel=1e-6)
    assert merits["accuracy"] == 0.5
    assert [merits[f"f1_{name}"] for name in "abc"] == [pytest.approx(2 / 3), pytest.approx(2 / 3), 0.0]
    assert merits["macro_f1"] == pytest.approx(4 / 9)


def test_two_classes_have_macro_f1_where_the_recipe_monitors_it_alone():
    logits, labels, weights = np.array([[1.0], [-1.0], [2.0]], np.float32), np.array([1, 0, 0]), np.ones(3, np.float32)
    plain = epoch_merits(ClassifierRecipe(classifier="braai"), None, ["x", "y"], logits, labels, weights)
    assert list(plain) == ["loss", "accuracy"]
    recipe = ClassifierRecipe(classifier="braai", monitor="validation_macro_f1", metrics=("auc",))
    more = epoch_merits(recipe, None, ["x", "y"], logits, labels, weights)
    assert list(more) == ["loss", "accuracy", "auc", "macro_f1"]
    assert more["macro_f1"] == pytest.approx(2 / 3)


@pytest.mark.replaces("4most", "M7")
def test_the_best_epoch_by_macro_f1_is_kept_and_each_class_stands_in_the_history(tmp_path, toy):
    names = ("bogus", "star", "a mover")
    dataset = toy.dataset(rows=(90, 45, 3), n_classes=3, class_names=names)
    chosen = {"monitor": "validation_macro_f1", "metrics": ["macro_recall"], "calibration": "none"}
    recipe = load({**toy.network, **chosen, "epochs": 3, "early_stopping_patience": 0}, "test")
    assert recipe.larger_is_better
    trained = train(dataset, recipe, 1, workdir=tmp_path)
    history = trained.history
    assert list(history)[2:9] == [
        "validation_loss",
        "validation_accuracy",
        "validation_macro_recall",
        "validation_macro_f1",
        "validation_precision_bogus",
        "validation_precision_star",
        "validation_precision_a_mover",
    ]
    each = [history[f"validation_f1_{name}"] for name in ("bogus", "star", "a_mover")]
    np.testing.assert_allclose(history["validation_macro_f1"], np.mean(each, axis=0))
    predicted = trained.fitted.logits(dataset.cutouts("validation")).argmax(axis=1)
    labels = dataset.candidates("validation")["label"].to_numpy()
    assert (predicted == labels).mean() == pytest.approx(
        history["validation_accuracy"][history["validation_macro_f1"].idxmax()]
    )


def test_the_rate_and_the_end_may_follow_another_value_than_the_best_epoch():
    recipe = ClassifierRecipe(
        classifier="braai", monitor="validation_macro_f1", schedule_monitor="validation_loss", early_stopping_patience=2
    )
    state = State(recipe=recipe)
    for f1, loss in ((0.1, 3.0), (0.2, 4.0), (0.3, 5.0)):
        state.history.append({"validation_macro_f1": f1, "validation_loss": loss})
    assert state.monitored == [-0.1, -0.2, -0.3]
    assert state.steering == [3.0, 4.0, 5.0]
    with pytest.raises(SettingsError, match="'schedule_monitor' is 'loss'; allowed: empty, validation_loss"):
        load({"classifier": "braai", "schedule_monitor": "loss"}, "test")


def test_metrics_of_two_classes_are_refused_for_three(tmp_path, toy):
    dataset = toy.dataset(rows=(9, 9, 3), n_classes=3, class_names=("a", "b", "c"))
    recipe = load({**toy.network, "metrics": ["macro_f1", "mcc"], "calibration": "none"}, "test")
    with pytest.raises(SettingsError, match="'metrics' names mcc, of two classes; the data set has 3; allowed: macro_"):
        train(dataset, recipe, 1, workdir=tmp_path)


@pytest.mark.replaces("4most", "M2")
def test_a_class_that_no_training_row_has_is_named_and_none_moves_its_index(tmp_path, toy):
    dataset = toy.dataset(rows=(30, 15, 3), n_classes=3, class_names=("a", "b", "c", "d"))
    recipe = load({**toy.network, "calibration": "none"}, "test")
    with pytest.raises(DataSetError, match="no usable row of class d; it has 10 a, 10 b, 10 c, 0 d"):
        train(dataset, recipe, 1, workdir=tmp_path)


@pytest.mark.replaces("galaxy10", "Z5")
def test_more_than_three_classes_have_their_top_three_accuracy():
    logits = np.array([[3, 2, 1, 0], [0, 1, 2, 3], [0, 3, 2, 1]], np.float32)
    recipe = ClassifierRecipe(classifier="galaxy_cnn")
    merits = epoch_merits(recipe, None, list("abcd"), logits, np.array([2, 0, 3]), np.ones(3, np.float32))
    assert merits["top3_accuracy"] == pytest.approx(2 / 3)
    assert merits["accuracy"] == 0.0
    assert "top3_accuracy" not in merits_of(["a", "b", "c"])
