"""A misspelt flag is one line with the flag that was meant."""

import subprocess
import sys
from pathlib import Path

import pytest

import tasks
from commands.plan import asked
from pipeline.errors import SettingsError, UnknownNameError
from tasks.command_line import refuse_unknown_flags, require_known_flags

LUIGI = Path(sys.executable).parent / "luigi"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["Infer", "--surveyy", "tiny"],
            "unknown parameter of Infer '--surveyy' (did you mean '--survey'?); known: --",
        ),
        (["Infer", "--nigth=2026-01-05"], "'--nigth' (did you mean '--night'?)"),
        (["--local-schedular", "Infer"], "'--local-schedular' (did you mean '--local-scheduler'?)"),
        (["NightRange", "--of", "Infer", "--xyzzy"], "unknown parameter of NightRange '--xyzzy'; known: "),
    ],
)
def test_a_misspelt_flag_is_told_with_the_one_that_was_meant(words, said):
    with pytest.raises(UnknownNameError) as caught:
        require_known_flags(words)
    assert said in str(caught.value)


@pytest.mark.parametrize("family", tasks.__all__)
def test_no_flag_of_a_task_is_unknown(family):
    names = [name.replace("_", "-") for name, _ in getattr(tasks, family).get_params()]
    require_known_flags([family, *(f"--{name}=1" for name in names), *(f"--{family}-{name}" for name in names)])


@pytest.mark.parametrize(
    "words",
    [
        ["Infer", "--surv", "tiny"],
        ["Infer", "--no-wait", "--local-scheduler", "--workers", "2"],
        ["Infer", "--only=--strange id"],
        ["Infer", "--", "--surveyy"],
        ["Nothing", "--surveyy"],
        [],
    ],
)
def test_what_luigi_understands_or_refuses_itself_is_left_to_it(words):
    require_known_flags(words)


def test_a_plan_refuses_a_misspelt_flag_before_luigi_does():
    with pytest.raises(UnknownNameError, match="did you mean '--night'"):
        asked(["Infer", "--nigth", "2026-01-05"])


def test_a_plan_of_a_flag_without_its_value_is_one_line(capsys):
    with pytest.raises(SettingsError, match=r"^argument --night: expected one argument$"):
        asked(["Infer", "--night"])
    assert capsys.readouterr().err == ""


def test_the_command_of_luigi_ends_with_one_line():
    command = [LUIGI, "--module", "tasks", "Infer", "--surveyy", "tiny", "--local-scheduler"]
    finished = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert finished.returncode == 2
    (line,) = finished.stderr.splitlines()
    assert line.startswith("UnknownNameError: unknown parameter of Infer '--surveyy' (did you mean '--survey'?)")


@pytest.mark.parametrize(
    "command",
    [
        ["pytest", "--module", "tasks", "Infer", "--surveyy"],
        ["/usr/bin/luigi", "--module", "other", "Infer", "--surveyy"],
        [],
    ],
)
def test_other_programs_and_other_modules_may_name_what_they_will(command):
    refuse_unknown_flags(command)
