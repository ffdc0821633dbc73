"""What the demo says of a run; the run itself is in tests/integration/test_commands.py."""

import subprocess
import sys

import pytest

from commands import demo
from pipeline.errors import SettingsError

LINES = """\
INFO: Informed scheduler
INFO: tasks.base: FetchCutouts took 1.5 s: a.h5
INFO: tasks.base: FetchCutouts took 2.0 s: b.h5
INFO: tasks.base: Infer took 0.5 s: c.parquet
something worth reading
"""


@pytest.fixture
def printed(monkeypatch, capsys, tmp_path):
    """Return a function that runs the demo with a program that prints lines and ends with a code."""
    monkeypatch.setenv("NIGHTSIFT_DATA", str(tmp_path))

    def run(lines, code):
        class Program(subprocess.Popen):
            def __init__(self, _, **options):
                script = f"import sys; sys.stdout.write({lines!r}); sys.exit({code})"
                super().__init__([sys.executable, "-c", script], **options)

        monkeypatch.setattr(demo.subprocess, "Popen", Program)
        monkeypatch.setattr(demo, "_report", lambda _, *, is_new: int(not is_new))
        return demo.demo("galaxies"), capsys.readouterr().out

    return run


def test_the_seconds_of_each_stage_are_summed(printed):
    code, text = printed(LINES, 0)
    rows = [line.split() for line in text.splitlines()]
    assert code == 0
    assert ["FetchCutouts", "2", "3.5"] in rows
    assert ["Infer", "1", "0.5"] in rows
    assert next(row for row in rows if row[:1] == ["all"])[1] == "3"


def test_the_command_is_the_one_that_a_user_would_type(printed):
    _, text = printed(LINES, 0)
    assert text.startswith("$ luigi --module tasks PlotResults --survey galaxies --local-scheduler\n")


def test_a_survey_that_needs_files_is_refused_with_those_that_need_none():
    with pytest.raises(SettingsError, match=r"ztf_alerts\.yaml: .*\): galaxies, .*synthetic, .*target_selection"):
        demo.demo("ztf_alerts")


def test_what_the_scheduler_says_to_itself_is_left_out(printed):
    _, text = printed(LINES, 0)
    assert "something worth reading" in text
    assert "Informed scheduler" not in text


def test_a_run_that_fails_names_no_report(printed):
    code, text = printed("boom\n", 7)
    assert code == 7
    assert "The report" not in text
