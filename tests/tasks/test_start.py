"""What a user reads when a parameter is wrong or a task breaks: one line, whatever went wrong."""

import logging
import traceback

import luigi
import pytest
from luigi.cmdline_parser import CmdlineParser

import tasks
from pipeline.errors import NightsiftError, SettingsError
from pipeline.io.tracebacks import NAME, SWITCH
from tasks.numbers import RatioParameter, WholeNumberParameter
from tasks.start import OneLine

TASKS = [getattr(tasks, name) for name in tasks.__all__]
GIVEN = {
    "architecture": "braai",
    "weights": "old.h5",
    "night": "2026-01-05",
    "date": "2026-01-01",
    "start": "2026-01-01",
    "stop": "2026-01-02",
    "of": "Infer",
    "champion": "other",
    "until": "2026-01-02",
}
NUMBERS = [
    (task, name, parameter)
    for task in TASKS
    for name, parameter in task.get_params()
    if isinstance(parameter, luigi.IntParameter | luigi.FloatParameter)
]
NAMES = [f"{task.__name__}-{name}" for task, name, _ in NUMBERS]
OBJECTS = {id(parameter): (task, name, parameter) for task, name, parameter in NUMBERS}.values()
"""Each parameter once, though many tasks may share it."""


@pytest.fixture(autouse=True)
def no_switch(data_folder, monkeypatch):
    """Keep tracebacks out of errors, and in the data folder."""
    monkeypatch.delenv(SWITCH, raising=False)


def parsed(task, flag, value):
    required = [f"--{name}={given}" for name, given in GIVEN.items() if name in dict(task.get_params())]
    with CmdlineParser.global_instance([task.__name__, *required, f"{flag}={value}"]) as parser:
        return parser.get_task_obj()


@pytest.mark.parametrize(("task", "name", "parameter"), OBJECTS, ids=[name for _, name, _ in OBJECTS])
@pytest.mark.parametrize(
    "value", ["abc", "-1", "nan", "inf", "1e400", "99999999999999999999", "2026-01-01", "ü", "1,2"]
)
def test_a_number_out_of_its_range_is_an_error_that_names_parameter_and_range(task, name, parameter, value):
    if isinstance(parameter, RatioParameter) and value.isdigit():
        return
    flag = f"--{name.replace('_', '-')}"
    with pytest.raises(SettingsError, match=rf"^{flag} is '.*'; allowed: a (whole )?number, \d"):
        parsed(task, flag, value)


@pytest.mark.parametrize(("task", "name", "parameter"), NUMBERS, ids=NAMES)
def test_the_ends_of_a_range_are_allowed(task, name, parameter):
    ends = (parameter.least, parameter.most) if isinstance(parameter, WholeNumberParameter) else (0.0, 1e6)
    for end in ends:
        assert getattr(parsed(task, f"--{name.replace('_', '-')}", end), name) == end


def test_a_number_that_python_gives_is_held_to_the_same_range():
    for value in (-1, 1.5, "2", True, None):
        with pytest.raises(SettingsError, match="--seed is"):
            tasks.TrainClassifier(seed=value)


def test_a_range_of_widths_that_lets_nothing_pass_is_an_error():
    with pytest.raises(SettingsError, match="--fwhm-ratio-min is 3 and --fwhm-ratio-max 2; allowed: the first below"):
        _ = tasks.PlotResults(fwhm_ratio_min=3.0, fwhm_ratio_max=2.0).fwhm_ratio_cuts


def bug():
    return {}["night\nof no survey"]


def refusal():
    raise SettingsError("fold is 7;\nallowed: 0 to 4")


def logged(caplog, raising, *, planning):
    """Return what luigi logs of an error, in planning as text and in running as an exception, behind the filter."""
    logger = logging.getLogger("tests.tasks.start")
    logger.filters = [OneLine()]
    task = tasks.FetchCutouts(night="2026-01-05")
    try:
        raising()
    except (NightsiftError, KeyError):
        if planning:
            text = f"Will not run {task} or any dependencies due to error in deps() method:\n{traceback.format_exc()}"
            logger.warning(text)
        else:
            logger.exception("[pid %s] Worker %s failed    %s", 1, "Worker(1)", task)
    return caplog.text


@pytest.mark.parametrize("planning", [True, False])
def test_an_error_raised_on_purpose_is_one_line_with_its_task(caplog, data_folder, planning):
    text = logged(caplog, refusal, planning=planning)
    assert text.splitlines()[0].endswith(r"FetchCutouts: SettingsError: fold is 7;\nallowed: 0 to 4")
    assert len(text.splitlines()) == 1
    assert list(data_folder.iterdir()) == []


@pytest.mark.parametrize("planning", [True, False])
def test_a_bug_is_one_line_too_and_its_traceback_is_in_a_file(caplog, data_folder, planning):
    text = logged(caplog, bug, planning=planning)
    assert len(text.splitlines()) == 1
    assert "FetchCutouts: KeyError: 'night\\nof no survey' (its traceback is in " in text
    assert 'return {}["night' in (data_folder / NAME).read_text()


@pytest.mark.parametrize("planning", [True, False])
def test_who_asks_for_tracebacks_sees_them(caplog, monkeypatch, planning):
    monkeypatch.setenv(SWITCH, "1")
    assert "Traceback (most recent call last)" in logged(caplog, bug, planning=planning)
