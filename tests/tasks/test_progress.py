import io

import pytest
from luigi.rpc import RPCError

from tasks import progress
from tasks.progress import Progress


class Task:
    """What luigi gives a running task."""

    def __init__(self):
        self.percentages, self.messages = [], []
        self.set_progress_percentage = self.percentages.append
        self.set_status_message = self.messages.append


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def at_once(monkeypatch):
    monkeypatch.setattr(progress, "_SHOWN_EVERY_S", 0.0)


def test_the_page_gets_whole_percentages_and_escaped_messages(at_once):
    task = Task()
    with Progress("Infer", task) as show:
        show(33.4, "<b>10 of 30</b>")
        show(-1, "11 rows")
    assert task.percentages == [33]
    assert task.messages == ["&lt;b&gt;10 of 30&lt;/b&gt;", "11 rows"]


def test_the_page_is_told_once_a_second_and_of_the_end():
    task = Task()
    with Progress("Infer", task) as show:
        for row in range(101):
            show(row, f"{row} of 100")
    assert task.messages == ["0 of 100", "100 of 100"]


def test_a_terminal_shows_a_bar_and_is_left_clean(at_once, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    with Progress("FetchCutouts", Task()) as show:
        show(50, "3 of 6 exposures")
    drawn = terminal.getvalue()
    assert "FetchCutouts  50 %|" in drawn
    assert "3 of 6 exposures" in drawn
    assert drawn.endswith("\r")


def test_a_file_shows_no_bar(at_once, monkeypatch):
    output = io.StringIO()
    monkeypatch.setattr("sys.stderr", output)
    with Progress("FetchCutouts", Task()) as show:
        show(50, "3 of 6 exposures")
    assert output.getvalue() == ""


def test_a_lost_scheduler_is_asked_once_and_stops_no_task(at_once, caplog):
    class Lonely:
        asked = 0

        def lost(self, value):
            self.asked += 1
            raise RPCError("no answer")

        set_progress_percentage = set_status_message = set_tracking_url = lost

    task = Lonely()
    with Progress("TrainClassifier", task) as show:
        for epoch in range(5):
            show(10 * epoch, "epoch")
        show.link("http://127.0.0.1:8083/report")
    assert task.asked == 1
    assert caplog.messages == ["TrainClassifier goes on without its scheduler: no answer"]


def test_what_is_shown_of_data_commands_neither_terminal_nor_page(at_once, monkeypatch):
    terminal, task = Terminal(), Task()
    monkeypatch.setattr("sys.stderr", terminal)
    with Progress("Infer", task) as show:
        show(50, "\x1b]0;owned\x07 night\n2")
    assert task.messages == [r"\x1b]0;owned\x07 night\n2"]
    assert "\x1b]0" not in terminal.getvalue()
