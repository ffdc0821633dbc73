import numpy as np
import pytest

from pipeline.errors import InputError
from pipeline.metrics import bootstrap
from pipeline.metrics.class_metrics import CLASS_METRICS, PER_CLASS, class_summary
from pipeline.metrics.class_resampling import class_bootstrap, class_differences


def rows(n=240, k=3, seed=0, strength=4.0):
    rng = np.random.default_rng(seed)
    label = rng.integers(0, k, n)
    logits = rng.normal(size=(n, k)) + strength * np.eye(k)[label] / 2
    chances = np.exp(logits)
    return label, chances / chances.sum(axis=1, keepdims=True)


@pytest.fixture(scope="module")
def sample():
    return rows()


@pytest.fixture(scope="module")
def found(sample):
    return class_bootstrap(*sample, np.arange(240) // 2, replicates=150, rng=np.random.default_rng(1))


def test_values_are_those_of_the_sample_and_lie_in_their_intervals(sample, found):
    whole, each = class_summary(*sample)
    assert list(found.whole) == list(CLASS_METRICS)
    assert len(found.per_class) == 3
    for name, interval in found.whole.items():
        assert interval.low <= interval.value <= interval.high, name
        if not CLASS_METRICS[name].noise_adds:
            assert interval.value == pytest.approx(whole[name])
    for index, intervals in enumerate(found.per_class):
        assert list(intervals) == list(PER_CLASS)
        assert intervals["recall"].value == pytest.approx(each["recall"][index])
        assert intervals["recall"].n_groups == 120


def test_of_two_classes_the_intervals_are_those_of_the_binary_metrics():
    label, chances = rows(k=2)
    groups = np.arange(240)
    many = class_bootstrap(label, chances, groups, replicates=80, rng=np.random.default_rng(2))
    for name in ("auc", "average_precision"):
        one = bootstrap(name, label, chances[:, 1], groups, replicates=80, rng=np.random.default_rng(2))
        assert many.per_class[1][name] == one
    one = bootstrap("accuracy", label, chances[:, 1], groups, replicates=80, rng=np.random.default_rng(2))
    assert many.whole["accuracy"].low == pytest.approx(one.low)


def test_the_interval_of_an_accuracy_is_as_wide_as_its_binomial_error(found):
    accuracy = found.whole["accuracy"]
    error = np.sqrt(accuracy.value * (1 - accuracy.value) / 240)
    assert (accuracy.high - accuracy.low) / 2 == pytest.approx(error, rel=0.3)


def test_calibration_errors_are_given_without_their_noise():
    rng = np.random.default_rng(3)
    chances = rng.dirichlet(np.ones(4), 600)
    label = np.array([rng.choice(4, p=row) for row in chances])
    plain = class_summary(label, chances)[0]["plain_ece"]
    debiased = class_bootstrap(label, chances, np.arange(600), replicates=100, rng=rng).whole["ece"].value
    assert debiased < 0.7 * plain


def test_a_class_without_rows_says_so_and_keeps_the_others():
    label, chances = rows()
    keep = label < 2
    found = class_bootstrap(
        label[keep], chances[keep], np.arange(keep.sum()), replicates=30, rng=np.random.default_rng()
    )
    assert found.per_class[2]["recall"].reason == "no rows of this class"
    assert np.isnan(found.per_class[2]["f1"].value)
    assert np.isfinite(found.whole["macro_f1"].value)
    assert np.isfinite(found.per_class[2]["fpr"].value)


def test_a_class_of_one_group_does_not_empty_the_interval_of_the_mean():
    label, chances = rows(k=3)
    label = np.where(label == 2, 1, label)
    label[0] = 2
    found = class_bootstrap(label, chances, np.arange(240), replicates=60, rng=np.random.default_rng(0))
    assert np.isfinite([found.whole["macro_f1"].low, found.whole["macro_f1"].high]).all()


def test_perfect_rows_have_jeffreys_interval_and_no_rows_a_reason():
    perfect = class_bootstrap([0, 1, 2], np.eye(3), ["a", "b", "c"], replicates=20, rng=np.random.default_rng(0))
    assert perfect.whole["accuracy"].value == 1.0
    assert 0.5 < perfect.whole["accuracy"].low < 1.0
    nothing = class_bootstrap([], np.empty((0, 3)), [], replicates=20, rng=np.random.default_rng(0))
    assert nothing.whole["macro_f1"].reason == "no rows"


def test_a_paired_difference_of_equal_models_is_zero_and_of_a_worse_one_positive():
    label, chances = rows()
    dull = 0.02 * chances + 0.98 * np.roll(chances, 1, axis=1)
    groups = np.arange(240)
    same = class_differences(label, chances, chances, groups, replicates=40, rng=np.random.default_rng(0))
    assert same.whole["macro_f1"].value == 0.0
    assert same.whole["macro_f1"].low < 0 < same.whole["macro_f1"].high
    apart = class_differences(label, chances, dull, groups, replicates=40, rng=np.random.default_rng(0))
    assert apart.whole["macro_f1"].low > 0.1
    assert apart.whole["accuracy"].value == pytest.approx(
        class_summary(label, chances)[0]["accuracy"] - class_summary(label, dull)[0]["accuracy"]
    )


def test_one_group_is_needed_for_each_row():
    with pytest.raises(InputError, match="2 groups for 240 rows"):
        class_bootstrap(*rows(), ["a", "b"], rng=np.random.default_rng(0))
