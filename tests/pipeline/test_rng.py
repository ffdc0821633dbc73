import numpy as np

from pipeline.rng import stream


def test_a_stream_depends_on_seed_stage_and_unit_alone():
    first = [stream(1, "injection", "e1").random() for _ in range(2)]
    others = [stream(2, "injection", "e1"), stream(1, "split", "e1"), stream(1, "injection", "e2")]
    assert first[0] == first[1]
    assert len({first[0], *(other.random() for other in others)}) == 4


def test_streams_of_neighbouring_units_are_independent():
    draws = np.array([stream(1, "s", str(unit)).normal(size=200) for unit in range(20)])
    correlation = np.corrcoef(draws) - np.eye(20)
    assert np.abs(correlation).max() < 0.35


def test_stage_and_unit_do_not_run_into_each_other():
    assert stream(1, "ab", "c").random() != stream(1, "a", "bc").random()
