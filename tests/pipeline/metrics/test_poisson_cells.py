import numpy as np
import pytest

from pipeline.errors import InputError
from pipeline.metrics.poisson_cells import cell_weights
from pipeline.metrics.sampled_sums import sampled_sums


def drawn(cells, groups, replicates=4000, seed=1):
    """Return how many rows of each cell are drawn in each sample, for each division of the rows."""
    sizes = [int(own.max()) + 1 for own in cells]
    blocks = list(cell_weights(cells, sizes, groups, replicates, np.random.default_rng(seed)))
    return [np.concatenate([block[place] for block in blocks]) for place in range(len(cells))]


def test_each_cell_is_drawn_as_often_as_it_has_rows_and_scatters_as_its_groups_do():
    cells = np.array([0] * 30 + [1] * 20 + [2] * 8)
    groups = np.array([f"a{i}" for i in range(30)] + [f"b{i // 4}" for i in range(20)] + ["c"] * 8)
    (weights,) = drawn([cells], groups)
    assert weights.shape == (4000, 3)
    assert weights.mean(axis=0) == pytest.approx([30, 20, 8], rel=0.04)
    assert weights.var(axis=0) == pytest.approx([30, 5 * 4**2, 8**2], rel=0.1)


def test_rows_of_one_group_are_drawn_together_and_others_are_not():
    cells = np.array([0, 1, 2, 3])
    (weights,) = drawn([cells], ["x", "x", "y", "z"])
    assert (weights[:, 0] == weights[:, 1]).all()
    assert abs(np.corrcoef(weights[:, 1], weights[:, 2])[0, 1]) < 0.06
    assert abs(np.corrcoef(weights[:, 2], weights[:, 3])[0, 1]) < 0.06


def test_two_divisions_see_the_same_samples():
    first, second = np.arange(50) % 7, np.arange(50) % 3
    one, other = drawn([first, second], [f"g{i}" for i in range(50)], replicates=40)
    assert one.sum(axis=1).tolist() == other.sum(axis=1).tolist()
    assert len(set(one.sum(axis=1))) > 5


def test_a_row_without_a_group_is_refused():
    with pytest.raises(InputError, match="1 groups for 2 rows; allowed: one group per row"):
        drawn([np.array([0, 1])], ["a"], replicates=1)


def test_sums_of_many_rows_scatter_like_those_of_few():
    rng = np.random.default_rng(4)
    marks = (rng.random((900, 2)) < [0.3, 0.8]).astype(float)
    groups = [f"g{i // 3}" for i in range(900)]
    exact = sampled_sums(marks, groups, 2000, np.random.default_rng(1))
    many = sampled_sums(marks, groups, 2000, np.random.default_rng(1), binned_above=0)
    share, same = (sums[:, 0] / sums[:, 1] for sums in (exact, many))
    assert same.mean() == pytest.approx(share.mean(), abs=0.002)
    assert same.std() == pytest.approx(share.std(), rel=0.08)
