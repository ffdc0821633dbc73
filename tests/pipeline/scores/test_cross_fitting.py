import numpy as np
import pytest

from pipeline.scores.calibration import fit_platt
from pipeline.scores.cross_fitting import blocks_of, cross_fitted


def platt(logits, labels):
    return fit_platt(logits, labels).apply


def test_no_row_is_scored_by_a_fit_that_saw_its_block():
    rng = np.random.default_rng(0)
    labels, blocks = np.arange(90) % 2, np.arange(90) // 30
    logits = rng.normal(2 * labels - 1, 1.0)
    scores = cross_fitted(platt, logits, labels, blocks)
    for block in range(3):
        own = blocks == block
        np.testing.assert_allclose(scores[own], fit_platt(logits[~own], labels[~own]).apply(logits[own]))


def test_a_fit_that_would_lack_a_class_leaves_it_undone():
    assert cross_fitted(platt, np.arange(4.0), np.array([0, 0, 1, 1]), np.array([0, 0, 1, 1])) is None
    assert cross_fitted(platt, np.arange(4.0), np.array([0, 1, 0, 1]), np.zeros(4, int)) is None


@pytest.mark.parametrize("nights", [["n1", "n2"] * 20, [""] * 40, ["n1", "n2", "", "n3"] * 10])
def test_rows_of_few_or_unknown_nights_are_divided_by_group(nights):
    groups = [f"g{row // 4}" for row in range(40)]
    by, blocks = blocks_of(nights, groups)
    assert by == "group"
    assert len(np.unique(blocks)) == 5
    assert all(len(set(blocks[row : row + 4])) == 1 for row in range(0, 40, 4))
