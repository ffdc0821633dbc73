"""An error is one line; of one that nobody raised on purpose, the traceback is in a file."""

import pytest

from pipeline.errors import SettingsError
from pipeline.io import tracebacks


@pytest.fixture(autouse=True)
def no_switch(data_folder, monkeypatch):
    """Keep tracebacks out of errors, and in the data folder."""
    monkeypatch.delenv(tracebacks.SWITCH, raising=False)


def bug():
    try:
        return {}["https://me:pw@example.org\nsecond line"]
    except KeyError as error:
        return error


def test_what_was_raised_on_purpose_says_all(data_folder):
    said = tracebacks.one_line(SettingsError("fold is 7;\nallowed: 0 to 4"))
    assert said == r"SettingsError: fold is 7;\nallowed: 0 to 4"
    assert list(data_folder.iterdir()) == []


def test_a_bug_is_one_line_that_names_where_its_traceback_is(data_folder):
    line = tracebacks.one_line(bug())
    assert line.startswith("KeyError: ")
    assert line.endswith(
        f"(its traceback is in {data_folder / tracebacks.NAME}; NIGHTSIFT_TRACEBACK=1 shows where it was raised)"
    )
    kept = (data_folder / tracebacks.NAME).read_text()
    assert "in bug" in kept
    assert "pw" not in kept + line
    assert "\n" not in line


def test_a_file_of_tracebacks_that_has_grown_large_begins_anew(data_folder):
    (data_folder / tracebacks.NAME).write_text("x" * 1_000_001)
    tracebacks.one_line(bug())
    assert (data_folder / tracebacks.NAME).read_text().startswith("Traceback")


def test_without_a_folder_of_results_none_is_made(data_folder, monkeypatch):
    monkeypatch.setenv("NIGHTSIFT_DATA", str(data_folder / "none"))
    assert tracebacks.one_line(bug()).endswith("(NIGHTSIFT_TRACEBACK=1 shows where it was raised)")
    assert not (data_folder / "none").exists()


def test_ctrl_c_says_that_a_rerun_goes_on(capsys):
    tracebacks.show(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert capsys.readouterr().err == "stopped; what was finished stays, and the same command goes on from there\n"


def test_who_asks_for_tracebacks_sees_them(capsys, monkeypatch):
    monkeypatch.setenv(tracebacks.SWITCH, "1")
    error = bug()
    tracebacks.show(type(error), error, error.__traceback__)
    assert "in bug" in capsys.readouterr().err
