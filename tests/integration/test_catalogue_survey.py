"""A table of sources through the tasks: fetched, divided, learned from, scored, and another catalogue beside it."""

import csv
import json

import numpy as np
import pandas as pd
import pytest
import yaml
from luigi.task_register import Register

import tasks
from commands.check import check
from pipeline.classes import PARTS
from pipeline.errors import NightsiftError, SettingsError
from pipeline.io.packages.training_ids import learned_of
from pipeline.io.results.cutout_file import open_cutouts
from pipeline.io.results.dataset_file import open_dataset
from pipeline.io.results.scores_file import read_scores, scores_provenance

CLASSES = ("star", "galaxy", "quasar")
ROWS, SHARED = 240, 60
SURVEY = {
    "kind": "table",
    "source": "catalogue",
    "classes": list(CLASSES),
    "defaults": {"dataset": "own", "classifier": "small", "baseline": "small"},
    "input": {
        "files": ["own.csv"],
        "columns": {"candidate_id": "ID", "object_id": "OBJ"},
        "features": {"g": "g", "g_r": "g - r", "w": "w"},
        "missing": {"w": [-99]},
        "class_column": "kind",
    },
    "vetoes": {"quasar": "w > 15"},
    "overrides": {"star": "g_r < -0.1"},
}
SMALL = {"classifier": "mlp", "settings": {"units": [8]}, "epochs": 2, "early_stopping_patience": 0, "threads": 1}


def sources(first, rows):
    """Return rows of three classes that their colour tells apart; each object has two rows."""
    number = first + np.arange(rows)
    draw = np.random.default_rng(first)
    kind = number // 2 % 3
    g = 20 + draw.normal(0, 0.5, rows)
    return pd.DataFrame({
        "ID": [f"{2**53 + 1 + one}" for one in number], "OBJ": [f"o{one // 2:04d}" for one in number], "g": g,
        "r": g - kind + draw.normal(0, 0.1, rows), "w": np.where(number % 5 == 0, -99.0, draw.normal(15, 1, rows)),
        "kind": np.array(CLASSES)[kind],
    })  # fmt: skip


@pytest.fixture(scope="module")
def own(tmp_path_factory, settings_written):
    """A project of two catalogues; the second shares the last of its rows with the first, and knows no classes."""
    folder = tmp_path_factory.mktemp("catalogue")
    project = settings_written(folder / "project")
    sources(0, ROWS).to_csv(folder / "own.csv", index=False)
    sources(ROWS - SHARED, 2 * SHARED).drop(columns="kind").to_csv(folder / "other.csv", index=False)
    survey = SURVEY | {"input": SURVEY["input"] | {"folder": str(folder)}}
    files = {
        "surveys/own": survey,
        "surveys/other": {"extends": "own", "input": {"files": ["other.csv"], "class_column": None}},
        "datasets/own": {"survey": "own", "nights": ["all"]},
        "datasets/folds": {"survey": "own", "nights": ["all"], "split": {"folds": 3}},
        "datasets/dated": {"survey": "own", "nights": ["2026-01-05"]},
        "classifiers/small": SMALL,
    }
    for name, content in files.items():
        project.write(*name.split("/"), content)
    patch = pytest.MonkeyPatch()
    patch.setenv("NIGHTSIFT_CONFIG", str(project.config))
    patch.setenv("NIGHTSIFT_DATA", str(project.data))
    yield project
    patch.undo()


def made(own, task):
    """Return the result of a task that a command has made, for a fork of a process with threads may never end."""
    options = []
    for name, parameter in task.get_params():
        value = getattr(task, name)
        if not parameter.has_task_value(task.task_family, name) or value != parameter.task_value(
            task.task_family, name
        ):
            options += [f"--{name.replace('_', '-')}", *([] if value is True else [str(value)])]
    own.make(task.task_family, *options)
    return task.output().path


@pytest.mark.replaces("4most", "M1")
def test_a_table_is_fetched_as_the_one_night_all(own):
    task = tasks.FetchCutouts(survey="own", night="all")
    with open_cutouts(made(own, task)) as file:
        assert file.header.class_names == CLASSES
        rows, features = file.candidates(), file.pixels()[:, 0, 0, :]
    table = sources(0, ROWS)
    assert task.folder()[2] == "all"
    assert rows["candidate_id"].tolist() == table["ID"].tolist()
    np.testing.assert_allclose(features[:, 1], table["g"] - table["r"], atol=1e-5)
    assert np.isnan(features[::5, 2]).all(), "a sentinel is missing"
    assert not np.isnan(features[1::5]).any()


@pytest.mark.replaces("4most", "M3")
def test_its_data_sets_hold_every_class_in_every_part_and_divide_no_object(own):
    with open_dataset(made(own, tasks.BuildDataset(survey="own"))) as data:
        parts = {part: data.candidates(part) for part in PARTS}
    assert sum(map(len, parts.values())) == ROWS
    assert all(set(rows["label"]) == {0, 1, 2} for rows in parts.values())
    objects = [set(rows["object_id"]) for rows in parts.values()]
    assert not (objects[0] & objects[1] or objects[0] & objects[2] or objects[1] & objects[2])
    tested = []
    for fold in range(3):
        with open_dataset(made(own, tasks.BuildDataset(survey="own", dataset="folds", fold=fold))) as data:
            tested += data.candidates("test")["candidate_id"].tolist()
    assert sorted(tested) == sorted(sources(0, ROWS)["ID"])


def test_a_night_of_a_table_is_all_and_nothing_else(own):
    with pytest.raises(SettingsError, match="night '2026-01-05': this survey knows no nights; allowed: all"):
        _ = tasks.FetchCutouts(survey="own", night="2026-01-05").night_name
    with pytest.raises(SettingsError, match="this survey knows no nights"):
        tasks.BuildDataset(survey="own", dataset="dated").requires()
    assert [task.night_name for task in tasks.NightRange(of="FetchCutouts", survey="own", nights="all").requires()] == [
        "all"
    ]
    with pytest.raises(SettingsError, match="night '2026-01-01': this survey knows no nights"):
        tasks.NightRange(of="Infer", survey="own", start="2026-01-01", stop="2026-01-02").requires()


def test_a_faultless_survey_and_its_recipes_have_no_fault(own, capsys):
    assert check("own") == 0, capsys.readouterr().out
    assert check("dated") == 1
    assert "this survey knows no nights" in capsys.readouterr().out


@pytest.fixture(scope="module")
def package(own):
    return made(own, tasks.CalibratePackage(survey="own"))


@pytest.mark.replaces("4most", "M10")
def test_its_scores_are_exported_as_probabilities(own, package):
    path = made(own, tasks.ExportScores(survey="own", id_column="DES_id", part="test"))
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    with open_dataset(made(own, tasks.BuildDataset(survey="own"))) as data:
        test = data.candidates("test")
    assert path.suffix == ".csv"
    heads = ["DES_id", "y_true", "y_pred", "p_star", "p_galaxy", "p_quasar", "y_decided", "decided_by"]
    assert list(rows[0]) == heads
    assert [row["DES_id"] for row in rows] == test["candidate_id"].tolist()
    assert [row["y_true"] for row in rows] == [CLASSES[label] for label in test["label"]]
    chances = np.array([[float(row[f"p_{name}"]) for name in CLASSES] for row in rows])
    np.testing.assert_allclose(chances.sum(axis=1), 1, atol=1e-5)
    called = np.array(CLASSES)[chances.argmax(axis=1)]
    assert [row["y_pred"] for row in rows] == called.tolist()
    table = sources(0, ROWS).set_index("ID").loc[[row["DES_id"] for row in rows]]
    after = np.where((called == "quasar") & (table["w"] > 15), "star", called)
    after[table["g"] - table["r"] < -0.1] = "star"
    assert [row["y_decided"] for row in rows] == after.tolist()
    assert (after != called).any()


@pytest.mark.replaces("4most", "M11")
def test_another_catalogue_is_scored_without_the_rows_that_taught(own, package):
    learned = learned_of(package)
    table = sources(ROWS - SHARED, 2 * SHARED)
    taught = learned.part_of(table["ID"]) >= 0
    assert 0 < taught.sum() < SHARED
    asked = {"survey": "other", "night": "all", "package": str(package)}
    path = made(own, tasks.Infer(**asked, unlearned=True))
    assert read_scores(path)["candidate_id"].tolist() == table["ID"][~taught].tolist()
    assert scores_provenance(path)["learned_left_out"] == taught.sum()
    assert len(read_scores(made(own, tasks.Infer(**asked)))) == len(table)


def test_an_unknown_format_is_refused_before_anything_is_made(own):
    with pytest.raises(NightsiftError, match=r"format is 'topcat'; allowed for surveys/own\.yaml, .* classes: prob"):
        tasks.ExportScores(survey="own", format="topcat").requires()
    with pytest.raises(SettingsError, match="leave out part and night"):
        tasks.ExportScores(survey="own", format="performances", part="test").requires()
    with pytest.raises(SettingsError, match="the rows of a night have none; leave out part or night"):
        tasks.ExportScores(survey="own", night="all", part="test").requires()


@pytest.mark.replaces("4most", "M9")
def test_other_vetoes_decide_other_scores_and_train_nothing(own):
    names = ("FetchCutouts", "BuildDataset", "TrainClassifier", "CalibratePackage", "Infer", "ExportScores")

    def fingerprints():
        Register.clear_instance_cache()
        options = {"FetchCutouts": {"night": "all"}}
        return {name: getattr(tasks, name)(survey="own", **options.get(name, {})).fingerprint for name in names}

    text, before = (own.config / "surveys" / "own.yaml").read_text(), fingerprints()
    own.write("surveys", "own", yaml.safe_load(text) | {"vetoes": {"quasar": "w > 16"}})
    after = fingerprints()
    (own.config / "surveys" / "own.yaml").write_text(text)
    assert {name for name in names if before[name] != after[name]} == {"Infer", "ExportScores"}
    assert fingerprints() == before


def test_its_report_judges_every_class(own, package):
    page = made(own, tasks.PlotResults(survey="own"))
    numbers = json.loads((page / "metrics.json").read_text())
    (separation,) = numbers["separations"]
    assert (separation["divided_by"], separation["unplaced"]) == ("groups of a table", ROWS)
    scores = read_scores(made(own, tasks.Infer(survey="own")))
    changed = scores["label_decided"] != scores["label_predicted"]
    assert changed.tolist() == (scores["decided_by"] != "").tolist()
    judged = scores["split"] == PARTS["test"]
    assert numbers["models"]["small"]["vetoes"]["vetoed"] == int((changed & judged).sum()) > 0
    text = (page / "index.html").read_text()
    assert "240 rows state no place on the sky and are joined by ids and equal features alone" in text
    assert all(name in text for name in CLASSES)
