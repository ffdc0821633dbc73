"""Each verb adds its own parser and says what runs it."""

import argparse
import subprocess
import sys

import pytest

from commands.main import VERBS, _options, _parser, main


def parsers():
    (verbs,) = (action for action in _parser()._actions if action.choices)
    return verbs.choices


def test_every_verb_states_what_runs_it():
    assert all(callable(parser.get_default("run")) for parser in parsers().values())
    assert len({parser.get_default("run") for parser in parsers().values()}) == len(parsers())


@pytest.mark.parametrize("module", VERBS, ids=lambda module: module.__name__)
def test_every_module_adds_verbs(module):
    verbs = argparse.ArgumentParser().add_subparsers()
    module.add_to(verbs)
    assert all(parser.get_default("run").__module__ == module.__name__ for parser in verbs.choices.values())


def test_what_luigi_alone_understands_reaches_the_plan(monkeypatch):
    asked = []
    monkeypatch.setattr("commands.plan.plan", lambda arguments: asked.append(arguments) or 0)
    main(["plan", "PlotResults", "--survey", "toy", "--night=2026-01-01"])
    assert asked == [["PlotResults", "--survey", "toy", "--night=2026-01-01"]]


def test_a_plan_of_nothing_is_told_that_a_task_is_missing(capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["plan"])
    assert capsys.readouterr().err.endswith("the following arguments are required: task\n")


def test_what_a_verb_does_not_know_is_refused(capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["nights", "toy", "--colour"])
    assert "--colour" in capsys.readouterr().err


def test_reading_the_arguments_loads_no_heavy_library():
    code = "import sys, commands.main as m; m._parser(); print(*sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"luigi", "pandas", "numpy", "h5py", "sqlalchemy", "astropy", "tensorflow"} & set(said)


def test_parameters_of_a_plan_may_stand_before_its_task_as_for_luigi():
    options = _options(["plan", "--local-scheduler", "PlotResults", "--survey", "synthetic"])
    assert (options.task, options.parameters) == ("PlotResults", ["--local-scheduler", "--survey", "synthetic"])


def test_a_verb_that_plans_nothing_takes_no_parameters_of_tasks(capsys):
    with pytest.raises(SystemExit) as stopped:
        _options(["status", "synthetic", "--fold", "1"])
    assert stopped.value.code == 2
    assert "unrecognised: --fold 1" in capsys.readouterr().err
