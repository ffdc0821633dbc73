import numpy as np
import pytest
from scipy.special import expit, log_softmax
from sklearn.linear_model import LogisticRegression

from pipeline.errors import InputError
from pipeline.scores.combination import PENALTY, fit_class_weights, fit_weights


def drawn(count, *, separation, noise, seed=1):
    """Return labels, and the logits of members that see them through noise of their own."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, count)
    sides = (2 * labels - 1)[:, None] * np.asarray(separation)
    return labels, sides + rng.normal(0.0, 1.0, (count, len(separation))) * np.asarray(noise)


def test_two_members_get_the_weights_of_scikit_learns_logistic_regression():
    labels, logits = drawn(4000, separation=(1.0, 0.7), noise=(1.0, 1.5))
    other = LogisticRegression(C=1.0 / (PENALTY * len(labels)), tol=1e-10, max_iter=1000).fit(logits, labels)
    wanted = other.coef_[0] / other.coef_.sum()
    assert (other.coef_ > 0).all()
    np.testing.assert_allclose(fit_weights(logits, labels), wanted, atol=1e-3)


@pytest.mark.parametrize("scale", [0.03, 1.0, 3.0], ids=["calibrated", "wide", "wider"])
def test_a_member_that_says_nothing_gets_next_to_no_weight(scale):
    labels, logits = drawn(3000, separation=(1.0, 0.0), noise=(1.0, scale))
    assert fit_weights(logits, labels)[1] < 0.05


def test_a_member_that_ranks_the_wrong_way_gets_none():
    labels, logits = drawn(500, separation=(1.0, -1.0), noise=(1.0, 2.0))
    assert fit_weights(logits, labels).tolist() == [1.0, 0.0]


def test_twins_share_the_weight_and_the_order_of_rows_does_not_matter():
    labels, logits = drawn(800, separation=(1.0,), noise=(1.0,))
    twins = np.repeat(logits, 2, axis=1)
    np.testing.assert_allclose(fit_weights(twins, labels), [0.5, 0.5], atol=1e-6)
    order = np.random.default_rng(2).permutation(len(labels))
    two = np.column_stack([logits[:, 0], logits[:, 0] ** 3])
    np.testing.assert_allclose(fit_weights(two[order], labels[order]), fit_weights(two, labels), atol=1e-4)


def test_where_all_are_separated_weights_are_finite():
    labels = np.arange(40) % 2
    weights = fit_weights(np.column_stack([labels * 40.0 - 20.0, labels * 30.0 - 15.0]), labels)
    assert weights.sum() == pytest.approx(1.0)
    assert (weights > 0.1).all()


def test_the_weighted_sum_ranks_better_than_either_of_two_unlike_members():
    labels, logits = drawn(4000, separation=(1.0, 1.0), noise=(1.2, 1.2))
    joined = logits @ fit_weights(logits, labels)
    wrong = [((expit(one) > 0.5) != labels).mean() for one in (joined, *logits.T)]
    assert wrong[0] < min(wrong[1:]) - 0.02


def test_what_cannot_be_weighed_is_refused():
    labels, logits = drawn(50, separation=(1.0, 1.0), noise=(1.0, 1.0))
    with pytest.raises(InputError, match=r"given 50 real and 0 bogus"):
        fit_weights(logits, np.ones(50, int))
    with pytest.raises(InputError, match=r"none of the 2 members ranks reals above bogus on 50 rows"):
        fit_weights(-logits, labels)
    logits[3, 1] = np.nan
    with pytest.raises(InputError, match=r"1 rows of 50 have no finite logit"):
        fit_weights(logits, labels)


def of_classes(count, noise, seed=3):
    """Return the log-probabilities of members that see three classes through noise of their own, and the classes."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, count)
    seen = np.eye(3)[labels] + rng.normal(0.0, 1.0, (len(noise), count, 3)) * np.asarray(noise)[:, None, None]
    return log_softmax(seen / np.square(noise)[:, None, None], axis=2), labels


def test_members_of_equal_worth_and_calibration_share_the_weight_and_a_member_that_says_nothing_has_none():
    logs, labels = of_classes(4000, [1.0, 1.0, 1.0])
    np.testing.assert_allclose(fit_class_weights(logs, labels), [1 / 3] * 3, atol=0.05)
    logs[2] = log_softmax(np.random.default_rng(4).normal(size=logs[2].shape), axis=1)
    found = fit_class_weights(logs, labels)
    np.testing.assert_allclose(found, [0.5, 0.5, 0.0], atol=0.05)
    assert found.sum() == pytest.approx(1.0)


def test_of_two_classes_the_weights_are_those_of_the_logits():
    labels, logits = drawn(4000, separation=(1.0, 0.7), noise=(1.0, 1.5))
    logs = log_softmax(np.stack([np.zeros_like(logits), logits], axis=2).swapaxes(0, 1), axis=2)
    np.testing.assert_allclose(fit_class_weights(logs, labels), fit_weights(logits, labels), atol=2e-3)


def test_rows_that_cannot_weigh_classes_are_refused():
    logs, labels = of_classes(30, [1.0, 1.0])
    with pytest.raises(InputError, match="need rows of every class; given"):
        fit_class_weights(logs, np.minimum(labels, 1))
    logs[0, 0] = np.nan
    with pytest.raises(InputError, match="1 rows of 30 have no finite logit"):
        fit_class_weights(logs, labels)
    inverted, labels = of_classes(600, [1.0, 1.0])
    with pytest.raises(InputError, match="none of the 2 members tells the classes apart on 600 rows"):
        fit_class_weights(log_softmax(-inverted, axis=2), labels)
