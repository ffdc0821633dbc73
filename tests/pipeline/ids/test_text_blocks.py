import numpy as np
import pytest

from pipeline.ids import text_blocks
from pipeline.ids.text_blocks import FirstTexts, HeldTexts, JoinedTexts, SomeTexts, decided, texts_of

WORDS = [f"w{number}" for number in range(10)]


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """Read three rows at a time."""
    monkeypatch.setattr(text_blocks, "TEXTS_AT_ONCE", 3)


def whole(texts):
    return [text for span in texts.spans() for text in texts.read(span)]


def lengths(names):
    return np.array([len(name) for name in names], dtype=np.int64)


def test_blocks_hold_every_row_once_in_order():
    texts = HeldTexts(WORDS)
    assert [span.stop - span.start for span in texts.spans()] == [3, 3, 3, 1]
    assert whole(texts) == WORDS


def test_the_first_column_that_says_something_counts():
    columns = [HeldTexts(["a", "", "", ""]), HeldTexts(["b", "c", "", ""]), HeldTexts(["d", "e", "f", ""])]
    assert whole(FirstTexts(*columns)) == ["a", "c", "f", ""]


def test_columns_are_joined_where_the_first_says_something():
    joined = whole(JoinedTexts(HeldTexts(["a", "", "c", "a"]), HeldTexts(["1", "2", "", "1"])))
    assert joined[0] == joined[3] != joined[2]
    assert joined[1] == ""


@pytest.mark.parametrize("rows", [[0, 1, 2], [2, 3, 9], [4], [0, 5, 6, 7, 8, 9], []])
def test_some_rows_are_counted_among_themselves(rows):
    texts = SomeTexts(HeldTexts(WORDS), np.array(rows, dtype=np.intp))
    assert len(texts) == len(rows)
    assert whole(texts) == [WORDS[row] for row in rows]


def test_what_is_decided_stands_at_its_row():
    texts = HeldTexts(["a", "bb", "", "dddd", "eeeee"])
    assert decided(texts, lengths).tolist() == [1, 2, 0, 4, 5]


def test_rows_that_are_not_asked_for_are_never_decided():
    asked = []

    def decide(names):
        asked.extend(names)
        return lengths(names)

    rows = np.array([False, True, False, False, True])
    assert decided(HeldTexts(["a", "bb", "ccc", "dddd", "eeeee"]), decide, rows).tolist() == [0, 2, 0, 0, 5]
    assert asked == ["bb", "eeeee"]


def test_nothing_to_decide_has_the_type_of_what_would_be():
    found = decided(HeldTexts(["a"]), lengths, np.array([False]))
    assert (found.tolist(), found.dtype) == ([0], np.dtype(np.int64))


def test_texts_of_rows_are_named_by_their_rows():
    rows = np.zeros(10, bool)
    rows[[1, 5, 9]] = True
    assert texts_of(HeldTexts(WORDS), rows).to_dict() == {1: "w1", 5: "w5", 9: "w9"}
    assert texts_of(HeldTexts(WORDS), np.zeros(10, bool)).empty
