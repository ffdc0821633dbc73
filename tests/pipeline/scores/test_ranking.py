import numpy as np
import pytest
from ranked_candidates import scored

from pipeline.cutouts.missing import Flag
from pipeline.errors import InputError, SettingsError
from pipeline.scores.ranking import Choice, rank

UNSCORED = int(Flag.NOT_SCORED)


def order(ranking):
    return ranking.rows["candidate_id"].tolist()


def test_the_best_come_first_and_equal_scores_in_the_order_of_their_ids(make_rows):
    night = scored(make_rows, ["d", "a", "c", "b"], [0.5, 0.5, 0.9, 0.1])
    ranking = rank(night, Choice())
    assert order(ranking) == ["c", "a", "d", "b"]
    assert ranking.rows["rank"].tolist() == [1, 2, 3, 4]


def test_the_order_does_not_depend_on_that_of_the_file(make_rows):
    night = scored(make_rows, list("abcdef"), [0.5, 0.9, 0.5, 0.5, np.nan, np.nan])
    expected = order(rank(night, Choice()))
    shuffled = night.sample(frac=1, random_state=3).reset_index(drop=True)
    assert order(rank(shuffled, Choice())) == expected


def test_those_without_a_score_come_last_and_are_counted_by_reason(make_rows):
    flags = [0, UNSCORED | Flag.NO_TEMPLATE, UNSCORED, UNSCORED | Flag.NO_TEMPLATE]
    night = scored(make_rows, list("abcd"), [0.1, np.nan, np.nan, np.nan], flags=flags)
    ranking = rank(night, Choice())
    assert order(ranking) == ["a", "b", "c", "d"]
    assert dict(ranking.not_scored) == {"NO_TEMPLATE": 2, "no reason stated": 1}


def test_the_last_place_says_how_many_have_its_score_too(make_rows):
    night = scored(make_rows, list("abcde"), [0.9, 0.7, 0.7, 0.7, 0.1])
    ranking = rank(night, Choice(top=2))
    assert (order(ranking), ranking.tied, ranking.eligible, ranking.night) == (["a", "b"], 2, 5, 5)
    assert rank(night, Choice(top=1)).tied == 0


@pytest.mark.parametrize(("sign", "expected"), [(1, ["a"]), (-1, ["b"]), (0, ["a", "b", "c"])])
def test_a_sign_leaves_the_others_out(make_rows, sign, expected):
    night = scored(make_rows, list("abc"), [0.9, 0.8, 0.7], flux_sign=[1, -1, 0])
    assert order(rank(night, Choice(sign=sign))) == expected


def test_a_least_score_counts_itself_in_and_what_has_none_out(make_rows):
    night = scored(make_rows, list("abcd"), [0.9, 0.1, 0.0999, np.nan])
    assert order(rank(night, Choice(min_score=0.1))) == ["a", "b"]


def test_an_object_is_shown_by_its_best_candidate_and_says_how_often_it_was_seen(make_rows):
    night = scored(make_rows, list("abcd"), [0.2, 0.9, 0.8, np.nan], object_id=["x", "x", "y", "y"])
    ranking = rank(night, Choice(by_object=True))
    assert order(ranking) == ["b", "c"]
    assert ranking.rows["detections"].tolist() == [2, 2]
    assert ranking.eligible == 2


def test_candidates_without_an_object_are_each_their_own(make_rows):
    night = scored(make_rows, list("abc"), [0.2, 0.9, 0.8], object_id=["", "", "x"])
    ranking = rank(night, Choice(by_object=True))
    assert order(ranking) == ["b", "c", "a"]
    assert ranking.rows["detections"].tolist() == [1, 1, 1]


def test_of_an_object_the_sign_asked_for_is_shown(make_rows):
    night = scored(make_rows, list("ab"), [0.9, 0.2], object_id=["x", "x"], flux_sign=[1, -1])
    assert order(rank(night, Choice(by_object=True, sign=-1))) == ["b"]


def test_a_night_without_candidates_has_an_empty_list(make_rows):
    ranking = rank(scored(make_rows, [], []), Choice())
    assert (len(ranking.rows), ranking.night, ranking.tied) == (0, 0, 0)


def test_scores_of_several_classes_have_no_order(make_rows):
    night = scored(make_rows, ["a"], [np.nan]).assign(p_2=np.float32(0.5))
    with pytest.raises(InputError, match="scores are of 3 classes; allowed: of two, bogus and real"):
        rank(night, Choice())


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        ({"top": 0}, "top is 0; allowed: at least 1"),
        ({"sign": 2}, "sign is 2; allowed: \\+1, -1, or none"),
        ({"min_score": 1.5}, "min_score is 1.5; allowed: 0 to 1"),
    ],
)
def test_a_choice_that_cannot_be_is_refused(choice, words):
    with pytest.raises(SettingsError, match=words):
        Choice(**choice)
