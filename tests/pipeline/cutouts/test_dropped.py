import pytest

from pipeline.cutouts.dropped import dropped_words


@pytest.mark.parametrize(
    ("reasons", "words"),
    [
        ({}, ""),
        ({"outside": 7}, "outside (7)"),
        ({"b": 1, "a": 1}, "a (1); b (1)"),
        ({"a": 1, "b": 9, "c": 5}, "b (9); c (5); a (1)"),
        ({"a": 4, "b": 3, "c": 2, "d": 1}, "a (4); b (3); c (2); 1 other reason (1)"),
        ({"a": 4, "b": 3, "c": 2, "d": 2, "e": 1}, "a (4); b (3); c (2); 2 other reasons (3)"),
    ],
)
def test_the_most_frequent_reasons_come_first_and_the_others_are_counted(reasons, words):
    assert dropped_words(reasons) == words
