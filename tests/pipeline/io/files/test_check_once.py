import os

import pytest

from pipeline.errors import InputError
from pipeline.io.files.check_once import check_once


@pytest.fixture
def checks(tmp_path):
    """Return a file, and a function that asks for a check of it and tells how often it was made."""
    path = tmp_path / "night.h5"
    path.write_text("night")
    made = []

    def ask(what="seal"):
        check_once(what, path, lambda: made.append(what))
        return len(made)

    return path, ask


def test_a_file_that_stays_as_it_is_is_looked_at_once(checks):
    _, ask = checks
    assert [ask(), ask(), ask()] == [1, 1, 1]


def test_another_check_of_it_is_made(checks):
    _, ask = checks
    assert [ask("seal"), ask("links"), ask("seal")] == [1, 2, 2]


@pytest.mark.parametrize("change", [lambda path: path.write_text("longer"), lambda path: os.utime(path, (1.0, 1.0))])
def test_a_file_of_another_size_or_time_is_looked_at_again(checks, change):
    path, ask = checks
    ask()
    change(path)
    assert ask() == 2


def test_what_was_found_wrong_is_looked_at_again(checks):
    path, _ = checks

    def check():
        raise InputError("wrong")

    for _ in range(2):
        with pytest.raises(InputError, match="wrong"):
            check_once("seal", path, check)
