import math

import pytest

from benchmarks.rows import in_fresh_process, interleaved, median_ratio, peak_mb


def test_functions_are_called_in_turns_after_one_call_each_that_does_not_count():
    called = []
    seconds = interleaved({"a": lambda: called.append("a"), "b": lambda: called.append("b")}, 3)
    assert "".join(called) == "ab" + "ab" * 3
    assert {name: len(taken) for name, taken in seconds.items()} == {"a": 3, "b": 3}


def test_another_clock_may_count_the_seconds():
    ticks = iter(range(100))
    seconds = interleaved({"a": lambda: next(ticks)}, 2, clock=lambda: next(ticks))
    assert seconds == {"a": [2, 2]}


def test_the_ratio_is_that_of_each_repeat_and_not_of_the_sums():
    assert median_ratio([1.0, 2.0, 300.0], [1.0, 1.0, 100.0]) == 2.0
    with pytest.raises(ValueError, match="zip"):
        median_ratio([1.0], [1.0, 2.0])


def test_a_fresh_process_says_its_numbers_and_its_own_peak():
    program = "import sys; held = bytearray(int(sys.argv[1]) << 20); held[::4096] = b'x' * len(held[::4096])"
    found, little = (in_fresh_process(f"{program}; print('rows', {rows})", str(mb)) for rows, mb in ((7, 200), (8, 1)))
    assert (found["rows"], little["rows"]) == (7.0, 8.0)
    assert 150 < found["peak_mb"] - little["peak_mb"] < 250
    assert 0 < found["seconds"] < math.inf


def test_a_peak_does_not_fall():
    before = peak_mb()
    assert 0 < before <= peak_mb()
