import numpy as np
import pytest
import sklearn.metrics as reference

from pipeline.errors import InputError
from pipeline.metrics.abstention import ABSTENTION_COLUMNS, THRESHOLDS, abstention


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    label = rng.integers(0, 3, 300)
    return label, 0.7 * rng.dirichlet(np.ones(3), 300) + 0.3 * np.eye(3)[label]


@pytest.mark.replaces("4most", "M8")
def test_the_recall_counts_dropped_rows_as_missed(rows):
    label, chances = rows
    table = abstention(label, chances)
    assert list(table) == ABSTENTION_COLUMNS
    assert len(table) == 20 * 3
    for row in table.itertuples():
        kept = chances.max(axis=1) >= row.threshold
        truth, called = label[kept] == row.class_index, chances[kept].argmax(axis=1) == row.class_index
        assert row.kept == pytest.approx(kept.mean())
        assert row.precision == pytest.approx(
            reference.precision_score(truth, called, zero_division=np.nan), nan_ok=True
        )
        of_kept = reference.recall_score(truth, called, zero_division=np.nan)
        assert row.recall_of_kept == pytest.approx(of_kept, nan_ok=True)
        share = row.n_kept / row.n_class
        assert row.recall == pytest.approx(of_kept * share if share else 0.0)
        assert row.fpr == pytest.approx((called & ~truth).sum() / (label != row.class_index).sum())


def test_twenty_thresholds_from_0_to_95_per_cent_never_keep_more(rows):
    assert THRESHOLDS[0] == 0.0
    assert THRESHOLDS[-1] == 0.95
    kept = abstention(*rows).groupby("threshold")["kept"].first().to_numpy()
    assert kept[0] == 1.0
    assert (np.diff(kept) <= 0).all()


def test_no_rows_and_strange_thresholds():
    assert abstention([], np.empty((0, 2)))["kept"].isna().all()
    with pytest.raises(InputError, match=r"threshold of abstention is 1.5; allowed: 0 to 1"):
        abstention([0], [[1.0, 0.0]], [1.5])
