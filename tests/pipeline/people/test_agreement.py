import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import cohen_kappa_score

from pipeline.people.agreement import fleiss_kappa, pair_agreements
from pipeline.people.votes import Votes


def votes_of(**said):
    """Return votes from the letters of each person, one for each item, a blank where they did not vote."""
    rows = [(f"c{place}", who, int(code)) for who, all_of in said.items() for place, code in enumerate(all_of)
            if code != " "]  # fmt: skip
    table = pd.DataFrame(rows, columns=["item", "person", "label"]).sort_values(["item", "person"])
    return Votes(table=table.assign(candidate_id=table["item"], verdict_id=0, gold=0), class_names=("bogus", "real"))


def test_kappa_of_a_pair_is_that_of_a_table_worked_by_hand():
    # 20 items: 8 both real, 6 both bogus, 4 only ada real, 2 only bob real: agreed 0.7, by chance 0.6*0.5 + 0.4*0.5
    (pair,) = pair_agreements(
        votes_of(ada="1" * 8 + "0" * 6 + "1" * 4 + "0" * 2, bob="1" * 8 + "0" * 6 + "0" * 4 + "11")
    )
    assert (pair.first, pair.second, pair.shared, pair.agreed) == ("ada", "bob", 20, pytest.approx(0.7))
    assert pair.kappa == pytest.approx((0.7 - 0.5) / (1 - 0.5), abs=1e-12)


def test_only_items_on_which_both_voted_count():
    pairs = pair_agreements(votes_of(ada="1100 ", bob=" 1011", cem="    1"))
    assert [(pair.first, pair.second, pair.shared) for pair in pairs] == [("ada", "bob", 3), ("bob", "cem", 1)]
    assert pairs[0].kappa == pytest.approx(cohen_kappa_score([1, 0, 0], [1, 0, 1]), abs=1e-12)


def test_where_all_say_the_same_there_is_no_kappa():
    (pair,) = pair_agreements(votes_of(ada="111", bob="111"))
    assert pair.agreed == 1
    assert np.isnan(pair.kappa)
    assert np.isnan(fleiss_kappa(np.array([[0, 2], [0, 3]])))


def test_fleiss_kappa_is_that_of_the_example_of_the_paper():
    # 10 subjects, 14 raters, 5 categories: the worked example that carries Fleiss' method everywhere; kappa 0.210
    table = [
        [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1], [7, 7, 0, 0, 0],
        [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
    ]  # fmt: skip
    assert fleiss_kappa(np.array(table)) == pytest.approx(0.210, abs=5e-4)


def test_items_with_one_vote_say_nothing():
    assert fleiss_kappa(np.array([[2, 0], [0, 2], [1, 1], [1, 0], [0, 0]])) == pytest.approx(1 / 3)
    assert np.isnan(fleiss_kappa(np.array([[1, 0]])))
    assert np.isnan(fleiss_kappa(np.empty((0, 2), int)))
    assert pair_agreements(votes_of(ada="1")) == []
