import math

import numpy as np
import pytest
from simulated_votes import voted, votes_of

from pipeline.errors import InputError
from pipeline.people.consensus import CLIP, PRIOR_RIGHT, PRIOR_VOTES, consensus, labels_of


def test_the_rates_of_simulated_people_are_found_within_three_standard_errors():
    truth = (np.random.default_rng(1).random(3000) < 0.3).astype(int)
    rates = [[0.95, 0.9], [0.8, 0.7], [0.9, 0.6], [0.7, 0.9]]
    found = consensus(votes_of(voted(truth, rates, 2)))
    of_class = np.array([(truth == 0).sum(), (truth == 1).sum()])
    off = np.abs(np.einsum("pcc->pc", found.confusion) - rates)
    # the classes are not known but inferred, which costs about as much again as counting does
    assert (off < 3 * np.sqrt(2 * np.array(rates) * (1 - np.array(rates)) / of_class)).all()
    assert found.settled
    assert (labels_of(found) == truth).mean() > (voted(truth, rates, 2).mean(1).round() == truth).mean()


def test_four_classes_work_as_well():
    truth = np.random.default_rng(3).integers(0, 4, 2000)
    found = consensus(votes_of(voted(truth, [[0.9] * 4, [0.7] * 4, [0.8] * 4], 4), 4))
    assert np.einsum("pcc->pc", found.confusion).mean(1) == pytest.approx([0.9, 0.7, 0.8], abs=0.04)
    assert (labels_of(found) == truth).mean() > 0.9


def test_one_round_is_what_the_formula_says_term_by_term():
    table = [[1, 1, 0], [0, 0, -1], [1, -1, 1], [0, 1, 0]]
    votes = votes_of(table)
    found = consensus(votes)
    for item, said in enumerate(table):
        shares = []
        for code in (0, 1):
            share = found.prior[code]
            for person, vote in enumerate(said):
                if vote >= 0:
                    share *= found.confusion[person, code, vote]
            shares.append(share)
        assert found.posterior[item] == pytest.approx(np.array(shares) / sum(shares), abs=1e-5)
    for person in range(3):
        for code in (0, 1):
            said = [
                sum(p[code] for p, row in zip(found.posterior, table, strict=True) if row[person] == vote)
                for vote in (0, 1)
            ]
            assumed = [PRIOR_VOTES * (PRIOR_RIGHT if vote == code else 1 - PRIOR_RIGHT) for vote in (0, 1)]
            expected = (said[1] + assumed[1]) / (sum(said) + PRIOR_VOTES)
            assert found.confusion[person, code, 1] == pytest.approx(min(max(expected, CLIP), 1 - CLIP), abs=1e-9)


def test_who_says_the_opposite_of_all_others_is_the_one_found_wrong_and_still_tells_something():
    truth = np.arange(400) % 2
    found = consensus(votes_of(voted(truth, [[0.9, 0.9], [0.9, 0.9], [0.02, 0.02]], 5)))
    assert np.einsum("pcc->pc", found.confusion)[2] == pytest.approx(
        [0.02, 0.02], abs=0.05
    )  # what is assumed of everybody adds 0.02
    assert (labels_of(found) == truth).mean() > 0.97


def test_of_two_people_who_contradict_each_other_gold_says_which_is_right():
    truth = np.arange(100) % 2
    table = np.column_stack([1 - truth, truth])
    gold = np.where(np.arange(100) < 20, truth, -1)
    assert (labels_of(consensus(votes_of(table), gold)) == truth).all()
    without = consensus(votes_of(table))
    assert (labels_of(without) == -1).all()
    assert without.posterior == pytest.approx(0.5)


def test_a_person_who_answers_at_random_weighs_next_to_nothing():
    truth = np.arange(600) % 2
    table = voted(truth, [[0.95, 0.95], [0.9, 0.9], [0.9, 0.9], [0.5, 0.5]], 6)
    found, without = consensus(votes_of(table)), consensus(votes_of(table[:, :3]))
    assert np.einsum("pcc->pc", found.confusion)[3] == pytest.approx([0.5, 0.5], abs=0.08)
    assert (labels_of(found) == labels_of(without)).mean() > 0.99


def test_one_person_is_believed_and_rates_stay_clipped():
    table = [[1]] * 20 + [[0]] * 80
    found = consensus(votes_of(table))
    assert labels_of(found).tolist() == [1] * 20 + [0] * 80
    assert found.confusion.min() >= CLIP / (1 + CLIP)
    assert found.posterior.max() < 1


def test_the_same_verdict_of_everybody_is_the_label():
    found = consensus(votes_of([[1, 1, 1]] * 30))
    assert labels_of(found).tolist() == [1] * 30
    assert found.confusion[:, 1, 1] == pytest.approx(np.full(3, 0.97), abs=0.03)


def test_gold_that_contradicts_everybody_stays_and_counts_against_them():
    table = [[1, 1]] * 30
    gold = np.where(np.arange(30) < 10, 0, -1)
    found = consensus(votes_of(table), gold)
    assert found.posterior[:10].tolist() == [[1.0, 0.0]] * 10
    assert (found.confusion[:, 0, 1] > consensus(votes_of(table)).confusion[:, 0, 1] + 0.2).all()


def test_a_tie_of_equals_and_a_doubtful_class_are_no_label():
    assert labels_of(consensus(votes_of([[1, 0]]))).tolist() == [-1]
    found = consensus(votes_of([[1, -1], [0, 0], [1, 1], [0, 0], [1, 1]]))
    assert labels_of(found, 0.999999).tolist() == [-1] * 5
    assert math.isclose(found.posterior[0].sum(), 1.0)


def test_nothing_at_all_is_a_consensus_on_nothing():
    found = consensus(votes_of(np.empty((0, 0), int)))
    assert found.posterior.shape == (0, 2)
    assert labels_of(found).tolist() == []


@pytest.mark.parametrize(("gold", "words"), [([1], "shape"), ([5, -1], "class 5"), ([-2, 0], "class -2")])
def test_a_truth_that_is_none_is_named(gold, words):
    with pytest.raises(InputError, match=words):
        consensus(votes_of([[1], [0]]), np.array(gold))


def test_one_verdict_for_a_rare_class_is_not_lost_to_the_common_one():
    found = consensus(votes_of([[1]] + [[0]] * 300))
    assert labels_of(found, 0.7).tolist() == [1] + [0] * 300


@pytest.mark.parametrize("n_classes", [2, 3, 4, 8])
def test_one_verdict_of_a_stranger_makes_its_class_probable_however_many_there_are(n_classes):
    assert consensus(votes_of([[1]], n_classes)).by_votes[0, 1] == pytest.approx(0.79, abs=0.03)
