import pytest
from small_packages import write_small_package

from commands.main import main
from pipeline.errors import MissingInputError


@pytest.fixture
def packages(tmp_path):
    """Three packages below a folder: two that were judged, and one that was imported."""
    for name, auc in (("worse", 0.9), ("better", 0.95)):
        write_small_package(
            tmp_path / "models" / name,
            name=f"{name}-0123",
            metrics={"auc": auc, "mcc": 0.5, **({"ece": 0.02} if name == "better" else {})},
            parameters=1234,
            normalisation={"name": "l2"},
        )
    write_small_package(tmp_path / "models" / "old", name="old-0123")
    return tmp_path / "models"


def cells(line):
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_packages_stand_side_by_side_with_the_best_first(packages, capsys):
    assert main(["table", "--packages", str(packages)]) == 0
    head, _, *rows = [line for line in capsys.readouterr().out.splitlines() if line]
    assert [cells(row)[0] for row in rows] == ["better-0123", "worse-0123", "old-0123"]
    better = dict(zip(cells(head), cells(rows[0]), strict=True))
    assert better["channels"] == "science difference"
    assert better["weights"] == "1,234"
    assert better["threshold"] == "mdr 0.400"
    assert better["auc"] == "0.9500"
    assert better["plain_ece"] == "0.0200"  # as packages of before called it
    assert dict(zip(cells(head), cells(rows[2]), strict=True))["auc"] == "-"


def test_columns_of_the_candidates_stand_behind_the_channels(packages, capsys):
    metadata = {"columns": ["elong", "nneg"], "centre": [1.1, 3.0], "width": [0.1, 2.0]}
    write_small_package(packages / "seen", name="seen-0123", metrics={"auc": 0.99}, metadata=metadata)
    assert main(["table", "--packages", str(packages / "seen")]) == 0
    head, _, row = [line for line in capsys.readouterr().out.splitlines() if line]
    assert dict(zip(cells(head), cells(row), strict=True))["channels"] == "science difference elong nneg"


def test_packages_of_many_classes_have_a_table_of_their_own_with_the_best_macro_f1_first(packages, capsys):
    for name, macro_f1 in (("mlp", 0.8), ("forest", 0.85)):
        write_small_package(
            packages / name,
            name=name,
            classes=["Others", "ELG", "QSO"],
            thresholds={},
            metrics={"macro_f1": macro_f1, "accuracy": 0.9, "plain_ece": 0.03},
        )
    assert main(["table", "--packages", str(packages)]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line]
    heads = [place for place, line in enumerate(lines) if line.startswith("| package")]
    assert len(lines[heads[0] : heads[1]]) == 2 + 3
    forest, mlp = (dict(zip(cells(lines[heads[1]]), cells(line), strict=True)) for line in lines[heads[1] + 2 :])
    assert (forest["package"], forest["classes"], forest["macro_f1"]) == ("forest", "Others ELG QSO", "0.8500")
    assert (mlp["package"], mlp["accuracy"], mlp["plain_ece"]) == ("mlp", "0.9000", "0.0300")


def test_a_damaged_package_is_named_and_the_others_are_shown(packages, capsys, caplog):
    (packages / "worse" / "model.onnx").write_bytes(b"changed")
    assert main(["table", "--packages", str(packages)]) == 1
    assert "better-0123" in capsys.readouterr().out
    assert "model.onnx" in caplog.text


def test_a_folder_without_a_package_is_named(tmp_path):
    from commands.package_table import package_table

    with pytest.raises(MissingInputError, match="holds no model package"):
        package_table([str(tmp_path)])
