"""The verbs beside the tasks: what they print, and one line for what goes wrong."""

import importlib.metadata
import platform
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from commands.listing import KINDS
from commands.main import main
from commands.plan import provenance_of
from pipeline.io.results import provenance

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("plan", "PlotResult"), "No task PlotResult. Did you mean: PlotResults"),
        (("plan", "FetchCutouts"), "requires the 'night' parameter to be set"),
        (
            ("plan", "ScoreObjects", "--survey", "tiny", "--start", "2016-01-01", "--stop", "2026-01-01"),
            "3654 nights of scores of tiny are too many tasks for one run; allowed: 500 nights. Ask for the range in",
        ),
        (
            ("plan", "ScoreObjects", "--start", "2026-01-01"),
            "needs either --nights, as 2026-01-01..2026-01-06, or both",
        ),
        (
            ("plan", "NightRange", "--of", "Infer", "--nights", ","),
            "',' names no night; allowed: 2026-01-01,2026-01-03",
        ),
        (("check", "gone.yaml"), "no file gone.yaml; `nightsift check` takes the name or the path of a settings file"),
        (("plan", "Infer", "--survey", "tyny"), "unknown survey 'tyny' (did you mean 'tiny'?)"),
        (("status", "tyny"), "unknown survey 'tyny'"),
        (("nights", "tyny"), "unknown survey 'tyny'"),
        (("refetch", "tiny", "tomorrow"), "night 'tomorrow' is not a date"),
        (("nights", "synthetic"), "survey 'synthetic' is not made yet; run luigi --module tasks MakeSyntheticSurvey"),
    ],
)
def test_a_mistake_is_one_line_and_a_fault(here, capsys, arguments, words):
    assert main(list(arguments)) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert words in lines[0]


def test_a_bug_in_a_verb_is_one_line_that_names_where_its_traceback_is(here, capsys, monkeypatch):
    monkeypatch.setattr("commands.nights.listing", lambda survey: {}[survey])
    assert main(["nights", "tiny"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"KeyError: 'tiny' (its traceback is in {here.data / '.tracebacks.log'}")


def test_ctrl_c_in_a_verb_is_130(here, capsys, monkeypatch):
    def stop(survey):
        raise KeyboardInterrupt

    monkeypatch.setattr("commands.nights.listing", stop)
    assert main(["nights", "tiny"]) == 130
    assert capsys.readouterr().err.startswith("stopped; what was finished stays")


def test_the_module_runs_as_the_script_does(finished_project):
    command = (sys.executable, "-m", "commands.main", "--version")
    said = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=60, check=True).stdout
    assert said == f"nightsift {importlib.metadata.version('nightsift')}\n"


def test_a_list_has_a_line_for_each_with_what_it_is(here, capsys):
    assert main(["list", "classifiers"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == sorted(path.stem for path in (here.config / "classifiers").iterdir())
    (boosting,) = (line for line in lines if line.startswith("boosting "))
    assert boosting.endswith(
        "Gradient boosting on physical features of the cutouts; the better of the two that the demo trains."
    )


def test_a_list_of_no_kind_is_of_all(here, capsys):
    assert main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    headings = [line for line in lines if line and not line.startswith(" ")]
    assert headings == list(KINDS)
    assert any(line.startswith("  FetchCutouts ") and line.endswith(".") for line in lines)


@pytest.mark.parametrize("kind", ["surveys", "datasets", "classifiers", "simulations"])
def test_a_file_outside_of_the_settings_is_checked_by_its_path(here, tmp_path, capsys, kind):
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump(here.settings(kind, "tiny") | {"sed": 1}))
    assert main(["check", str(file)]) == 1
    said = capsys.readouterr().out
    assert said.startswith(f"{kind}/mine.yaml: ")
    assert "unknown key" in said


def test_nights_are_asked_for_by_list_and_by_range(here, capsys):
    for nights in ("2026-01-01,2026-01-02", "2026-01-01..2026-01-02", "61041..61042"):
        for task in (("NightRange", "--of", "FetchCutouts"), ("ScoreObjects",)):
            assert main(["plan", *task, "--survey", "tiny", "--nights", nights]) == 0
            assert "ScoreObjects" in capsys.readouterr().out or task[0] == "NightRange"


def test_labels_of_several_nights_are_asked_for_at_once(here, capsys):
    assert main(["refetch", "tiny", "2026-01-01..2026-01-02", "--labels"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["2026-01-01", "2026-01-02"]


def test_a_survey_without_a_night_is_a_fault_that_says_why(here, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("NIGHTSIFT_RAW_IMAGES", str(tmp_path))
    (tmp_path / "science").mkdir()
    (tmp_path / "science" / "a.fits").write_text("no image")
    assert main(["nights", "raw_images"]) == 1
    assert "the survey 'raw_images' holds no night: cannot read FITS file science/a.fits:" in capsys.readouterr().err


def test_a_damaged_manifest_is_a_line_of_the_status_and_a_fault(here, capsys):
    (path,) = here.data.glob("tiny/all/2026-01-01/FreezeInputs-*.json")
    path.write_text("[]")
    assert main(["status", "tiny"]) == 1
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith(
        f"2026-01-01  cannot be compared: {path} is not a manifest of a night: it holds a list; remove"
    )
    assert second.endswith("unchanged")


def test_the_report_of_a_data_set_has_its_survey_made_first(here):
    from tasks import PlotResults

    report = PlotResults(survey="tiny", dataset_file=str(here.result("BuildDataset")))
    assert "survey" in report.requires()
    assert "survey" not in report.identity["upstream"]


NAMED = [
    ("BuildDataset", "--cutouts"), ("BuildDataset", "--dataset"), ("TrainClassifier", "--classifier"),
    ("TrainClassifier", "--dataset-file"), ("Infer", "--survey"), ("Infer", "--package"), ("Infer", "--cutouts"),
    ("PlotResults", "--scores"), ("PlotResults", "--baseline"), ("SimulateTransients", "--simulation"),
    ("ScoreObjects", "--also"), ("NightRange", "--start"),
]  # fmt: skip


@pytest.mark.parametrize("value", ["abc", "../x", "a,b", "a b", "a\nb", "ü", "/nonexistent/x", "n" * 300, "n" * 5000])
@pytest.mark.parametrize(("task", "flag"), NAMED)
def test_a_name_of_nothing_is_one_line_that_was_foreseen(here, capsys, task, flag, value):
    given = {
        "--survey": "tiny",
        "--night": "2026-01-01",
        "--start": "2026-01-01",
        "--stop": "2026-01-02",
        "--of": "Infer",
    }
    names = {"SimulateTransients": ["--night"], "ScoreObjects": ["--start", "--stop"]}
    needs = ["--survey", *names.get(task, []), *(["--of", "--start", "--stop"] if task == "NightRange" else [])]
    arguments = [word for name in needs if name != flag for word in (name, given[name])]
    assert main(["plan", task, *arguments, f"{flag}={value}"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(("UnknownNameError: ", "MissingInputError: ", "SettingsError: ")), line
    assert "NIGHTSIFT_TRACEBACK" not in line


def test_an_unknown_verb_or_option_is_a_usage_error(capsys):
    for arguments in (["explode"], ["status", "tiny", "--fast"], []):
        with pytest.raises(SystemExit) as stopped:
            main(arguments)
        assert stopped.value.code == 2
    assert "usage: nightsift" in capsys.readouterr().err


def test_a_reader_that_has_seen_enough_is_no_fault(finished_project):
    report = finished_project.result("PlotResults")
    process = finished_project.start("nightsift", "table", *[report] * 60, stdin=None)
    assert process.stdout.readline().endswith("bootstrap replicates.\n")
    process.stdout.close()
    assert process.wait(timeout=60) == 0


def test_the_nights_are_those_of_the_survey(here, capsys):
    assert main(["nights", "tiny"]) == 0
    assert tuple(capsys.readouterr().out.split()) == here.nights


def test_the_plan_of_a_night_that_is_not_closed_says_why(here, capsys):
    assert main(["plan", "FetchCutouts", "--survey", "tiny", "--night", "2031-01-01"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("NightClosed")
    assert "missing data: no file closed/2031-01-01" in lines[0]
    assert lines[-1] == "1 complete"


def test_the_plan_of_a_finished_graph_is_one_line(here, capsys):
    assert main(["plan", "PlotResults", *here.report]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.endswith(" complete")


def test_the_plan_names_libraries_that_have_changed_since_a_result_was_made(here, capsys, monkeypatch):
    versions = provenance.package_versions()
    monkeypatch.setattr(provenance, "package_versions", lambda: versions | {"numpy": "99.1", "keras": "99.2"})
    assert main(["plan", "PlotResults", *here.report]) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    numpy = f"made with numpy {versions['numpy']}, here 99.1"
    assert lines["FetchCutouts"].endswith(f" 2 results: {numpy}: numbers may differ")
    keras = f"made with keras {versions['keras']}, here 99.2"
    assert f"{keras}; {numpy}: numbers may differ" in lines["TrainClassifier"]
    assert "FreezeInputs" not in lines


def test_the_plan_goes_on_past_a_result_that_cannot_be_read(here, capsys):
    damaged = here.results("FetchCutouts")[0]
    damaged.write_bytes(b"0" * damaged.stat().st_size)
    (here.result("TrainClassifier") / "provenance.json").write_text(" " * 10)
    assert main(["plan", "PlotResults", *here.report]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert f"{damaged} is not a readable HDF5 file" in next(line for line in lines if line.startswith("FetchCutouts"))
    assert lines[-1].endswith(" complete")


def test_every_target_states_what_made_it(finished_project):
    for path in finished_project.results():
        found = provenance_of(path)
        assert found["python"] == platform.python_version(), path
        assert provenance.NUMBERS.keys() <= found["packages"].keys(), path


def test_a_range_is_planned_night_by_night(here, capsys):
    here.forget("Infer")
    arguments = ["--of", "Infer", "--survey", "tiny", "--start", "2026-01-01", "--stop", "2026-01-02"]
    assert main(["plan", "NightRange", *arguments]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[:-1]] == ["Infer", "Infer", "NightRange"]


def test_the_demo_sums_the_stages_up(new_project):
    settings = new_project.settings("surveys", "tiny")
    new_project.write("surveys", "synthetic", settings)
    new_project.write("datasets", "tiny", new_project.settings("datasets", "tiny") | {"survey": "synthetic"})
    finished = new_project.run("nightsift", "demo")
    assert finished.code == 0, finished.output
    for stage, runs in (("MakeSyntheticSurvey", 1), ("FetchCutouts", 2), ("TrainClassifier", 1), ("PlotResults", 1)):
        row = finished.output.rpartition("stage  ")[2].partition(stage)[2].split("\n")[0].split()
        assert int(row[0]) == runs
        assert float(row[1]) > 0
    report = finished.line("The report: ").rpartition(" ")[2]
    assert (new_project.root / report).is_file()
    again = new_project.run("nightsift", "demo")
    assert again.code == 0
    assert again.line("The report, which was there already: ", report)
