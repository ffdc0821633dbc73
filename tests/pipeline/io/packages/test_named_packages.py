from pathlib import Path

import pytest
from small_packages import write_small_package

import tasks
from commands.listing import listing
from commands.package_table import package_table
from commands.plan import walk
from pipeline.errors import MissingInputError
from pipeline.io.packages import named_packages
from pipeline.io.packages.named_packages import package_folder, shipped_folders, shipped_names
from pipeline.io.settings_files import ROOT
from pipeline.stages.given_scores import GivenScores


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """Two packages that come along, beside a module and a folder that are none."""
    folder = tmp_path / "shipped"
    (folder / "__pycache__").mkdir(parents=True)
    (folder / "card.py").write_text("")
    monkeypatch.setattr(named_packages, "SHIPPED", folder)
    monkeypatch.setenv("NIGHTSIFT_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    for name in ("starter", "galaxies"):
        write_small_package(folder / name, name=f"{name}-0123456789ab")
    return folder


def test_packages_lie_beside_the_code_that_makes_them():
    assert named_packages.SHIPPED == ROOT / "models" / "packages"
    assert all((folder / "card.md").is_file() for folder in shipped_folders())


def test_a_name_stands_for_the_package_that_comes_along(shipped):
    assert shipped_names() == ["galaxies", "starter"]
    assert package_folder("starter") == shipped / "starter"


def test_a_package_in_a_folder_of_that_name_comes_first_and_any_other_folder_does_not(shipped, tmp_path):
    (tmp_path / "starter").mkdir()
    assert package_folder("starter") == shipped / "starter"
    (tmp_path / "starter").rmdir()
    write_small_package(tmp_path / "starter")
    assert package_folder("starter") == Path("starter")


@pytest.mark.parametrize("name", ["startr", "mine"])
def test_a_name_that_is_neither_is_refused_with_the_known_ones(shipped, name):
    with pytest.raises(
        MissingInputError, match=f"no model package '{name}'.*come with Nightsift are: galaxies, starter"
    ):
        package_folder(name)
    with pytest.raises(MissingInputError, match=r"did you mean starter\?"):
        package_folder("startr")


@pytest.mark.parametrize("path", ["./starter", "some/starter", "/no/starter", "../starter"])
def test_a_path_is_never_taken_for_a_name(shipped, path):
    assert package_folder(path) == Path(path)


def test_tasks_score_by_name_and_another_package_of_that_name_makes_other_scores(shipped):
    def scoring():
        tasks.Infer.clear_instance_cache()
        return tasks.Infer(survey="ztf_packets", night="2021-11-21", package="starter")

    by_name, by_path = (
        scoring(),
        tasks.Infer(survey="ztf_packets", night="2021-11-21", package=str(shipped / "starter")),
    )
    assert by_name.output().path == by_path.output().path
    assert "Infer-starter-" in str(by_name.output().path)
    assert "TrainClassifier" not in {task.task_family for task in walk(by_name, set())}
    before = by_name.fingerprint
    write_small_package(shipped / "galaxies" / "other", thresholds={"mdr": 0.9})
    (shipped / "starter").rename(shipped / "former")
    (shipped / "galaxies" / "other").rename(shipped / "starter")
    assert scoring().fingerprint != before
    with pytest.raises(MissingInputError, match="no model package 'startr'"):
        tasks.Infer(survey="ztf_packets", night="2021-11-21", package="startr").output()


def test_reports_take_packages_by_name_and_find_those_that_scores_name(shipped, tmp_path):
    (tmp_path / "s.csv").write_text("candidate_id,score,label,model\na,0.5,1,starter-0123456789ab\n")
    report = tasks.PlotResults(survey="synthetic", scores=str(tmp_path / "s.csv"), packages="starter")
    assert report.given_scores.packages == [shipped / "starter"]
    alone = GivenScores(scores=[tmp_path / "s.csv"], stated_rows=[], packages=[], data=tmp_path / "data")
    assert alone.found_packages == [shipped / "starter"]


def test_commands_list_and_compare_them_by_name(shipped, capsys):
    assert listing(("packages",)) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["galaxies", "starter"]
    assert package_table(["starter"]) == 0
    assert "starter-0123456789ab" in capsys.readouterr().out


def test_an_installed_copy_holds_every_file_of_a_package():
    said = (ROOT / "pyproject.toml").read_text()
    patterns = said.split('"models.packages" = [')[1].split("]")[0]
    endings = {pattern.strip().strip('"').rpartition("*")[2] for pattern in patterns.split(",")}
    of_packages = {".csv", ".json", ".keras", ".md", ".npy", ".onnx", ".parquet", ".sha256"}
    assert endings == of_packages
    assert {file.suffix for folder in shipped_folders() for file in folder.rglob("*") if file.is_file()} <= of_packages
