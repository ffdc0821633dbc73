import numpy as np
import pytest
import sklearn.metrics as reference

from pipeline.errors import InputError
from pipeline.metrics.class_metrics import CLASS_METRICS, PER_CLASS, class_summary, within_top
from pipeline.metrics.class_sample import ClassSample


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    label = rng.integers(0, 5, 400)
    return label, rng.dirichlet(np.ones(5), 400) * 0.6 + 0.4 * np.eye(5)[(label + (rng.random(400) < 0.4)) % 5]


@pytest.mark.replaces("4most", "M8")
def test_every_metric_is_that_of_scikit_learn(rows):
    label, chances = rows
    called, truth = chances.argmax(axis=1), np.eye(5)[label]
    whole, each = class_summary(label, chances)
    precision, recall, f1, _ = reference.precision_recall_fscore_support(label, called)
    np.testing.assert_allclose(each["precision"], precision)
    np.testing.assert_allclose(each["recall"], recall)
    np.testing.assert_allclose(each["f1"], f1)
    np.testing.assert_allclose(each["auc"], reference.roc_auc_score(truth, chances, average=None))
    np.testing.assert_allclose(
        each["average_precision"], reference.average_precision_score(truth, chances, average=None)
    )
    expected = {
        "macro_f1": reference.f1_score(label, called, average="macro"),
        "macro_f1_without_0": reference.f1_score(label, called, average="macro", labels=[1, 2, 3, 4]),
        "macro_precision": reference.precision_score(label, called, average="macro"),
        "macro_recall": reference.balanced_accuracy_score(label, called),
        "macro_auc": reference.roc_auc_score(label, chances, multi_class="ovr"),
        "accuracy": reference.accuracy_score(label, called),
        "top_3_accuracy": reference.top_k_accuracy_score(label, chances, k=3),
        "log_loss": reference.log_loss(label, chances),
        "brier": ((chances - truth) ** 2).sum(axis=1).mean(),
    }
    for name, value in expected.items():
        assert whole[name] == pytest.approx(value), name


@pytest.mark.replaces("4most", "M8")
def test_the_false_positive_rate_counts_all_rows_of_other_classes(rows):
    label, chances = rows
    called = chances.argmax(axis=1)
    expected = [((called == c) & (label != c)).sum() / (label != c).sum() for c in range(5)]
    np.testing.assert_allclose(class_summary(label, chances)[1]["fpr"], expected)


def test_the_false_positive_rate_is_not_that_of_the_other_diagonals():
    label, called = [0, 1, 1, 2, 2], [0, 0, 2, 2, 1]
    each = class_summary(label, np.eye(3)[called])[1]
    assert each["fpr"][0] == pytest.approx(1 / 4)  # one of four others, not one of the two rightly called and itself


def test_the_calibration_error_is_the_mean_gap_over_fifteen_bins(rows):
    label, chances = rows
    top, right = chances.max(axis=1), chances.argmax(axis=1) == label
    bins = np.minimum((top * 15).astype(int), 14)
    gaps = [abs(top[bins == b].mean() - right[bins == b].mean()) * (bins == b).mean() for b in np.unique(bins)]
    assert class_summary(label, chances)[0]["plain_ece"] == pytest.approx(sum(gaps))


def test_a_class_without_rows_counts_in_no_mean_and_one_never_called_counts_as_zero():
    label, chances = [0, 0, 1], np.array([[0.9, 0.1, 0.0], [0.8, 0.2, 0.0], [0.6, 0.4, 0.0]])
    whole, each = class_summary(label, chances)
    assert np.isnan(each["f1"][2])
    assert np.isnan(each["precision"]).tolist() == [False, True, True]
    assert whole["macro_f1"] == pytest.approx((0.8 + 0.0) / 2)
    assert whole["macro_precision"] == pytest.approx((2 / 3 + 0.0) / 2)
    assert whole["macro_f1_without_0"] == 0.0


def test_called_classes_may_be_given():
    whole, _ = class_summary([0, 1], [[0.9, 0.1], [0.9, 0.1]], predicted=[0, 1])
    assert whole["accuracy"] == 1.0


def test_no_rows_give_no_numbers():
    whole, each = class_summary([], np.empty((0, 3)))
    assert all(np.isnan(value) for value in whole.values())
    assert all(np.isnan(values).all() and len(values) == 3 for values in each.values())


def test_of_equal_probabilities_the_first_comes_first():
    assert within_top([0, 1, 2], np.full((3, 3), 1 / 3), 2).tolist() == [True, True, False]


def test_labels_beyond_the_classes_are_refused():
    with pytest.raises(InputError, match="label 2; allowed: 0 to 1"):
        class_summary([2], [[0.5, 0.5]])


def test_a_weight_of_two_is_the_row_given_twice(rows):
    label, chances = rows[0][:50], rows[1][:50]
    weights = np.ones((1, 50))
    weights[0, :10] = 2.0
    twice = np.r_[np.arange(10), np.arange(50)]
    for metrics in (CLASS_METRICS, PER_CLASS):
        for name in metrics:
            one = metrics[name].weighted(ClassSample(label, chances, weights))
            other = metrics[name].weighted(ClassSample(label[twice], chances[twice]))
            np.testing.assert_allclose(one, other, err_msg=name)
