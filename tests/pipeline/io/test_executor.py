import importlib.util
import itertools
import os
import sys
import time
from pathlib import Path

import pytest

from pipeline.errors import SettingsError, UnknownNameError, WorkerLostError
from pipeline.io.executor import cores, spread


@pytest.fixture(scope="module", autouse=True)
def work():
    """Functions that spawned processes find by name, as they find those of the library."""
    folder = str(Path(__file__).parent)
    sys.path.insert(0, folder)
    try:
        yield importlib.import_module("executor_work")
    finally:
        sys.path.remove(folder)


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_results_come_in_the_order_of_the_chunks(work, workers):
    assert list(spread(work.square, range(9), workers=workers)) == [number**2 for number in range(9)]


def test_a_slow_chunk_holds_its_place_and_work_runs_elsewhere(work):
    numbers, processes = zip(*spread(work.slow_first, range(6), workers=2), strict=True)
    assert numbers == tuple(range(6))
    assert os.getpid() not in processes


def test_one_worker_needs_no_process(work):
    ((_, process),) = spread(work.slow_first, [1], workers=1)
    assert process == os.getpid()


def test_chunks_are_read_as_they_are_needed(work):
    read = itertools.count()
    results = spread(work.square, (next(read) for _ in range(100)), workers=2)
    assert next(results) == 0
    assert next(read) <= 6
    results.close()


def test_libraries_get_their_share_of_the_cores(work):
    assert set(spread(work.threads, range(2), workers=2)) == {str(max(1, cores() // 2))}


def test_an_error_comes_out_as_it_is_after_the_results_before_it(work):
    results = spread(work.refuse, range(5), workers=2)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(UnknownNameError, match="unknown number '3'; known: 1, 2"):
        next(results)


def test_a_killed_worker_costs_nothing(work, tmp_path):
    chunks = [(str(tmp_path), number, 3) for number in range(8)]
    assert list(spread(work.die_once, chunks, workers=2)) == list(range(8))
    assert (tmp_path / "3").exists()


def test_a_chunk_that_kills_every_worker_is_named_after_the_results_before_it(work):
    results = spread(work.die_always, range(4), workers=2)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(WorkerLostError, match="chunk 2 killed its worker 3 times: 2"):
        next(results)


@pytest.mark.timeout(60)
def test_a_worker_that_does_not_end_when_another_died_is_not_waited_for(work, tmp_path):
    chunks = [(str(tmp_path), number) for number in range(3)]
    assert list(spread(work.die_beside_the_deaf, chunks, workers=2)) == [0, 1, 2]


def test_a_negative_number_of_workers_is_refused(work):
    with pytest.raises(SettingsError, match="workers is -1; allowed: 0"):
        next(spread(work.square, [1], workers=-1))


def test_ctrl_c_is_answered_by_the_first_process_alone(work):
    assert list(spread(work.interrupted, range(3), workers=2)) == ["worked on"] * 3


def test_ctrl_c_waits_for_no_chunk(work):
    began = time.monotonic()
    results = spread(work.sleep_long, [0, 60, 60], workers=2)
    assert next(results) == 0
    with pytest.raises(KeyboardInterrupt):
        results.throw(KeyboardInterrupt)
    assert time.monotonic() - began < 50
