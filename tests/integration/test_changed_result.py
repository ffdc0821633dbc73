"""The next task refuses a result of which a bit was flipped, and names it."""

import pytest

TASK_FAILED = 30


@pytest.mark.parametrize(
    ("changed", "task", "forgotten"),
    [
        ("FetchCutouts", "Infer", ("Infer", "PlotResults")),
        ("BuildDataset", "TrainClassifier", ("TrainClassifier",)),
        ("TrainClassifier", "CalibratePackage", ("CalibratePackage",)),
        ("Infer", "PlotResults", ("PlotResults",)),
    ],
)
def test_a_flipped_bit_in_a_result_makes_the_next_task_fail_with_its_name(project, changed, task, forgotten):
    project.forget(*forgotten)
    paths = [path / "model.onnx" if path.is_dir() else path for path in project.results(changed)]
    for path in paths:
        data = bytearray(path.read_bytes())
        data[len(data) // 3] ^= 4
        path.write_bytes(data)
    arguments = {"Infer": ("--survey", "tiny", "--night", project.nights[1]), "PlotResults": project.report}
    finished = project.luigi(task, *arguments.get(task, ("--survey", "tiny")))
    assert finished.code == TASK_FAILED, finished.output
    said = [line for line in finished.output.splitlines() if any(path.name in line for path in paths)]
    assert any("changed after it was written" in line or "is not a readable" in line for line in said)
    assert "Traceback" not in finished.output
    assert not project.results(task)


def test_a_damaged_manifest_is_named_and_costs_planning_nothing(project):
    project.forget("FetchCutouts")
    for path in project.results("FreezeInputs"):
        path.write_text("")
    finished = project.luigi("FetchCutouts", "--survey", "tiny", "--night", project.nights[1])
    assert finished.code == TASK_FAILED, finished.output
    assert "is not a manifest of a night" in finished.output
    assert "Traceback" not in finished.output
