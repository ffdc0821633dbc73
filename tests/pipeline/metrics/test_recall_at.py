import numpy as np
import pytest

from pipeline.errors import InputError
from pipeline.metrics.recall_at import recall_at


def test_it_is_the_share_of_the_wanted_rows_among_the_first():
    rng = np.random.default_rng(0)
    score, wanted = rng.random(200), rng.random(200) < 0.2
    first = np.argsort(-score)[:30]
    assert recall_at(wanted, score, 30) == pytest.approx(wanted[first].sum() / wanted.sum())
    assert recall_at(wanted, score, 500).tolist() == [1.0]


def test_equal_scores_count_in_proportion():
    assert recall_at([True, True, False, False], [0.9, 0.5, 0.5, 0.1], 2).tolist() == [0.75]


def test_replicates_are_those_of_repeated_rows():
    score, wanted, times = np.array([3.0, 2.0, 1.0]), np.array([True, False, True]), np.array([[2, 0, 1], [0, 2, 0]])
    found = recall_at(wanted, score, 2, times)
    assert found[0] == pytest.approx(recall_at([True, True, True], [3.0, 3.0, 1.0], 2)[0]) == pytest.approx(2 / 3)
    assert np.isnan(found[1]), "nothing is wanted in it"


@pytest.mark.parametrize(("score", "places"), [([1.0, np.nan], 1), ([1.0], 1), ([1.0, 2.0], 0)])
def test_what_cannot_be_ranked_is_refused(score, places):
    with pytest.raises(InputError, match="allowed: at least 1 place, one finite score a row"):
        recall_at([True, False], score, places)
