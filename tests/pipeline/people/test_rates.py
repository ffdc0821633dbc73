import numpy as np
import pytest
from simulated_votes import voted, votes_of

from pipeline.metrics.intervals import binomial_interval
from pipeline.people.consensus import consensus
from pipeline.people.rates import LEVEL, class_rates, gold_tables, rate, said_without

NO_GOLD = np.array([-1, -1, -1])


def test_specificity_and_sensitivity_are_the_shares_of_a_table_worked_by_hand():
    specificity, sensitivity = class_rates(np.array([[45.0, 5.0], [3.0, 17.0]]))
    assert (specificity.value, specificity.votes) == (0.9, 50)
    assert (sensitivity.value, sensitivity.votes) == (0.85, 20)
    assert (sensitivity.low, sensitivity.high) == tuple(float(end) for end in binomial_interval(17, 20, LEVEL))
    assert np.isnan(rate(0, 0).value)


def test_gold_counts_the_votes_on_known_items_alone():
    votes = votes_of([[1, 0], [0, 0], [1, 1]])
    ada, bob = gold_tables(votes, np.array([1, -1, 0]))
    assert ada.tolist() == [[0, 1], [0, 1]]
    assert bob.tolist() == [[0, 1], [1, 0]]


def test_intervals_hold_the_true_rate_about_as_often_as_they_say():
    truth = np.arange(400) % 2
    inside = []
    for seed in range(60):
        votes = votes_of(voted(truth, [[0.9, 0.8]], seed))
        specificity, sensitivity = class_rates(gold_tables(votes, truth)[0])
        inside += [specificity.low <= 0.9 <= specificity.high, sensitivity.low <= 0.8 <= sensitivity.high]
    assert np.mean(inside) == pytest.approx(LEVEL, abs=4 * np.sqrt(LEVEL * (1 - LEVEL) / 120))


def test_nobody_is_measured_by_what_they_said_themselves():
    votes = votes_of([[1, 0, 0], [1, -1, -1], [0, 1, 1]])
    said = said_without(votes, consensus(votes), NO_GOLD)
    of = dict(zip(zip(votes.table["item"], votes.table["person"], strict=True), said.tolist(), strict=True))
    assert (of["c00000", "p0"], of["c00002", "p0"]) == (0, 1)
    assert of["c00001", "p0"] == -1


def test_the_others_class_is_what_a_consensus_with_the_same_rates_gives_without_the_vote():
    votes = votes_of(voted(np.arange(60) % 2, [[0.9, 0.9], [0.8, 0.7], [0.7, 0.9]], 1))
    found, label = consensus(votes), votes.table["label"].to_numpy()
    for place, said in enumerate(said_without(votes, found, np.full(60, -1))):
        logs = np.zeros(2)
        for other in np.flatnonzero((votes.item == votes.item[place]) & (votes.person != votes.person[place])):
            logs = logs + np.log(found.confusion[votes.person[other], :, label[other]])
        assert said == logs.argmax()


def test_gold_says_what_nobody_else_did():
    votes = votes_of([[1], [0], [0]])
    assert said_without(votes, consensus(votes), np.array([0, -1, 1])).tolist() == [0, -1, 1]
